/** Shape rule of PReLU: the input's shape, whose dim 1 has as many channels as there are parameters, unless that is one. */
import type { DimGeometry } from "./dim.js";
import { inputMismatch, rankMismatch } from "./errors.js";
import type { Differs, HasRank, Mismatch, RankMistake, ShapeRule } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** @throws ShapeError for several parameters and an input without channels or with another number of them. */
export function preluGeometry(layer: string, numParameters: number, input: Shape): DimGeometry {
  if (numParameters === 1) return { outer: 1, size: 1, inner: sizeOf(input) };
  const [batch, channels, ...rest] = input;
  if (batch === undefined || channels === undefined) {
    throw rankMismatch(layer, `[N, ${numParameters}, …]`, input, "a missing batch dimension");
  }
  if (channels !== numParameters) {
    throw inputMismatch(
      {
        layer,
        expected: `${numParameters} channels`,
        got: `${channels}`,
        cause: "numParameters that is neither 1 nor the number of channels of the layer before",
      },
      input,
    );
  }
  return { outer: batch, size: channels, inner: sizeOf(rest) };
}

/** The rule of PReLU: {@link preluGeometry} as a type. */
export interface PReLURule<P extends number> extends ShapeRule {
  readonly of?: P;
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : 1 extends P // one slope for all, or a number that is not known
      ? this["in"]
      : this["in"] extends readonly [number, infer C extends number, ...Shape]
        ? Differs<C, P> extends true
          ? Mismatch<"PReLU", `${P} channels`, `${C}`>
          : this["in"]
        : RankMistake<"PReLU", `[N, ${P}, …]`, this["in"]>;
}
