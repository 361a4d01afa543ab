/** Shape rule of the poolings: which pixels every window covers, resolved and checked once. */

import type { Add, Less, Multiply, OneSize, Subtract } from "./arithmetic.js";
import { checkInteger, checkPair, checkSize, refuse } from "./check.js";
import { type ConvOut, imageSizes, type Reach, reachOf, type Sizes, tooSmall } from "./conv.js";
import { ArgumentError, ShapeError } from "./errors.js";
import type {
  HasRank,
  Image,
  ImageDims,
  Join,
  Mistake,
  Option,
  PairHeight,
  PairWidth,
  RankMistake,
  ShapeRule,
  Show,
} from "./rule.js";
import { type Pair, replaceLast, type Shape, showShape } from "./shape.js";
import { show } from "./show.js";

/** The windows along one dimension. Window i covers `first[i], first[i] + step, …` below `end[i]`; none leaves the input. */
export interface PoolDim {
  /** Size of the input. */
  readonly size: number;
  /** Number of windows: the size of the output. */
  readonly out: number;
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Distance between two pixels of a window: the dilation. */
  readonly step: number;
  /** What an average divides by is the row's count times the column's; all 0 for a maximum. */
  readonly count: Float64Array;
}

/** Every window of one pooling of one input; kernels trust it. */
export interface PoolGeometry {
  /** N · C */
  readonly planes: number;
  readonly rows: PoolDim;
  readonly columns: PoolDim;
}

/** Options that all window poolings share; every default is torch's. */
export interface PoolOptions {
  /** Step between two windows. Default: the kernel's size, so that windows neither overlap nor leave gaps. */
  readonly stride?: Pair;
  /** Rows and columns added on each side, at most half the kernel. Default 0. */
  readonly padding?: Pair;
  /** Whether a last window may reach over the edge, as long as it starts inside. Default false. */
  readonly ceilMode?: boolean;
}

/** Options of {@link MaxPool2d}. */
export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between two pixels of a window. Default 1. */
  readonly dilation?: Pair;
  /** Whether to keep the positions of the maxima in `indices`. Default false. */
  readonly returnIndices?: boolean;
}

/** Options of {@link AvgPool2d}. */
export interface AvgPool2dOptions extends PoolOptions {
  /** Whether the zeros of the padding count as pixels. Default true. */
  readonly countIncludePad?: boolean;
  /** What to divide each window's sum by. Default: the number of its pixels. */
  readonly divisorOverride?: number;
}

/** The options that all window poolings share, with their defaults; the stride's is the kernel. */
export const POOL_DEFAULTS = { stride: undefined, padding: 0, ceilMode: false } as const;

/** A pooling's options with every default filled in. */
export interface PoolSettings {
  readonly kernelSize: Sizes;
  readonly stride: Sizes;
  readonly padding: Sizes;
  readonly dilation: Sizes;
  readonly ceilMode: boolean;
  /** Of averages alone, as the next one. */
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | undefined;
}

/** Checks a pooling's options and fills in the defaults. `layer` is the name in messages. */
export function poolSettings(
  layer: string,
  kernelSize: Pair,
  options: { readonly [K in "stride" | "padding" | "dilation" | "ceilMode"]?: MaxPool2dOptions[K] | undefined },
): PoolSettings {
  const kernel = checkPair(layer, "kernelSize", kernelSize, 1);
  const stride = checkPair(layer, "stride", options.stride ?? kernel, 1);
  const padding = checkPair(layer, "padding", options.padding ?? 0, 0);
  const dilation = checkPair(layer, "dilation", options.dilation ?? 1, 1);
  const max = kernel.map((size) => Math.floor(size / 2));
  if (padding.some((size, dim) => size > (max[dim] ?? 0))) {
    throw new ArgumentError(
      `${layer} expects padding of at most half its kernel, ${showShape(max)} for the kernel ${showShape(kernel)}, but got ${showShape(padding)}. Usual cause: padding meant for a convolution.`,
    );
  }
  return { kernelSize: kernel, stride, padding, dilation, ceilMode: options.ceilMode ?? false };
}

/** Those of an average, with what it divides by: torch takes any integer but 0. */
export function averageSettings(
  layer: string,
  kernelSize: Pair,
  options: Parameters<typeof poolSettings>[2] & {
    readonly countIncludePad: boolean;
    readonly divisorOverride: number | undefined | null;
  },
): PoolSettings {
  const { countIncludePad } = options;
  const divisorOverride = options.divisorOverride ?? undefined;
  if (divisorOverride === 0 || (divisorOverride !== undefined && !Number.isSafeInteger(divisorOverride))) {
    refuse(
      layer,
      "divisorOverride",
      "an integer other than 0",
      divisorOverride,
      "a size that was computed with a division",
    );
  }
  return { ...poolSettings(layer, kernelSize, options), countIncludePad, divisorOverride };
}

/**
 * Number of windows along one dimension: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, rounded up instead
 * in ceil mode, where a last window that would start in the padding after the input is dropped.
 */
export function poolOut(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const steps = (size + 2 * padding - dilation * (kernel - 1) - 1) / stride;
  const out = (ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  return ceilMode && (out - 1) * stride >= size + padding ? out - 1 : out;
}

/**
 * The windows of a maximum, which divides by no count, of an input `[N, C, H, W]` or `[C, H, W]`.
 * @throws ShapeError for a wrong rank, an empty image, or a window larger than the padded input.
 */
export function poolGeometry(layer: string, settings: PoolSettings, input: Shape): PoolGeometry {
  const [planes, height, width] = planesOf(layer, input);
  const rows = slidingWindows(height, 0, settings);
  const columns = slidingWindows(width, 1, settings);
  if (rows.out < 1 || columns.out < 1) {
    const [above, left] = settings.padding;
    throw tooSmall(layer, "window", reachOf(settings), [height + 2 * above, width + 2 * left], input);
  }
  return { planes, rows, columns };
}

/** The windows of an average, and what it divides by. @throws as {@link poolGeometry}. */
export function averageGeometry(layer: string, settings: PoolSettings, input: Shape): PoolGeometry {
  const g = poolGeometry(layer, settings, input);
  countPixels(g.rows, 0, settings);
  countPixels(g.columns, 1, settings);
  return g;
}

function countPixels({ size, count }: PoolDim, dim: 0 | 1, settings: PoolSettings): void {
  const padding = settings.padding[dim];
  for (let i = 0; i < count.length; i++) {
    const start = i * settings.stride[dim] - padding;
    const stop = start + settings.kernelSize[dim];
    // Padding counts, but not what ceil mode adds beyond it.
    count[i] = settings.countIncludePad
      ? Math.min(stop, size + padding) - start
      : Math.min(stop, size) - Math.max(start, 0);
  }
  if (settings.divisorOverride !== undefined) count.fill(dim === 0 ? settings.divisorOverride : 1);
}

function slidingWindows(size: number, dim: 0 | 1, settings: PoolSettings): PoolDim {
  const kernel = settings.kernelSize[dim];
  const stride = settings.stride[dim];
  const padding = settings.padding[dim];
  const step = settings.dilation[dim];
  const out = Math.max(0, poolOut(size, kernel, stride, padding, step, settings.ceilMode));
  const first = new Int32Array(out);
  const end = new Int32Array(out);
  for (let i = 0; i < out; i++) {
    const start = i * stride - padding;
    const stop = start + step * (kernel - 1) + 1;
    first[i] = start < 0 ? start + step * Math.ceil(-start / step) : start;
    end[i] = Math.min(stop, size);
  }
  return { size, out, first, end, step, count: new Float64Array(out) };
}

/** Size of an adaptive pooling's output; null keeps the input's size. */
export type AdaptiveSize = number | readonly [height: number | null, width: number | null];

/** Resolves an adaptive pooling's size to a checked pair. */
export function adaptiveSizes(layer: string, outputSize: AdaptiveSize): readonly [number | null, number | null] {
  const pair = typeof outputSize === "number" ? ([outputSize, outputSize] as const) : outputSize;
  if (!Array.isArray(pair) || pair.length !== 2) {
    throw new ArgumentError(
      `${layer} expects outputSize to be a number or [height, width], where null keeps the input's size, but got ${show(pair)}.`,
    );
  }
  for (const size of pair) if (size !== null) checkInteger(layer, "outputSize", size, 1);
  return pair as readonly [number | null, number | null];
}

/**
 * The windows that split an image into `out` parts along each dimension: window i covers ⌊i·size/out⌋ up to ⌈(i + 1)·size/out⌉.
 * They overlap where `out` does not divide the size, and repeat pixels where it is larger.
 * @throws ShapeError for a wrong rank or an empty image.
 */
export function adaptiveGeometry(
  layer: string,
  [outHeight, outWidth]: readonly [number | null, number | null],
  input: Shape,
): PoolGeometry {
  const [planes, height, width] = planesOf(layer, input);
  checkSize(layer, "an output", [outHeight ?? height, outWidth ?? width]);
  return {
    planes,
    rows: adaptiveWindows(height, outHeight ?? height),
    columns: adaptiveWindows(width, outWidth ?? width),
  };
}

function adaptiveWindows(size: number, out: number): PoolDim {
  const first = Int32Array.from({ length: out }, (_, i) => Math.floor((i * size) / out));
  const end = Int32Array.from({ length: out }, (_, i) => Math.ceil(((i + 1) * size) / out));
  return { size, out, first, end, step: 1, count: Float64Array.from(end, (stop, i) => stop - (first[i] ?? 0)) };
}

/** `[N · C, H, W]`. An empty batch is fine; an image without pixels has no maximum. */
function planesOf(layer: string, input: Shape): readonly [planes: number, height: number, width: number] {
  const [batch, channels, height, width] = imageSizes(layer, input);
  if (channels * height * width === 0) {
    throw new ShapeError(
      `${layer} expects images that are not empty, but got ${showShape(input)}. Usual cause: a slice that came out empty.`,
    );
  }
  return [batch * channels, height, width];
}

/** The output shape: the input's with the last two dimensions replaced. */
export function poolShape({ rows, columns }: PoolGeometry, input: Shape): number[] {
  return replaceLast(input, rows.out, columns.out);
}

/** {@link poolOut} as a type; `never` where the window does not fit. */
export type PoolOut<
  Size extends number,
  Kernel extends number,
  Stride extends number,
  Padding extends number,
  Dilation extends number,
  Ceil,
> = [Ceil] extends [false]
  ? ConvOut<Size, Kernel, Stride, Multiply<Padding, 2>, Dilation>
  : [Ceil] extends [true]
    ? ConvOut<Size, Kernel, Stride, Add<Multiply<Padding, 2>, Subtract<Stride, 1>>, Dilation> extends infer Out
      ? [Out] extends [never]
        ? never
        : Out extends number
          ? // A last window that would start in the padding after the input is dropped.
            Less<Multiply<Subtract<Out, 1>, Stride>, Add<Size, Padding>> extends false
            ? Subtract<Out, 1>
            : Out
          : never
      : never
    : number;

/** The rule of the window poolings, {@link MaxPool2d} and {@link AvgPool2d}. */
export interface PoolRule<Layer extends string, K, O> extends ShapeRule {
  readonly of?: readonly [K, O];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageDims<infer Batch, infer C, infer H, infer W>
      ? Pooled<
          Layer,
          this["in"],
          [...Batch, C],
          [H, W],
          [PairHeight<K>, PairWidth<K>],
          Option<O, "stride", K>,
          Option<O, "padding", 0>,
          Option<O, "dilation", 1>,
          Option<O, "ceilMode", false>
        >
      : RankMistake<Layer, "[N, C, H, W] or [C, H, W]", this["in"]>;
}

type Pooled<
  Layer extends string,
  Input,
  Planes extends Shape,
  Size extends readonly [number, number],
  K extends readonly [number, number],
  S,
  P,
  D,
  Ceil,
> = [
  PoolOut<Size[0], K[0], PairHeight<S>, PairHeight<P>, PairHeight<D>, Ceil>,
  PoolOut<Size[1], K[1], PairWidth<S>, PairWidth<P>, PairWidth<D>, Ceil>,
] extends [infer H, infer W]
  ? [H] extends [never]
    ? WindowMistake<Layer, Input, Size, K, P, D>
    : [W] extends [never]
      ? WindowMistake<Layer, Input, Size, K, P, D>
      : [H, W] extends [infer H extends number, infer W extends number]
        ? readonly [...Planes, H, W]
        : never
  : never;

type WindowMistake<
  Layer extends string,
  Input,
  Size extends readonly [number, number],
  K extends readonly [number, number],
  P,
  D,
> = Mistake<`${Layer} expects an input at least as large as its window, which covers ${Join<
  [Reach<K[0], PairHeight<D>>, Reach<K[1], PairWidth<D>>],
  " × "
>}, but the padded input is ${Join<
  [Add<Size[0], Multiply<PairHeight<P>, 2>>, Add<Size[1], Multiply<PairWidth<P>, 2>>],
  " × "
>} (input ${Show<Input>})`>;

/** The rule of the adaptive poolings: the sizes asked for, where null keeps the input's. */
export interface AdaptivePoolRule<Layer extends string, Size> extends ShapeRule {
  readonly of?: Size;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageDims<infer Batch, infer C, infer H, infer W>
      ? readonly [...Batch, C, AdaptiveOut<AdaptiveHeight<Size>, H>, AdaptiveOut<AdaptiveWidth<Size>, W>]
      : RankMistake<Layer, "[N, C, H, W] or [C, H, W]", this["in"]>;
}

type AdaptiveHeight<Size> = Size extends readonly [infer H, unknown] ? H : Size;
type AdaptiveWidth<Size> = Size extends readonly [unknown, infer W] ? W : Size;
type AdaptiveOut<Wanted, Size extends number> = [Wanted] extends [null] ? Size : OneSize<Wanted>;
