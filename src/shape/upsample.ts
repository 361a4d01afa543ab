/** Shape rule of resizing, and which pixels every output pixel is mixed from. */

import type { IsUnion, Multiply, OneSize, Subtract } from "./arithmetic.js";
import { checkBoolean, checkInteger, checkOneOf, checkSize, readOptions } from "./check.js";
import { ArgumentError, rankMismatch, ShapeError } from "./errors.js";
import type { KnownShape } from "./known-shape.js";
import type { HasRank, Mistake, Option, RankMistake, ShapeRule, Show } from "./rule.js";
import { type Shape, showShape } from "./shape.js";
import { show } from "./show.js";

/** How pixels between pixels are found; torch's names. */
export type UpsampleMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "bicubic" | "trilinear";

/** Options of {@link Upsample}; every default is torch's. */
export interface UpsampleOptions {
  /** Size of the output: one number for all dimensions, or one for each. Either this or `scaleFactor`. */
  readonly size?: number | readonly number[];
  /** Output over input size, rounded down: one number for all dimensions, or one for each. Need not be whole. */
  readonly scaleFactor?: number | readonly number[];
  /** Default `"nearest"`. */
  readonly mode?: UpsampleMode;
  /** Whether the corner pixels' centers stay in the corners (else their outer edges do). Default false; not for nearest. */
  readonly alignCorners?: boolean;
  /** Whether the sizes' true ratio replaces `scaleFactor` in the positions. They differ where rounding took place. Default false. */
  readonly recomputeScaleFactor?: boolean;
}

/** The options, checked. */
export interface UpsampleSettings {
  readonly size: number | readonly number[] | undefined;
  readonly scaleFactor: number | readonly number[] | undefined;
  readonly mode: UpsampleMode;
  readonly alignCorners: boolean;
  readonly recomputeScaleFactor: boolean;
}

/** Spatial dimensions that a mode takes; the nearest ones take any number up to 3. */
const DIMS = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 } as const;
const LAYOUTS = ["[N, C, L]", "[N, C, H, W]", "[N, C, D, H, W]"] as const;

/** How one dimension is resized: output i = Σₖ weight[i·taps + k] · input index[i·taps + k]. */
export interface ResizedDim {
  readonly size: number;
  readonly out: number;
  readonly taps: number;
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

/** Checks the options and fills in the defaults. */
export function upsampleSettings(layer: string, options: UpsampleOptions): UpsampleSettings {
  const read = readOptions(layer, options, {
    size: undefined,
    scaleFactor: undefined,
    mode: "nearest",
    alignCorners: undefined,
    recomputeScaleFactor: false,
  });
  const mode = checkOneOf(layer, "mode", read.mode, [
    "nearest",
    "nearest-exact",
    "linear",
    "bilinear",
    "bicubic",
    "trilinear",
  ]);
  // torch's None.
  const size = read.size ?? undefined;
  const scaleFactor = read.scaleFactor ?? undefined;
  const alignCorners = read.alignCorners ?? undefined;
  const { recomputeScaleFactor } = read;
  if (alignCorners !== undefined) checkBoolean(layer, "alignCorners", alignCorners);
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ArgumentError(
      `${layer} expects either size or scaleFactor, but got ${size === undefined ? "neither. Usual cause: a misspelled option" : "both. Usual cause: a scaleFactor left over from another setting"}.`,
    );
  }
  for (const each of listOf(size)) checkInteger(layer, "size", each, 1);
  for (const each of listOf(scaleFactor)) checkScale(layer, each);
  if (alignCorners !== undefined && !(mode in DIMS)) {
    throw new ArgumentError(
      `${layer} expects no alignCorners in mode "${mode}", which mixes no pixels, but got ${show(alignCorners)}. Usual cause: a missing mode: "bilinear".`,
    );
  }
  if (recomputeScaleFactor && size !== undefined) {
    throw new ArgumentError(
      `${layer} expects a scaleFactor with recomputeScaleFactor, but got size ${show(size)}. Usual cause: a size gives the ratio already.`,
    );
  }
  return { size, scaleFactor, mode, alignCorners: alignCorners ?? false, recomputeScaleFactor };
}

function checkScale(layer: string, scale: number): void {
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new ArgumentError(
      `${layer} expects scaleFactor to be a positive number, but got ${show(scale)}. Usual cause: a division by 0, or an undefined variable.`,
    );
  }
}

/** What is not a list is one number, or is refused as such. */
const listOf = (value: number | readonly number[] | undefined): readonly number[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as number];

/**
 * The output shape: batch and channels of the input, then the size asked for or ⌊size · scaleFactor⌋ of each dimension.
 * @throws ShapeError for a wrong rank, a list of another length than the spatial dimensions, or an image without pixels.
 */
export function upsampleShape(layer: string, settings: UpsampleSettings, input: Shape): number[] {
  const { mode, size, scaleFactor } = settings;
  const [batch = 0, channels = 0, ...sizes] = input;
  const dims = mode in DIMS ? DIMS[mode as keyof typeof DIMS] : undefined;
  if (dims === undefined ? sizes.length < 1 || sizes.length > 3 : sizes.length !== dims) {
    const layouts = dims === undefined ? `${LAYOUTS[0]}, ${LAYOUTS[1]} or ${LAYOUTS[2]}` : LAYOUTS[dims - 1];
    throw rankMismatch(
      layer,
      `${layouts} in mode "${mode}"`,
      input,
      'a missing batch dimension, or another mode\'s input: "linear" resizes [N, C, L], "bilinear" and "bicubic" [N, C, H, W]',
    );
  }
  const wanted = size ?? scaleFactor ?? 1;
  if (typeof wanted !== "number" && wanted.length !== sizes.length) {
    throw new ShapeError(
      `${layer} expects one ${size === undefined ? "scaleFactor" : "size"} for each of the ${sizes.length} dimensions after [N, C], but got ${showShape(wanted)} for the input ${showShape(input)}. Usual cause: batch and channels listed as well.`,
    );
  }
  const out = sizes.map((each, dim) => {
    const want = typeof wanted === "number" ? wanted : (wanted[dim] ?? 1);
    return size === undefined ? Math.floor(each * want) : want;
  });
  if (channels * Math.min(...sizes, ...out) === 0) {
    throw new ShapeError(
      `${layer} expects at least one channel and one pixel along each dimension, before and after, but would make ${showShape([batch, channels, ...out])} of ${showShape(input)}. Usual cause: a scaleFactor below 1 on an image that earlier layers made small.`,
    );
  }
  return [batch, channels, ...out];
}

/** How each spatial dimension of `input` is resized. @throws ShapeError as {@link upsampleShape} does. */
export function upsampleDims(layer: string, settings: UpsampleSettings, input: Shape): ResizedDim[] {
  const output = upsampleShape(layer, settings, input);
  checkSize(layer, "an output", output);
  const scales = settings.recomputeScaleFactor ? undefined : settings.scaleFactor;
  return input.slice(2).map((size, dim) => {
    const out = output[dim + 2] ?? 1;
    const scale = typeof scales === "number" ? scales : scales?.[dim];
    return resizedDim(settings, size, out, scale === undefined ? size / out : 1 / scale);
  });
}

/**
 * Positions are computed in single precision with one rounding per step, as torch's kernels do: where one lands on the
 * other side of a whole number, "nearest" takes another pixel.
 */
function resizedDim({ mode, alignCorners }: UpsampleSettings, size: number, out: number, ratio: number): ResizedDim {
  const step = Math.fround(alignCorners ? (out > 1 ? (size - 1) / (out - 1) : 0) : ratio);
  const last = size - 1;
  /** Where output pixel i lies in the input, in pixels; not limited to 0 … size − 1. */
  const position = (i: number) => Math.fround(alignCorners ? step * i : step * (i + 0.5) - 0.5);
  const taps = mode === "bicubic" ? 4 : mode in DIMS ? 2 : 1;
  const index = new Int32Array(out * taps);
  const weight = new Float64Array(out * taps);
  for (let i = 0; i < out; i++) {
    if (taps === 1) {
      const at = mode === "nearest" ? Math.fround(step * i) : Math.fround(Math.max(position(i), 0) + 0.5);
      index[i] = Math.min(Math.floor(at), last);
      weight[i] = 1;
    } else if (taps === 2) {
      // A dimension that keeps its size is copied, also where scaleFactor · size was rounded down to it.
      const at = size === out ? i : Math.max(position(i), 0);
      const floor = Math.min(Math.floor(at), last);
      index[2 * i] = floor;
      index[2 * i + 1] = size === out ? floor : Math.min(floor + 1, last);
      weight[2 * i] = 1 - (at - floor);
      weight[2 * i + 1] = at - floor;
    } else {
      const at = position(i);
      const floor = Math.floor(at);
      for (let k = 0; k < 4; k++) {
        index[4 * i + k] = Math.min(Math.max(floor + k - 1, 0), last);
        weight[4 * i + k] = cubic(Math.abs(at - floor - (k - 1)));
      }
    }
  }
  return { size, out, taps, index, weight };
}

/** Keys' cubic convolution kernel with a = −3/4 at the distance d, 0 ≤ d ≤ 2: https://doi.org/10.1109/TASSP.1981.1163711 */
function cubic(d: number): number {
  const a = -0.75;
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

/** The rule of Upsample: {@link upsampleShape} as a type; a fractional scale is left to run time. */
export interface UpsampleRule<O> extends ShapeRule {
  readonly of?: O;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [infer N extends number, infer C extends number, ...infer Sizes extends Shape]
      ? Sizes["length"] extends RanksOf<Option<O, "mode", "nearest">>
        ? readonly [N, C, ...Resized<Sizes, O>]
        : ModeMistake<this["in"], Option<O, "mode", "nearest">>
      : ModeMistake<this["in"], Option<O, "mode", "nearest">>;
}

/** Numbers of spatial dimensions that a mode takes; of a mode that is not known, those of all that it may be. */
type RanksOf<Mode> = Mode extends keyof typeof DIMS ? (typeof DIMS)[Mode] : 1 | 2 | 3;

type ModeMistake<S, Mode> =
  IsUnion<Mode> extends true
    ? Shape
    : Mode extends string
      ? RankMistake<"Upsample", `${LayoutsOf<Mode>} in mode "${Mode}"`, S>
      : Shape;

type LayoutsOf<Mode> = Mode extends keyof typeof DIMS
  ? (typeof LAYOUTS)[Subtract<(typeof DIMS)[Mode], 1>]
  : `${(typeof LAYOUTS)[0]}, ${(typeof LAYOUTS)[1]} or ${(typeof LAYOUTS)[2]}`;

type Resized<Sizes extends Shape, O> = [O] extends [{ readonly size: infer Size }]
  ? { [I in keyof Sizes]: OneSize<PerDim<Size, I>> }
  : [O] extends [{ readonly scaleFactor: infer Scale }]
    ? { [I in keyof Sizes]: Multiply<Sizes[I], OneSize<PerDim<Scale, I>>> }
    : { [I in keyof Sizes]: number };

type PerDim<Value, I> = Value extends Shape ? (I extends keyof Value ? Value[I] : number) : Value;

/** The shape of `S` in the sizes of `Other` after `[N, C]`, or the sentence that says why it has none. */
export type ResizedLike<Who extends string, S extends Shape, Other extends Shape> = LikeKnown<
  Who,
  KnownShape<S>,
  KnownShape<Other>
>;

type LikeKnown<Who extends string, S extends Shape, Other extends Shape> = number extends S["length"] | Other["length"]
  ? Shape
  : [S["length"], S, Other] extends [
        Other["length"],
        readonly [infer N extends number, infer C extends number, number, ...Shape],
        readonly [number, number, ...infer Sizes extends Shape],
      ]
    ? readonly [N, C, ...Sizes]
    : Mistake<`${Who} expects two values with the same number of dimensions after [N, C], but got ${Show<S>} and ${Show<Other>}`>;
