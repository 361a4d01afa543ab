/** Shape rule of the convolutions: every size one convolution needs, resolved and checked once. */
import { type ConvAlgorithm, checkAlgorithm } from "./algorithm.js";
import type { Add, FloorDivide, IsKnown, Less, Modulo, Multiply, OneSize, Subtract } from "./arithmetic.js";
import { checkInteger, checkOneOf, checkPair } from "./check.js";
import { ArgumentError, channelsCause, inputMismatch, rankMismatch, ShapeError } from "./errors.js";
import type { OneName, Size } from "./named.js";
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

/** A convolution as its layer holds it: a size for each dimension that the kernel slides along. */
export interface ConvSettings {
  /** The layer's name, for messages. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
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

/** Options of a one-dimensional convolution: those of a two-dimensional one with one number per size. */
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
  return checked({
    ...channels(layer, inChannels, outChannels, rest),
    kernelSize: checkPair(layer, "kernelSize", kernelSize, 1),
    stride: checkPair(layer, "stride", stride, 1),
    dilation: checkPair(layer, "dilation", dilation, 1),
    padding: typeof padding === "string" ? padding : checkPair(layer, "padding", padding, 0),
  });
}

/** Checks a one-dimensional convolution's options and fills in the defaults. */
export function conv1dSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: Conv1dShapeOptions,
): ConvSettings {
  const { stride, padding, dilation, ...rest } = { ...CONV_DEFAULTS, ...options };
  return checked({
    ...channels(layer, inChannels, outChannels, rest),
    kernelSize: [checkInteger(layer, "kernelSize", kernelSize, 1)],
    stride: [checkInteger(layer, "stride", stride, 1)],
    dilation: [checkInteger(layer, "dilation", dilation, 1)],
    padding: typeof padding === "string" ? padding : [checkInteger(layer, "padding", padding, 0)],
  });
}

function channels(
  layer: string,
  inChannels: number,
  outChannels: number,
  { groups, paddingMode, algorithm }: Required<Pick<Conv2dShapeOptions, "groups" | "paddingMode" | "algorithm">>,
) {
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
  return { name: layer, inChannels, outChannels, groups, paddingMode, algorithm };
}

function checked(settings: ConvSettings): ConvSettings {
  const { name, padding, stride } = settings;
  if (typeof padding === "string") checkOneOf(name, "padding", padding, ["same", "valid"]);
  if (padding === "same" && stride.some((step) => step !== 1)) {
    throw new ArgumentError(
      `${name} expects stride 1 with padding "same", but got stride ${stride.join(" × ")}. Usual cause: "same" keeps the input's size, which a stride cannot.`,
    );
  }
  checkAlgorithm(settings, tapsOf(settings).paddingAfter);
  return settings;
}

/** A kernel's taps on images. */
export interface Taps {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly dilation: Sizes;
  /** Padding before and after each dimension; they differ for `"same"` with an even kernel. */
  readonly paddingBefore: Sizes;
  readonly paddingAfter: Sizes;
}

/** The taps of a convolution. One along a single dimension is one of images of height 1. */
export function tapsOf({ kernelSize, stride, dilation, padding }: ConvSettings): Taps {
  const along = { kernelSize: onImages(kernelSize, 1), stride: onImages(stride, 1), dilation: onImages(dilation, 1) };
  if (padding === "same") {
    const [height, width] = reachOf(along);
    // The odd row or column goes after, as in torch.
    const before = [Math.floor((height - 1) / 2), Math.floor((width - 1) / 2)] as const;
    return { ...along, paddingBefore: before, paddingAfter: [height - 1 - before[0], width - 1 - before[1]] };
  }
  const sides = onImages(padding === "valid" ? [0] : padding, 0);
  return { ...along, paddingBefore: sides, paddingAfter: sides };
}

function onImages(sizes: readonly number[], height: number): Sizes {
  const [first = 0, second] = sizes;
  return second === undefined ? [height, first] : [first, second];
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

/** `[N, C, H, W]` of an input `[N, C, H, W]` or `[C, H, W]`, whose N is 1. */
export function imageSizes(layer: string, input: Shape): readonly [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = input;
  if (input.length === 4) return [a, b, c, d];
  if (input.length === 3) return [1, a, b, c];
  throw rankMismatch(
    layer,
    "[N, C, H, W] or [C, H, W]",
    input,
    "images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W]",
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
export function paddingSides(settings: ConvSettings): Padding2d {
  const { paddingBefore, paddingAfter } = tapsOf(settings);
  return [paddingBefore[1], paddingAfter[1], paddingBefore[0], paddingAfter[0]];
}

/** The same convolution of an input that has been padded already, as it is for other modes than zeros. */
export function paddedGeometry(g: ConvGeometry, settings: ConvSettings): ConvGeometry {
  const { paddingBefore, paddingAfter } = tapsOf(settings);
  const height = paddingBefore[0] + g.height + paddingAfter[0];
  const width = paddingBefore[1] + g.width + paddingAfter[1];
  return { ...g, height, width, paddingTop: 0, paddingLeft: 0 };
}

/**
 * The geometry of one input, padded with zeros.
 * @throws ShapeError for a wrong rank, wrong channels, or a kernel larger than the padded input.
 */
export function convGeometry(settings: ConvSettings, input: Shape): ConvGeometry {
  const { name, paddingMode } = settings;
  const taps = tapsOf(settings);
  const { kernelSize, stride, dilation, paddingBefore, paddingAfter } = taps;
  const dimensions = settings.kernelSize.length;
  const [batch, channels, height, width] = dimensions === 1 ? signalSizes(name, input) : imageSizes(name, input);
  checkChannels(settings, channels, input);
  if (paddingMode !== "zeros") padShape(name, input, paddingSides(settings), paddingMode);
  const padded = [height + paddingBefore[0] + paddingAfter[0], width + paddingBefore[1] + paddingAfter[1]] as const;
  const outHeight = convOut(padded[0], kernelSize[0], stride[0], 0, dilation[0]);
  const outWidth = convOut(padded[1], kernelSize[1], stride[1], 0, dilation[1]);
  if (outHeight < 1 || outWidth < 1) {
    const first = 2 - dimensions;
    throw tooSmall(name, "kernel", reachOf(taps).slice(first), padded.slice(first), input);
  }
  // A step beyond the input is never taken: it must not count where kernels measure out what they need.
  const steps = [Math.min(stride[0], padded[0]), Math.min(stride[1], padded[1])] as const;
  return geometryOf(settings, { ...taps, stride: steps }, batch, [height, width], [outHeight, outWidth]);
}

/** @throws ShapeError where the input has other channels than the layer was made for. */
export function checkChannels(
  { name: layer, inChannels, kernelSize }: ConvSettings,
  channels: number,
  input: Shape,
): void {
  if (channels === inChannels) return;
  const dimensions = kernelSize.length;
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
export function geometryOf(
  { inChannels, outChannels, groups, algorithm }: ConvSettings,
  { kernelSize, stride, dilation, paddingBefore }: Taps,
  batch: number,
  input: Sizes,
  output: Sizes,
): ConvGeometry {
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
  if (settings.kernelSize.length === 2) return imageShape(input, batch, outChannels, outHeight, outWidth);
  return input.length === 3 ? [batch, outChannels, outWidth] : [outChannels, outWidth];
}

/** {@link convOut} as a type; `never` where the kernel does not fit. */
export type ConvOut<
  Extent extends number,
  Kernel extends number,
  Stride extends number,
  Padding extends number,
  Dilation extends number,
> = [Extent] extends [Size]
  ? KeepsSize<Kernel, Stride, Padding, Dilation> extends true
    ? OneName<Extent>
    : number
  : Less<Add<Extent, Padding>, Reach<Kernel, Dilation>> extends true
    ? never
    : Add<FloorDivide<Subtract<Add<Extent, Padding>, Reach<Kernel, Dilation>>, Stride>, 1>;

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

/** Both sides' padding along one dimension; `Side` is the padding option's part of it. */
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
