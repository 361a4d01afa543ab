/** Shape rule of the convolutions: every size one convolution needs, resolved and checked once. */
import { type ConvAlgorithm, checkAlgorithm } from "./algorithm.js";
import type { Add, FloorDivide, IsKnown, Less, Modulo, Multiply, OneSize, Subtract } from "./arithmetic.js";
import { checkInteger, checkOneOf, checkPair } from "./check.js";
import { ArgumentError, channelsCause, inputMismatch, rankMismatch, ShapeError } from "./errors.js";
import type { Size as Named, OneName } from "./named.js";
import { type Padding2d, type PaddingMode, padShape } from "./pad.js";
import type {
  AsNumber,
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
  ShowSize,
} from "./rule.js";
import { type Pair, type Shape, showShape } from "./shape.js";

/** A convolution's options with every default filled in; sizes are `[height, width]`. */
export interface ConvSettings {
  /** The layer's name, for messages. */
  readonly layer: string;
  /** Dimensions that the kernel slides along. A one-dimensional convolution is one of images of height 1. */
  readonly dimensions: 1 | 2;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  /** As it was given. */
  readonly padding: Sizes | "same" | "valid";
  /** Padding before and after each dimension; they differ for `"same"` with an even kernel. */
  readonly paddingBefore: Sizes;
  readonly paddingAfter: Sizes;
  readonly paddingMode: PaddingMode;
  readonly dilation: Sizes;
  readonly groups: number;
  readonly algorithm: ConvAlgorithm;
}

/** The two sizes that a {@link Pair} stands for. */
export type Sizes = readonly [height: number, width: number];

/** Every size of one convolution of one input, in the letters of the formulas beside them; kernels trust it. */
export interface ConvGeometry {
  /** N */
  readonly batch: number;
  /** C */
  readonly inChannels: number;
  /** H, W */
  readonly height: number;
  readonly width: number;
  /** O */
  readonly outChannels: number;
  /** H′, W′ */
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  /** Rows of zeros above and columns of zeros left of the input; below and right follow from the output size. */
  readonly paddingTop: number;
  readonly paddingLeft: number;
  readonly groups: number;
  readonly algorithm: ConvAlgorithm;
}

/**
 * Positions of a kernel along one dimension: ⌊(size + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1,
 * where `padding` counts both sides. 0 or less means the kernel does not fit.
 */
export function convOut(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Options of a two-dimensional convolution; every default is torch's. */
export interface Conv2dShapeOptions {
  /** Step between two positions of the kernel. Default 1. */
  readonly stride?: Pair;
  /** Rows and columns added on each side; `"same"` keeps the input's size (stride 1 only), `"valid"` is 0. Default 0. */
  readonly padding?: Pair | "same" | "valid";
  /** Distance between two taps of the kernel. Default 1. */
  readonly dilation?: Pair;
  /** Input and output channels are split into this many independent convolutions. Default 1. */
  readonly groups?: number;
  /** Whether to add a learned number to each output channel. Default true. */
  readonly bias?: boolean;
  /** What the padding holds. Default `"zeros"`. */
  readonly paddingMode?: PaddingMode;
  /**
   * How the wasm backend computes it: `"im2col"`, `"direct"`, `"winograd"` (kernels of 2×2 to 5×5, or of 3×3 to 10×10 with
   * stride 2, whose gradients are computed otherwise; dilation 1, one group, less padding than kernel), or what is the
   * fastest for the input's shape. `explain` tells which. Default `"auto"`.
   */
  readonly algorithm?: ConvAlgorithm;
}

/** Options of a one-dimensional convolution: those of a two-dimensional one with one number a size. */
export interface Conv1dShapeOptions extends Omit<Conv2dShapeOptions, "stride" | "padding" | "dilation" | "algorithm"> {
  /** Step between two positions of the kernel. Default 1. */
  readonly stride?: number;
  /** Samples added on each side; `"same"` keeps the input's length (stride 1 only), `"valid"` is 0. Default 0. */
  readonly padding?: number | "same" | "valid";
  /** Distance between two taps of the kernel. Default 1. */
  readonly dilation?: number;
  /** How the wasm backend computes it. Default `"auto"`: what is the fastest for the input's shape. */
  readonly algorithm?: Exclude<ConvAlgorithm, "winograd">;
}

/** Every option of the convolutions with its default. */
export const CONV_DEFAULTS = {
  stride: 1,
  padding: 0,
  dilation: 1,
  groups: 1,
  bias: true,
  paddingMode: "zeros",
  algorithm: "auto",
  random: undefined,
} as const;

/** Checks a two-dimensional convolution's options and fills in the defaults. `layer` is the name in messages. */
export function convSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  options: Conv2dShapeOptions,
): ConvSettings {
  const { stride, padding, dilation, ...rest } = { ...CONV_DEFAULTS, ...options };
  return settingsOf(layer, 2, inChannels, outChannels, rest, {
    kernelSize: checkPair(layer, "kernelSize", kernelSize, 1),
    stride: checkPair(layer, "stride", stride, 1),
    dilation: checkPair(layer, "dilation", dilation, 1),
    padding: typeof padding === "string" ? padding : checkPair(layer, "padding", padding, 0),
  });
}

/** Checks a one-dimensional convolution's options: the same convolution with height 1. */
export function conv1dSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: Conv1dShapeOptions,
): ConvSettings {
  const { stride, padding, dilation, ...rest } = { ...CONV_DEFAULTS, ...options };
  return settingsOf(layer, 1, inChannels, outChannels, rest, {
    kernelSize: [1, checkInteger(layer, "kernelSize", kernelSize, 1)],
    stride: [1, checkInteger(layer, "stride", stride, 1)],
    dilation: [1, checkInteger(layer, "dilation", dilation, 1)],
    padding: typeof padding === "string" ? padding : [0, checkInteger(layer, "padding", padding, 0)],
  });
}

interface Taps {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly dilation: Sizes;
  readonly padding: Sizes | "same" | "valid";
}

function settingsOf(
  layer: string,
  dimensions: 1 | 2,
  inChannels: number,
  outChannels: number,
  { groups, paddingMode, algorithm }: Required<Pick<Conv2dShapeOptions, "groups" | "paddingMode" | "algorithm">>,
  { padding, ...taps }: Taps,
): ConvSettings {
  checkInteger(layer, "inChannels", inChannels, 1);
  checkInteger(layer, "outChannels", outChannels, 1);
  checkInteger(layer, "groups", groups, 1);
  for (const [option, channels] of Object.entries({ inChannels, outChannels })) {
    if (channels % groups !== 0) {
      throw new ArgumentError(
        `${layer} expects ${option} to be a multiple of groups, but ${option} is ${channels} and groups is ${groups}.`,
      );
    }
  }
  checkOneOf(layer, "paddingMode", paddingMode, ["zeros", "reflect", "replicate", "circular"]);
  if (typeof padding === "string") checkOneOf(layer, "padding", padding, ["same", "valid"]);
  const [paddingBefore, paddingAfter] =
    padding === "same" ? samePadding(layer, dimensions, taps) : padding === "valid" ? NONE : [padding, padding];
  const padded = { ...taps, padding, paddingBefore, paddingAfter, paddingMode, groups, algorithm };
  const settings = { layer, dimensions, inChannels, outChannels, ...padded };
  checkAlgorithm(layer, settings);
  return settings;
}

const NONE: readonly [Sizes, Sizes] = [
  [0, 0],
  [0, 0],
];

/** Padding before and after each dimension that keeps its size. The odd row or column goes after, as in torch. */
function samePadding(layer: string, dimensions: 1 | 2, taps: Omit<Taps, "padding">): readonly [Sizes, Sizes] {
  const { stride } = taps;
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ArgumentError(
      `${layer} expects stride 1 with padding "same", but got stride ${showSizes(dimensions, stride)}. Usual cause: "same" keeps the input's size, which a stride cannot.`,
    );
  }
  const [height, width] = reachOf(taps);
  const before = [Math.floor((height - 1) / 2), Math.floor((width - 1) / 2)] as const;
  return [before, [height - 1 - before[0], width - 1 - before[1]]];
}

/** What a kernel covers along each dimension. */
export function reachOf({ kernelSize, dilation }: Pick<Taps, "kernelSize" | "dilation">): Sizes {
  return [dilation[0] * (kernelSize[0] - 1) + 1, dilation[1] * (kernelSize[1] - 1) + 1];
}

/** @throws ShapeError where a kernel or window covers more than the padded input. */
export function tooSmall(
  layer: string,
  what: string,
  reach: readonly number[],
  padded: readonly number[],
  input: Shape,
): ShapeError {
  return new ShapeError(
    `${layer} expects an input at least as large as its ${what}, which covers ${reach.join(" × ")}, but the padded input is ${padded.join(" × ")} (input ${showShape(input)}). Usual cause: too many poolings or strides before this layer, or a missing padding.`,
  );
}

/** `3 × 5`, or `5` for a convolution along one dimension. */
function showSizes(dimensions: 1 | 2, sizes: Sizes): string {
  return sizes.slice(2 - dimensions).join(" × ");
}

/** `[N, C, H, W]` of an input `[N, C, H, W]` or `[C, H, W]`, whose N is 1. */
export function imageSizes(layer: string, input: Shape): readonly [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = input;
  if (input.length === 4) return [a, b, c, d];
  if (input.length === 3) return [1, a, b, c];
  throw rankMismatch(
    layer,
    "[N, C, H, W] or [C, H, W]",
    input,
    "images that were flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W]",
  );
}

/** The shape of an output that keeps the input's rank: batched stays batched. */
export function imageShape(input: Shape, batch: number, channels: number, height: number, width: number): number[] {
  return input.length === 4 ? [batch, channels, height, width] : [channels, height, width];
}

/** `[N, C, 1, L]` of an input `[N, C, L]` or `[C, L]`, whose N is 1. */
function signalSizes(layer: string, input: Shape): readonly [number, number, number, number] {
  const [a = 0, b = 0, c = 0] = input;
  if (input.length === 3) return [a, b, 1, c];
  if (input.length === 2) return [1, a, 1, b];
  throw rankMismatch(
    layer,
    "[N, C, L] or [C, L]",
    input,
    "images, which need Conv2d, or a missing channel dimension: reshape signals to [N, 1, L]",
  );
}

/** `[left, right, top, bottom]` of a convolution's padding. */
export function paddingSides({ paddingBefore, paddingAfter }: ConvSettings): Padding2d {
  return [paddingBefore[1], paddingAfter[1], paddingBefore[0], paddingAfter[0]];
}

/** The same convolution of an input that has been padded already, as it is for other modes than zeros. */
export function paddedGeometry(g: ConvGeometry, { paddingBefore, paddingAfter }: ConvSettings): ConvGeometry {
  const height = paddingBefore[0] + g.height + paddingAfter[0];
  const width = paddingBefore[1] + g.width + paddingAfter[1];
  return { ...g, height, width, paddingTop: 0, paddingLeft: 0 };
}

/**
 * The geometry of one input, padded with zeros.
 * @throws ShapeError for a wrong rank, wrong channels, or a kernel larger than the padded input.
 */
export function convGeometry(settings: ConvSettings, input: Shape): ConvGeometry {
  const { layer, dimensions, kernelSize, stride, dilation, paddingBefore, paddingAfter, paddingMode } = settings;
  const [batch, channels, height, width] = dimensions === 1 ? signalSizes(layer, input) : imageSizes(layer, input);
  checkChannels(settings, channels, input);
  if (paddingMode !== "zeros") padShape(layer, input, paddingSides(settings), paddingMode);
  const padded = [height + paddingBefore[0] + paddingAfter[0], width + paddingBefore[1] + paddingAfter[1]] as const;
  const outHeight = convOut(padded[0], kernelSize[0], stride[0], 0, dilation[0]);
  const outWidth = convOut(padded[1], kernelSize[1], stride[1], 0, dilation[1]);
  if (outHeight < 1 || outWidth < 1) {
    const first = 2 - dimensions;
    throw tooSmall(layer, "kernel", reachOf(settings).slice(first), padded.slice(first), input);
  }
  // A step beyond the input is never taken: it must not count where kernels measure out what they need.
  const steps = [Math.min(stride[0], padded[0]), Math.min(stride[1], padded[1])] as const;
  return geometryOf({ ...settings, stride: steps }, batch, [height, width], [outHeight, outWidth]);
}

/** @throws ShapeError where the input has other channels than the layer was made for. */
export function checkChannels({ layer, dimensions, inChannels }: ConvSettings, channels: number, input: Shape): void {
  if (channels === inChannels) return;
  const [dims, whole] = dimensions === 1 ? ["[C, L]", "[N, 1, L]"] : ["[C, H, W]", "[N, 1, H, W]"];
  const batched = input.length === dimensions + 2;
  throw inputMismatch(
    {
      layer,
      expected: `${inChannels} ${inChannels === 1 ? "channel" : "channels"}`,
      got: `${channels}`,
      cause: channelsCause(
        inChannels,
        input,
        batched ? 1 : 0,
        batched
          ? "inChannels that differs from the data's, or from the previous outChannels"
          : `a batch without its channel dimension (${dimensions + 1} dimensions are read as ${dims}): reshape it to ${whole}`,
      ),
    },
    input,
  );
}

/** The sizes of one input and its output, together with those of the layer. */
export function geometryOf(settings: ConvSettings, batch: number, input: Sizes, output: Sizes): ConvGeometry {
  const { inChannels, outChannels, kernelSize, stride, dilation, paddingBefore, groups, algorithm } = settings;
  return {
    batch,
    inChannels,
    height: input[0],
    width: input[1],
    outChannels,
    outHeight: output[0],
    outWidth: output[1],
    kernelHeight: kernelSize[0],
    kernelWidth: kernelSize[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    paddingTop: paddingBefore[0],
    paddingLeft: paddingBefore[1],
    groups,
    algorithm,
  };
}

/** The output shape of a convolution. */
export function convShape(settings: ConvSettings, input: Shape, g = convGeometry(settings, input)): number[] {
  const { batch, outChannels, outHeight, outWidth } = g;
  if (settings.dimensions === 2) return imageShape(input, batch, outChannels, outHeight, outWidth);
  return input.length === 3 ? [batch, outChannels, outWidth] : [outChannels, outWidth];
}

/** {@link convOut} as a type; `never` where the kernel does not fit. */
export type ConvOut<
  Size extends number,
  Kernel extends number,
  Stride extends number,
  Padding extends number,
  Dilation extends number,
> = [Size] extends [Named]
  ? KeepsSize<Kernel, Stride, Padding, Dilation> extends true
    ? OneName<Size>
    : number
  : Less<Add<Size, Padding>, Reach<Kernel, Dilation>> extends true
    ? never
    : Add<FloorDivide<Subtract<Add<Size, Padding>, Reach<Kernel, Dilation>>, Stride>, 1>;

/** Whether a dimension of any size comes out as it went in: stride 1, and as much padding as the kernel takes away. */
type KeepsSize<Kernel extends number, Stride extends number, Padding extends number, Dilation extends number> = [
  Stride,
  Padding,
] extends [1, infer P extends number]
  ? IsKnown<P> extends true
    ? [Subtract<Reach<Kernel, Dilation>, 1>] extends [P]
      ? true
      : false
    : false
  : false;

/** What a kernel covers: dilation·(kernel − 1) + 1. */
export type Reach<Kernel extends number, Dilation extends number> = Dilation extends 1
  ? Kernel
  : Add<Multiply<Dilation, Subtract<Kernel, 1>>, 1>;

/** Both sides' padding along one dimension, of which `Side` is the padding option's part. */
type TotalPadding<Padding, Side, Kernel extends number, Dilation extends number> = Padding extends "same"
  ? Subtract<Reach<Kernel, Dilation>, 1>
  : Padding extends "valid"
    ? 0
    : Side extends number
      ? Multiply<Side, 2>
      : number;

/** One dimension of a convolution: its options along it, resolved. */
type ConvDim<Size extends number, K extends number, S extends number, P, Side, D extends number> = ConvOut<
  Size,
  K,
  S,
  TotalPadding<P, Side, K, D>,
  D
>;

/** The rule of Conv2d: {@link convShape} as a type. */
export interface Conv2dRule<Ci extends number, Co extends number, K, O> extends ShapeRule {
  readonly of?: readonly [Ci, Co, K, O];
  readonly natural: readonly [number, Ci, number, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageDims<infer Batch, infer C, infer H, infer W>
      ? Differs<C, Ci> extends true
        ? Mismatch<"Conv2d", Counted<Ci, "channel">, `${C}`>
        : Conv2dShape<
            this["in"],
            Batch,
            Co,
            [H, W],
            [PairHeight<K>, PairWidth<K>],
            Option<O, "stride", 1>,
            Option<O, "padding", 0>,
            Option<O, "dilation", 1>
          >
      : RankMistake<"Conv2d", "[N, C, H, W] or [C, H, W]", this["in"]>;
}

type Conv2dShape<
  Input,
  Batch extends Shape,
  Co extends number,
  Size extends readonly [number, number],
  K extends readonly [number, number],
  S,
  P,
  D,
> = [
  ConvDim<Size[0], K[0], PairHeight<S>, P, PairHeight<P>, PairHeight<D>>,
  ConvDim<Size[1], K[1], PairWidth<S>, P, PairWidth<P>, PairWidth<D>>,
] extends [infer H, infer W]
  ? [H] extends [never]
    ? KernelMistake<Input, Size, K, P, D>
    : [W] extends [never]
      ? KernelMistake<Input, Size, K, P, D>
      : [H, W] extends [infer H extends number, infer W extends number]
        ? readonly [...Batch, OneSize<Co>, H, W]
        : never
  : never;

type KernelMistake<
  Input,
  Size extends readonly [number, number],
  K extends readonly [number, number],
  P,
  D,
> = Mistake<`Conv2d expects an input at least as large as its kernel, which covers ${Join<
  [Reach<K[0], PairHeight<D>>, Reach<K[1], PairWidth<D>>],
  " × "
>}, but the padded input is ${Join<
  [
    Add<Size[0], TotalPadding<P, PairHeight<P>, K[0], PairHeight<D>>>,
    Add<Size[1], TotalPadding<P, PairWidth<P>, K[1], PairWidth<D>>>,
  ],
  " × "
>} (input ${Show<Input>})`>;

/** The rule of Conv1d: {@link convShape} as a type. */
export interface Conv1dRule<Ci extends number, Co extends number, K extends number, O> extends ShapeRule {
  readonly of?: readonly [Ci, Co, K, O];
  readonly natural: readonly [number, Ci, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [...infer Batch extends Shape, infer C extends number, infer L extends number]
      ? Batch extends readonly [] | readonly [number]
        ? Differs<C, Ci> extends true
          ? Mismatch<"Conv1d", Counted<Ci, "channel">, `${C}`>
          : ConvDim<
                L,
                K,
                AsNumber<Option<O, "stride", 1>>,
                Option<O, "padding", 0>,
                Option<O, "padding", 0>,
                AsNumber<Option<O, "dilation", 1>>
              > extends infer Out
            ? [Out] extends [never]
              ? Mistake<`Conv1d expects an input at least as large as its kernel, which covers ${ShowSize<
                  Reach<K, AsNumber<Option<O, "dilation", 1>>>
                >}, but the padded input is ${ShowSize<
                  Add<
                    L,
                    TotalPadding<
                      Option<O, "padding", 0>,
                      Option<O, "padding", 0>,
                      K,
                      AsNumber<Option<O, "dilation", 1>>
                    >
                  >
                >} (input ${Show<this["in"]>})`>
              : [Out] extends [infer Out extends number]
                ? readonly [...Batch, OneSize<Co>, Out]
                : never
            : never
        : RankMistake<"Conv1d", "[N, C, L] or [C, L]", this["in"]>
      : RankMistake<"Conv1d", "[N, C, L] or [C, L]", this["in"]>;
}

/** `unknown`, or the sentence of {@link convSettings} about groups that do not divide the channels. */
export type GroupsFit<Layer extends string, Ci extends number, Co extends number, O> =
  Option<O, "groups", 1> extends infer G extends number
    ? Differs<Modulo<Ci, G>, 0> extends true
      ? GroupsMistake<`${Layer} expects inChannels to be a multiple of groups, but inChannels is ${Ci} and groups is ${G}`>
      : Differs<Modulo<Co, G>, 0> extends true
        ? GroupsMistake<`${Layer} expects outChannels to be a multiple of groups, but outChannels is ${Co} and groups is ${G}`>
        : unknown
    : unknown;

interface GroupsMistake<Sentence extends string> {
  readonly groups: Mistake<Sentence>;
}
