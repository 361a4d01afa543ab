/** Shape rule of the convolutions: every size one convolution needs, resolved and checked once. */
import { checkInteger, checkOneOf, checkPair } from "./check.js";
import { ArgumentError, inputMismatch, rankMismatch, ShapeError } from "./errors.js";
import { type Pair, type Shape, showShape } from "./shape.js";

export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** A convolution's options with every default filled in; sizes are `[height, width]`. */
export interface ConvSettings {
  /** The layer's name, for messages. */
  readonly layer: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Padding before and after each axis; they differ for `"same"` with an even kernel. */
  readonly paddingBefore: readonly [number, number];
  readonly paddingAfter: readonly [number, number];
  readonly paddingMode: PaddingMode;
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

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
}

/**
 * Positions of a kernel along one axis: ⌊(size + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1,
 * where `padding` counts both sides. 0 or less means the kernel does not fit.
 */
export function convOut(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Options of {@link Conv2d}; every default is torch's. */
export interface Conv2dOptions {
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
}

/** Checks a convolution's options and fills in the defaults. `layer` is the name in messages. */
export function convSettings(
  layer: string,
  inChannels: number,
  outChannels: number,
  kernelSize: Pair,
  options: Conv2dOptions,
): ConvSettings {
  checkInteger(layer, "inChannels", inChannels, 1);
  checkInteger(layer, "outChannels", outChannels, 1);
  const kernel = checkPair(layer, "kernelSize", kernelSize, 1);
  const stride = checkPair(layer, "stride", options.stride ?? 1, 1);
  const dilation = checkPair(layer, "dilation", options.dilation ?? 1, 1);
  const groups = checkInteger(layer, "groups", options.groups ?? 1, 1);
  for (const [option, channels] of [
    ["inChannels", inChannels],
    ["outChannels", outChannels],
  ] as const) {
    if (channels % groups !== 0) {
      throw new ArgumentError(
        `${layer} expects ${option} to be a multiple of groups, but ${option} is ${channels} and groups is ${groups}.`,
      );
    }
  }
  const paddingMode = checkOneOf(layer, "paddingMode", options.paddingMode ?? "zeros", [
    "zeros",
    "reflect",
    "replicate",
    "circular",
  ]);
  const [before, after] = resolvePadding(layer, options.padding ?? 0, kernel, stride, dilation);
  return {
    layer,
    inChannels,
    outChannels,
    kernelSize: kernel,
    stride,
    paddingBefore: before,
    paddingAfter: after,
    paddingMode,
    dilation,
    groups,
  };
}

type Sizes = readonly [number, number];

/** Padding before and after each axis. `"same"` puts the odd row or column after, as torch does. */
function resolvePadding(
  layer: string,
  padding: Pair | "same" | "valid",
  kernel: Sizes,
  stride: Sizes,
  dilation: Sizes,
): readonly [Sizes, Sizes] {
  if (padding === "valid") return [[0, 0], [0, 0]]; // biome-ignore format: two pairs
  if (padding === "same") {
    if (stride[0] !== 1 || stride[1] !== 1) {
      throw new ArgumentError(
        `${layer} expects stride 1 with padding "same", but got stride ${showShape(stride)}. Usual cause: "same" keeps the input's size, which a larger stride cannot.`,
      );
    }
    const total = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
    const before = [Math.floor(total[0] / 2), Math.floor(total[1] / 2)] as const;
    return [before, [total[0] - before[0], total[1] - before[1]]];
  }
  if (typeof padding === "string") checkOneOf(layer, "padding", padding, ["same", "valid"]);
  const pair = checkPair(layer, "padding", padding, 0);
  return [pair, pair];
}

/** `[N, C, H, W]` of an input `[N, C, H, W]` or `[C, H, W]`, whose N is 1. */
export function imageSizes(layer: string, input: Shape): readonly [number, number, number, number] {
  const [a, b, c, d] = input;
  if (input.length === 4) return [a ?? 0, b ?? 0, c ?? 0, d ?? 0];
  if (input.length === 3) return [1, a ?? 0, b ?? 0, c ?? 0];
  throw rankMismatch(
    layer,
    "[N, C, H, W] or [C, H, W]",
    input,
    "images that were flattened too early, or a missing channel axis: reshape them to [N, 1, H, W]",
  );
}

/** The shape of an output that keeps the input's rank: batched stays batched. */
export function imageShape(input: Shape, batch: number, channels: number, height: number, width: number): number[] {
  return input.length === 4 ? [batch, channels, height, width] : [channels, height, width];
}

/**
 * The geometry of one input, after any explicit padding (`paddingMode` other than zeros counts as part of the input).
 * @throws ShapeError for a wrong rank, wrong channels, or a kernel larger than the padded input.
 */
export function convGeometry(settings: ConvSettings, input: Shape): ConvGeometry {
  const { layer, inChannels, outChannels, kernelSize, stride, dilation, groups, paddingBefore, paddingAfter } =
    settings;
  const [batch, channels, height, width] = imageSizes(layer, input);
  if (channels !== inChannels) {
    throw inputMismatch(
      {
        layer,
        expected: `${inChannels} channels`,
        got: `${channels}`,
        cause:
          "images stored channels-last (faltung reads [N, C, H, W]), or inChannels that differs from the previous outChannels",
      },
      input,
    );
  }
  const outHeight = convOut(height, kernelSize[0], stride[0], paddingBefore[0] + paddingAfter[0], dilation[0]);
  const outWidth = convOut(width, kernelSize[1], stride[1], paddingBefore[1] + paddingAfter[1], dilation[1]);
  if (outHeight < 1 || outWidth < 1) {
    const reach = [dilation[0] * (kernelSize[0] - 1) + 1, dilation[1] * (kernelSize[1] - 1) + 1];
    const padded = [height + paddingBefore[0] + paddingAfter[0], width + paddingBefore[1] + paddingAfter[1]];
    throw new ShapeError(
      `${layer} expects an input at least as large as its kernel, which covers ${reach.join(" × ")}, but the padded input is ${padded.join(" × ")} (input ${showShape(input)}). Usual cause: too many poolings or strides before this layer, or a missing padding.`,
    );
  }
  return {
    batch,
    inChannels,
    height,
    width,
    outChannels,
    outHeight,
    outWidth,
    kernelHeight: kernelSize[0],
    kernelWidth: kernelSize[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    paddingTop: paddingBefore[0],
    paddingLeft: paddingBefore[1],
    groups,
  };
}

/** The output shape of a convolution: the same rule as {@link convGeometry}. */
export function convShape(settings: ConvSettings, input: Shape): number[] {
  const g = convGeometry(settings, input);
  return imageShape(input, g.batch, g.outChannels, g.outHeight, g.outWidth);
}
