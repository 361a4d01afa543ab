/** Shape rules of the normalizations: which elements share a mean and a variance, and which share a weight. */

import type { Modulo } from "./arithmetic.js";
import { checkInteger } from "./check.js";
import { ArgumentError, channelsCause, inputMismatch, rankMismatch } from "./errors.js";
import type {
  Agreed,
  Counted,
  Differs,
  HasRank,
  Image,
  ImageDims,
  Mismatch,
  RankMistake,
  ShapeRule,
  Show,
} from "./rule.js";
import { type Shape, sameShape, showShape, sizeOf } from "./shape.js";
import { show } from "./show.js";

/**
 * The elements of x as a normalization sees them. A group is what shares one mean and one variance: `segments` runs of
 * `channelsPerGroup · inner` elements, `segmentStride` apart. Group s starts at element s · channelsPerGroup · inner.
 *
 *     BatchNorm                x (N, C, P)      groups C      segments N   channelsPerGroup 1
 *     GroupNorm, InstanceNorm  x (N, G, K, P)   groups N·G    segments 1   channelsPerGroup K
 *     LayerNorm                x (M, D)         groups M      segments 1   channelsPerGroup D   inner 1
 *
 * Channel k of group s has the weight (s · channelsPerGroup + k) mod channels.
 */
export interface NormGeometry {
  readonly groups: number;
  readonly segments: number;
  readonly segmentStride: number;
  readonly channelsPerGroup: number;
  /** Elements of one channel in one segment. */
  readonly inner: number;
  /** How many weights and biases there are. */
  readonly channels: number;
}

function checkChannels(layer: string, channels: number, got: number, input: Shape, batch: 0 | 1 = 1): void {
  if (got === channels) return;
  const expected = `${channels} ${channels === 1 ? "channel" : "channels"}`;
  const cause = channelsCause(channels, input, batch, "a layer made for another number of channels");
  throw inputMismatch({ layer, expected, got: `${got}`, cause }, input);
}

/** One value has no variance: its deviation from the mean is 0 whatever it is. */
function checkCount(layer: string, what: string, count: number, cause: string, input: Shape): void {
  if (count !== 1) return;
  throw inputMismatch({ layer, expected: `more than 1 ${what}`, got: "1", cause }, input);
}

/** A channel's elements all over the batch share statistics: x (N, C, …). */
export function batchNormGeometry(channels: number, input: Shape): NormGeometry {
  const inner = sizeOf(input, 2);
  const segments = input[0] ?? 0;
  return { groups: channels, segments, segmentStride: channels * inner, channelsPerGroup: 1, inner, channels };
}

/** Each sample's channels are cut into `numGroups`, and each cut has statistics of its own: x (N, C, …). */
export function groupNormGeometry(numGroups: number, channels: number, input: Shape): NormGeometry {
  const inner = sizeOf(input, 2);
  const groups = (input[0] ?? 0) * numGroups;
  return { groups, segments: 1, segmentStride: 0, channelsPerGroup: channels / numGroups, inner, channels };
}

/** The dimensions of `normalizedShape`, the last ones of the input, share statistics, and each element has its own weight. */
export function layerNormGeometry(normalizedShape: Shape, input: Shape): NormGeometry {
  const channels = sizeOf(normalizedShape);
  const groups = sizeOf(input, 0, input.length - normalizedShape.length);
  return { groups, segments: 1, segmentStride: 0, channelsPerGroup: channels, inner: 1, channels };
}

/**
 * @param dims the ranks that fit, as messages show them: `{ 4: "[N, C, H, W]" }`
 * @param fromBatch whether the statistics come from the input itself, which then needs more than one value per channel
 * @throws ShapeError for a wrong rank, wrong channels, or one value per channel.
 */
export function checkBatchNorm(
  layer: string,
  dims: Readonly<Record<number, string>>,
  channels: number,
  fromBatch: boolean,
  input: Shape,
): void {
  if (!Object.hasOwn(dims, input.length)) {
    const ranks = Object.keys(dims).map(Number);
    const cause =
      input.length + 1 === Math.min(...ranks)
        ? "a missing batch dimension: reshape one sample to [1, C, …]"
        : input.length < Math.min(...ranks)
          ? "images flattened too early"
          : "images, which need BatchNorm2d, or a dimension too many";
    throw rankMismatch(layer, Object.values(dims).join(" or "), input, cause);
  }
  checkChannels(layer, channels, input[1] ?? 0, input);
  if (!fromBatch) return;
  const { segments, inner } = batchNormGeometry(channels, input);
  const cause = "a last batch of one sample (drop it while training), or a forward without eval() before it";
  checkCount(layer, "value per channel when training", segments * inner, cause, input);
}

/** `[N, C, H, W]` of an input that may be one image `[C, H, W]`. */
export function instanceNormSizes(layer: string, channels: number, fromInput: boolean, input: Shape): Shape {
  if (input.length !== 3 && input.length !== 4) {
    throw rankMismatch(layer, "[N, C, H, W] or [C, H, W]", input, "images flattened too early");
  }
  const sizes = input.length === 4 ? input : [1, ...input];
  checkChannels(layer, channels, sizes[1] ?? 0, input, input.length === 4 ? 1 : 0);
  const cause = "an image that poolings or strides before this layer shrank to one pixel";
  if (fromInput) checkCount(layer, "spatial element when training", sizeOf(sizes, 2), cause, input);
  return sizes;
}

/** @throws ArgumentError for numbers that are not positive integers, or channels that the groups do not divide. */
export function checkGroups(layer: string, numGroups: number, numChannels: number): void {
  checkInteger(layer, "numGroups", numGroups, 1);
  checkInteger(layer, "numChannels", numChannels, 1);
  if (numChannels % numGroups === 0) return;
  throw new ArgumentError(
    `${layer} expects numChannels to be a multiple of numGroups, but numChannels is ${numChannels} and numGroups is ${numGroups}.`,
  );
}

/** @throws ShapeError for fewer than two dimensions, wrong channels, or one value in the whole input of a group. */
export function checkGroupNorm(layer: string, numGroups: number, channels: number, input: Shape): void {
  if (input.length < 2)
    throw rankMismatch(layer, "[N, C, …]", input, "a missing batch dimension: reshape one sample to [1, C, …]");
  checkChannels(layer, channels, input[1] ?? 0, input);
  // torch counts over the whole batch, so that two samples of one value each pass (and are normalized to 0).
  const { groups, channelsPerGroup, inner } = groupNormGeometry(numGroups, channels, input);
  const count = (groups / numGroups) * channelsPerGroup * inner;
  checkCount(
    layer,
    "value per group",
    count,
    "as many groups as channels, on an input without spatial dimensions",
    input,
  );
}

/** Resolves LayerNorm's `normalizedShape`, where a number stands for one dimension. */
export function normalizedDims(layer: string, normalizedShape: number | Shape): Shape {
  const dims = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
  if (!Array.isArray(dims) || dims.length === 0) {
    throw new ArgumentError(
      `${layer} expects normalizedShape to be the sizes of at least one dimension, such as 64 or [3, 32, 32], but got ${show(dims)}.`,
    );
  }
  for (const size of dims) checkInteger(layer, "normalizedShape", size, 1);
  return [...dims];
}

/** @throws ShapeError when the input's last dimensions are others than `normalizedShape`. */
export function checkLayerNorm(layer: string, normalizedShape: Shape, input: Shape): void {
  const last = input.slice(-normalizedShape.length);
  if (sameShape(last, normalizedShape)) return;
  throw inputMismatch(
    {
      layer,
      expected: `the last dimensions ${showShape(normalizedShape)}`,
      got: showShape(last),
      cause: "a normalizedShape that counts the batch dimension, or images of another size than the layer was made for",
    },
    input,
  );
}

/** The rule of BatchNorm1d: the shape is kept, the channels are checked. */
export interface BatchNorm1dRule<C extends number> extends ShapeRule {
  readonly of?: C;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends
          | readonly [number, infer Got extends number]
          | readonly [number, infer Got extends number, number]
      ? Kept<"BatchNorm1d", C, Got, this["in"]>
      : RankMistake<"BatchNorm1d", "[N, C] or [N, C, L]", this["in"]>;
}

export interface BatchNorm2dRule<C extends number> extends ShapeRule {
  readonly of?: C;
  readonly natural: readonly [number, C, number, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [number, infer Got extends number, number, number]
      ? Kept<"BatchNorm2d", C, Got, this["in"]>
      : RankMistake<"BatchNorm2d", "[N, C, H, W]", this["in"]>;
}

export interface InstanceNorm2dRule<C extends number> extends ShapeRule {
  readonly of?: C;
  readonly natural: readonly [number, C, number, number];
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : Image<this["in"]> extends ImageDims<Shape, infer Got, number, number>
      ? Kept<"InstanceNorm2d", C, Got, this["in"]>
      : RankMistake<"InstanceNorm2d", "[N, C, H, W] or [C, H, W]", this["in"]>;
}

export interface GroupNormRule<C extends number> extends ShapeRule {
  readonly of?: C;
  readonly out: HasRank<this["in"]> extends false
    ? Shape
    : this["in"] extends readonly [number, infer Got extends number, ...Shape]
      ? Kept<"GroupNorm", C, Got, this["in"]>
      : RankMistake<"GroupNorm", "[N, C, …]", this["in"]>;
}

/** `C`, or the sentence of {@link checkGroups} about groups that do not divide it. */
export type MultipleOf<G extends number, C extends number> =
  Differs<Modulo<C, G>, 0> extends true
    ? `GroupNorm expects numChannels to be a multiple of numGroups, but numChannels is ${C} and numGroups is ${G}`
    : C;

type Kept<Layer extends string, C extends number, Got extends number, S> =
  Differs<Got, C> extends true ? Mismatch<Layer, Counted<C, "channel">, `${Got}`> : S;

/** The rule of LayerNorm: {@link checkLayerNorm} as a type. */
export interface LayerNormRule<Dims> extends ShapeRule {
  readonly of?: Dims;
  readonly out: HasRank<this["in"]> extends false
    ? this["in"]
    : this["in"] extends Shape
      ? EndsIn<this["in"], Dims extends Shape ? Dims : [Dims]>
      : Shape;
}

/** `S`, or the mismatch where its last dimensions are not `Dims`. */
type EndsIn<S extends Shape, Dims> = Dims extends Shape
  ? HasRank<Dims> extends false
    ? S
    : [Agreed<LastOf<S, Dims>, Dims>] extends [never]
      ? Mismatch<"LayerNorm", `the last dimensions ${Show<Dims>}`, Show<LastOf<S, Dims>>>
      : S
  : S;

/** The last sizes of `S`, as many as there are in `Like`. */
type LastOf<S extends Shape, Like extends Shape, Result extends Shape = []> = Like extends readonly [
  unknown,
  ...infer Others extends Shape,
]
  ? S extends readonly [...infer Front extends Shape, infer Last extends number]
    ? LastOf<Front, Others, [Last, ...Result]>
    : Result
  : Result;
