/** Shape rule of transposed convolution: that of convolution with input and output exchanged. */
import type { ConvAlgorithm } from "./algorithm.js";
import type { Add, Less, Multiply, OneSize, Subtract } from "./arithmetic.js";
import { checkOneOf, checkPair } from "./check.js";
import {
  type ConvGeometry,
  type ConvSettings,
  checkChannels,
  convSettings,
  geometryOf,
  imageShape,
  imageSizes,
  type Reach,
  tapsOf,
} from "./conv.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type {
  Counted,
  Differs,
  HasRank,
  Image,
  ImageDims,
  Join,
  Mismatch,
  Mistake,
  Option,
  PairHeight,
  PairWidth,
  RankMistake,
  ShapeRule,
  Show,
} from "./rule.js";
import { type Pair, type Shape, showShape } from "./shape.js";

/** Options of a transposed convolution; every default is torch's. */
export interface ConvTranspose2dShapeOptions {
  /** Distance between the places of two neighboring input pixels in the output. Default 1. */
  readonly stride?: Pair;
  /** Rows and columns cut off on each side of the output. Default 0. */
  readonly padding?: Pair;
  /** Rows below and columns right that the output has on top; smaller than the stride or the dilation. Default 0. */
  readonly outputPadding?: Pair;
  /** Input and output channels are split into this many independent convolutions. Default 1. */
  readonly groups?: number;
  /** Whether to add a learned number to each output channel. Default true. */
  readonly bias?: boolean;
  /** Distance between two taps of the kernel. Default 1. */
  readonly dilation?: Pair;
  /** torch offers no other than `"zeros"`, the default. */
  readonly paddingMode?: "zeros";
  /** How the wasm backend computes it, as in Conv2d. Default `"auto"`. */
  readonly algorithm?: ConvAlgorithm;
}

/** A transposed convolution as its layer holds it. */
export interface ConvTransposeSettings extends ConvSettings {
  readonly outputPadding: readonly number[];
}

/** Checks a transposed convolution's options and fills in the defaults. `layer` is the name in messages. */
export function convTransposeSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  { padding = 0, outputPadding = 0, paddingMode = "zeros", ...options }: ConvTranspose2dShapeOptions,
): ConvTransposeSettings {
  checkOneOf(layer, "paddingMode", paddingMode, ["zeros"]);
  const settings = convSettings(layer, inChannels, outChannels, kernelSize, {
    padding: checkPair(layer, "padding", padding, 0),
    ...options,
  });
  const { stride, dilation } = settings;
  const extra = checkPair(layer, "outputPadding", outputPadding, 0);
  if (extra.some((size, dim) => size >= Math.max(stride[dim] ?? 0, dilation[dim] ?? 0))) {
    throw new ArgumentError(
      `${layer} expects outputPadding to be smaller than stride or dilation, but got outputPadding ${showShape(extra)}, stride ${showShape(stride)} and dilation ${showShape(dilation)}. Usual cause: outputPadding adds no zeros around the output; it picks one of the sizes that a strided convolution maps to the same one.`,
    );
  }
  return { ...settings, outputPadding: extra };
}

/**
 * Size along one dimension: (size − 1)·stride − padding + dilation·(kernel − 1) + outputPadding + 1, where `padding`
 * counts both sides. It is a size whose convolution gives `size` back.
 */
export function convTransposeOut(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  outputPadding: number,
): number {
  return (size - 1) * stride - padding + dilation * (kernel - 1) + outputPadding + 1;
}

/**
 * The geometry of the convolution whose adjoint the layer is: from the layer's output back to its input.
 * @throws ShapeError for a wrong rank, wrong channels, or padding that leaves no output.
 */
export function convTransposeGeometry(settings: ConvTransposeSettings, input: Shape): ConvGeometry {
  const { name: layer, outputPadding } = settings;
  const taps = tapsOf(settings);
  const { kernelSize, stride, dilation, paddingBefore } = taps;
  const [batch, channels, height, width] = imageSizes(layer, input);
  checkChannels(settings, channels, input);
  if (height * width === 0) {
    throw new ShapeError(
      `${layer} expects images with at least one row and column, but got ${showShape(input)}. Usual cause: a slice that came out empty.`,
    );
  }
  /** Height and width of the output before the padding is cut off. */
  const full = [height, width].map((size, dim) =>
    convTransposeOut(size, kernelSize[dim] ?? 1, stride[dim] ?? 1, 0, dilation[dim] ?? 1, outputPadding[dim] ?? 0),
  );
  const cut = paddingBefore.map((size) => 2 * size);
  const [outHeight = 0, outWidth = 0] = full.map((size, dim) => size - (cut[dim] ?? 0));
  if (outHeight < 1 || outWidth < 1) {
    throw new ShapeError(
      `${layer} expects its padding to leave at least one pixel, but it cuts ${cut.join(" × ")} off an output of ${full.join(" × ")} (input ${showShape(input)}). Usual cause: padding meant for a convolution.`,
    );
  }
  const adjoint = { ...settings, inChannels: settings.outChannels, outChannels: settings.inChannels };
  return geometryOf(adjoint, taps, batch, [outHeight, outWidth], [height, width]);
}

/** The output shape of a transposed convolution: the same rule as {@link convTransposeGeometry}. */
export function convTransposeShape(settings: ConvTransposeSettings, input: Shape): number[] {
  const g = convTransposeGeometry(settings, input);
  return imageShape(input, g.batch, g.inChannels, g.height, g.width);
}

/** {@link convTransposeOut} as a type, before the padding is cut off. */
export type ConvTransposeOut<
  Size extends number,
  Kernel extends number,
  Stride extends number,
  Dilation extends number,
  OutputPadding extends number,
> = Add<Multiply<Subtract<Size, 1>, Stride>, Add<Reach<Kernel, Dilation>, OutputPadding>>;

/** The rule of ConvTranspose2d: {@link convTransposeShape} as a type. */
export interface ConvTranspose2dRule<Ci extends number, Co extends number, K, O> extends ShapeRule {
  readonly of?: readonly [Ci, Co, K, O];
  readonly natural: readonly [number, Ci, number, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageDims<infer Batch, infer C, infer H, infer W>
      ? Differs<C, Ci> extends true
        ? Mismatch<"ConvTranspose2d", Counted<Ci, "channel">, `${C}`>
        : Cut<
            this["in"],
            readonly [...Batch, OneSize<Co>],
            [
              ConvTransposeOut<
                H,
                PairHeight<K>,
                PairHeight<Option<O, "stride", 1>>,
                PairHeight<Option<O, "dilation", 1>>,
                PairHeight<Option<O, "outputPadding", 0>>
              >,
              ConvTransposeOut<
                W,
                PairWidth<K>,
                PairWidth<Option<O, "stride", 1>>,
                PairWidth<Option<O, "dilation", 1>>,
                PairWidth<Option<O, "outputPadding", 0>>
              >,
            ],
            [Multiply<PairHeight<Option<O, "padding", 0>>, 2>, Multiply<PairWidth<Option<O, "padding", 0>>, 2>]
          >
      : RankMistake<"ConvTranspose2d", "[N, C, H, W] or [C, H, W]", this["in"]>;
}

/** The output `Full` without the padding. */
type Cut<
  Input,
  Planes extends Shape,
  Full extends readonly [number, number],
  Padding extends readonly [number, number],
> = true extends Covers<Padding[0], Full[0]> | Covers<Padding[1], Full[1]>
  ? Mistake<`ConvTranspose2d expects its padding to leave at least one pixel, but it cuts ${Join<Padding, " × ">} off an output of ${Join<Full, " × ">} (input ${Show<Input>})`>
  : readonly [...Planes, Subtract<Full[0], Padding[0]>, Subtract<Full[1], Padding[1]>];

/** Whether a padding leaves nothing; false where it is not known. */
type Covers<Padding extends number, Full extends number> =
  Less<Padding, Full> extends infer Leaves ? ([Leaves] extends [false] ? true : false) : false;
