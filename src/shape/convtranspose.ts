/** Shape rule of transposed convolution: that of convolution with input and output exchanged. */
import type { Add, Less, Multiply, Subtract } from "./arithmetic.js";
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
  type Sizes,
} from "./conv.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type {
  Counted,
  Differs,
  HasRank,
  Image,
  ImageAxes,
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

/** Options of {@link ConvTranspose2d}; every default is torch's. */
export interface ConvTranspose2dOptions {
  /** Distance between the places of two neighbouring input pixels in the output. Default 1. */
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
}

/** A transposed convolution's options with every default filled in. */
export interface ConvTransposeSettings extends ConvSettings {
  readonly outputPadding: Sizes;
}

/** Checks a transposed convolution's options and fills in the defaults. `layer` is the name in messages. */
export function convTransposeSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  { padding = 0, outputPadding = 0, paddingMode = "zeros", ...options }: ConvTranspose2dOptions,
): ConvTransposeSettings {
  checkOneOf(layer, "paddingMode", paddingMode, ["zeros"]);
  const settings = convSettings(layer, inChannels, outChannels, kernelSize, {
    padding: checkPair(layer, "padding", padding, 0),
    ...options,
  });
  const { stride, dilation } = settings;
  const extra = checkPair(layer, "outputPadding", outputPadding, 0);
  if (extra.some((size, axis) => size >= Math.max(stride[axis] ?? 0, dilation[axis] ?? 0))) {
    throw new ArgumentError(
      `${layer} expects outputPadding to be smaller than stride or dilation, but got outputPadding ${showShape(extra)}, stride ${showShape(stride)} and dilation ${showShape(dilation)}. Usual cause: outputPadding adds no zeros around the output; it picks one of the sizes that a strided convolution maps to the same one.`,
    );
  }
  return { ...settings, outputPadding: extra };
}

/**
 * Size along one axis: (size − 1)·stride − padding + dilation·(kernel − 1) + outputPadding + 1, where `padding`
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
 * @throws ShapeError for a wrong rank, wrong channels, or an output of which the padding leaves nothing.
 */
export function convTransposeGeometry(settings: ConvTransposeSettings, input: Shape): ConvGeometry {
  const { layer, kernelSize, stride, dilation, paddingBefore, outputPadding } = settings;
  const [batch, channels, height, width] = imageSizes(layer, input);
  checkChannels(settings, channels, input);
  const [outHeight, outWidth] = [height, width].map((size, axis) =>
    convTransposeOut(
      size,
      kernelSize[axis] ?? 1,
      stride[axis] ?? 1,
      2 * (paddingBefore[axis] ?? 0),
      dilation[axis] ?? 1,
      outputPadding[axis] ?? 0,
    ),
  ) as [number, number];
  if (Math.min(height, width, outHeight, outWidth) < 1) {
    throw new ShapeError(
      `${layer} expects an output of at least one pixel, but the input ${showShape(input)} gives ${outHeight} × ${outWidth}. Usual cause: a padding that cuts off more than the kernel adds.`,
    );
  }
  const adjoint = { ...settings, inChannels: settings.outChannels, outChannels: settings.inChannels };
  return geometryOf(adjoint, batch, [outHeight, outWidth], [height, width]);
}

/** The output shape of a transposed convolution: the same rule as {@link convTransposeGeometry}. */
export function convTransposeShape(settings: ConvTransposeSettings, input: Shape): number[] {
  const g = convTransposeGeometry(settings, input);
  return imageShape(input, g.batch, g.inChannels, g.height, g.width);
}

/** {@link convTransposeOut} as a type; `never` where nothing is left. */
export type ConvTransposeOut<
  Size extends number,
  Kernel extends number,
  Stride extends number,
  Padding extends number,
  Dilation extends number,
  OutputPadding extends number,
> =
  Add<Multiply<Subtract<Size, 1>, Stride>, Add<Reach<Kernel, Dilation>, OutputPadding>> extends infer Full extends
    number
    ? Less<Padding, Full> extends false
      ? never
      : Subtract<Full, Padding>
    : never;

/** The rule of ConvTranspose2d: {@link convTransposeShape} as a type. */
export interface ConvTranspose2dRule<Ci extends number, Co extends number, K, O> extends ShapeRule {
  readonly natural: readonly [number, Ci, number, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageAxes<infer Batch, infer C, infer H, infer W>
      ? Differs<C, Ci> extends true
        ? Mismatch<"ConvTranspose2d", Counted<Ci, "channel">, `${C}`>
        : Grown<
            Batch,
            Co,
            [
              ConvTransposeOut<
                H,
                PairHeight<K>,
                PairHeight<Option<O, "stride", 1>>,
                Multiply<PairHeight<Option<O, "padding", 0>>, 2>,
                PairHeight<Option<O, "dilation", 1>>,
                PairHeight<Option<O, "outputPadding", 0>>
              >,
              ConvTransposeOut<
                W,
                PairWidth<K>,
                PairWidth<Option<O, "stride", 1>>,
                Multiply<PairWidth<Option<O, "padding", 0>>, 2>,
                PairWidth<Option<O, "dilation", 1>>,
                PairWidth<Option<O, "outputPadding", 0>>
              >,
            ],
            this["in"]
          >
      : RankMistake<"ConvTranspose2d", "[N, C, H, W] or [C, H, W]", this["in"]>;
}

type Grown<Batch extends Shape, Co extends number, Sizes extends readonly [unknown, unknown], Input> = [
  Sizes[0],
] extends [never]
  ? PixelMistake<Input>
  : [Sizes[1]] extends [never]
    ? PixelMistake<Input>
    : Sizes extends [infer H extends number, infer W extends number]
      ? readonly [...Batch, Co, H, W]
      : never;

type PixelMistake<Input> =
  Mistake<`ConvTranspose2d expects an output of at least one pixel, but the input ${Show<Input>} leaves none`>;
