/** Shape rules of PixelShuffle and PixelUnshuffle. */
import type { FloorDivide, Modulo, Multiply } from "./arithmetic.js";
import { inputMismatch, rankMismatch, ShapeError } from "./errors.js";
import type { Differs, HasRank, Join, Mismatch, Mistake, RankMistake, ShapeRule, Show } from "./rule.js";
import { type Shape, showShape, sizeOf } from "./shape.js";

/** Sizes of one shuffle between `planes · factor²` maps of `height × width` and `planes` larger ones. */
export interface PixelShuffleGeometry {
  /** Maps of the large side: batch times channels. */
  readonly planes: number;
  readonly factor: number;
  /** Height and width of the small side. */
  readonly height: number;
  readonly width: number;
}

/** `[…, C·r², H, W]` → `[…, C, H·r, W·r]` @throws ShapeError for fewer than three dimensions or channels that r² does not divide. */
export function pixelShuffleShape(layer: string, input: Shape, factor: number): number[] {
  const { leading, channels, height, width } = imageDims(layer, input);
  if (channels % (factor * factor) !== 0) {
    throw inputMismatch(
      {
        layer,
        expected: `a multiple of ${factor * factor} channels (upscaleFactor²)`,
        got: `${channels}`,
        cause: "a convolution before it whose outChannels is not channels · upscaleFactor²",
      },
      input,
    );
  }
  return [...leading, channels / (factor * factor), height * factor, width * factor];
}

/** `[…, C, H·r, W·r]` → `[…, C·r², H, W]` @throws ShapeError for fewer than three dimensions or sizes that r does not divide. */
export function pixelUnshuffleShape(layer: string, input: Shape, factor: number): number[] {
  const { leading, channels, height, width } = imageDims(layer, input);
  if (height % factor !== 0 || width % factor !== 0) {
    throw new ShapeError(
      `${layer} expects height and width to be multiples of ${factor} (downscaleFactor), but its input ${showShape(input)} has ${height} × ${width}. Usual cause: an odd image size; pad or crop it first.`,
    );
  }
  return [...leading, channels * factor * factor, height / factor, width / factor];
}

/** The geometry of a shuffle from its small side, `[…, C·r², H, W]`. */
export function pixelShuffleGeometry(small: Shape, factor: number): PixelShuffleGeometry {
  const [height = 1, width = 1] = small.slice(-2);
  return { planes: sizeOf(small.slice(0, -2)) / (factor * factor), factor, height, width };
}

function imageDims(layer: string, input: Shape) {
  const [channels, height, width] = input.slice(-3);
  if (channels === undefined || height === undefined || width === undefined) {
    throw rankMismatch(layer, "[…, C, H, W]", input, "images flattened too early");
  }
  return { leading: input.slice(0, -3), channels, height, width };
}

/** The rule of PixelShuffle: {@link pixelShuffleShape} as a type. */
export interface PixelShuffleRule<R extends number> extends ShapeRule {
  readonly of?: R;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [
          ...infer Leading extends Shape,
          infer C extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? Differs<Modulo<C, Multiply<R, R>>, 0> extends true
        ? Mismatch<"PixelShuffle", `a multiple of ${Multiply<R, R>} channels (upscaleFactor²)`, `${C}`>
        : readonly [...Leading, FloorDivide<C, Multiply<R, R>>, Multiply<H, R>, Multiply<W, R>]
      : RankMistake<"PixelShuffle", "[…, C, H, W]", this["in"]>;
}

/** The rule of PixelUnshuffle: {@link pixelUnshuffleShape} as a type. */
export interface PixelUnshuffleRule<R extends number> extends ShapeRule {
  readonly of?: R;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [
          ...infer Leading extends Shape,
          infer C extends number,
          infer H extends number,
          infer W extends number,
        ]
      ? [Differs<Modulo<H, R>, 0>, Differs<Modulo<W, R>, 0>] extends [false, false]
        ? readonly [...Leading, Multiply<C, Multiply<R, R>>, FloorDivide<H, R>, FloorDivide<W, R>]
        : Mistake<`PixelUnshuffle expects height and width to be multiples of ${R} (downscaleFactor), but its input ${Show<this["in"]>} has ${Join<[H, W], " × ">}`>
      : RankMistake<"PixelUnshuffle", "[…, C, H, W]", this["in"]>;
}
