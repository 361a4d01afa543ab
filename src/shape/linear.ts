/** Shape rule of Linear: the last dimension changes, all others are left alone. */

import type { IsUnion, OneSize } from "./arithmetic.js";
import { inputMismatch, rankMismatch } from "./errors.js";
import type { Counted, Differs, HasRank, Mismatch, RankMistake, ShapeRule } from "./rule.js";
import { type Shape, sizeOf } from "./shape.js";

/** Every size of one matrix product of a Linear: x (rows, inFeatures) → y (rows, outFeatures). */
export interface LinearGeometry {
  readonly rows: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** @throws ShapeError for a scalar or another number of features. */
export function linearGeometry(layer: string, inFeatures: number, outFeatures: number, input: Shape): LinearGeometry {
  const features = input.at(-1);
  if (features === undefined) {
    throw rankMismatch(layer, `[…, ${inFeatures}]`, input, "a loss or another reduced value");
  }
  if (features !== inFeatures) {
    throw inputMismatch(
      {
        layer,
        expected: `${inFeatures} ${inFeatures === 1 ? "feature" : "features"}`,
        got: `${features}`,
        cause:
          input.length > 2
            ? "a missing Flatten before it"
            : "inFeatures computed for another image size, padding or stride",
      },
      input,
    );
  }
  return { rows: sizeOf(input, 0, input.length - 1), inFeatures, outFeatures };
}

/** The rule of Linear: {@link linearGeometry} as a type. */
export interface LinearRule<In extends number, Out extends number> extends FeaturesRule<"Linear", In, Out> {}

/** The rule of the layers that change the last dimension alone, of inputs of any rank, also one that is not known. */
export interface FeaturesRule<Layer extends string, In extends number, Out extends number> extends ShapeRule {
  readonly of?: readonly [In, Out];
  readonly natural: readonly [...Shape, In];
  readonly out: IsUnion<this["in"]> extends true
    ? Shape
    : this["in"] extends readonly [...infer Rows extends Shape, infer Features extends number]
      ? Differs<Features, In> extends true
        ? Mismatch<Layer, Counted<In, "feature">, `${Features}`>
        : readonly [...Rows, OneSize<Out>]
      : HasRank<this["in"]> extends true
        ? RankMistake<Layer, `[…, ${In}]`, this["in"]>
        : Shape;
}
