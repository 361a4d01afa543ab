/** Shapes of what a value is taken apart into along one axis. */
import type { Add, FloorDivide, IsKnown, Less, Subtract } from "./arithmetic.js";
import { type ResolvedAxis, resolveAxis } from "./axis.js";
import { checkInteger, checkList } from "./check.js";
import type { Definite, HasAnyRank } from "./definite.js";
import { ShapeError } from "./errors.js";
import type { Differs, Mistake, Show, WithSize } from "./rule.js";
import { type Shape, showShape } from "./shape.js";

/**
 * The sizes of the parts along the axis `dim`: those that are given, or as many of one size as there are and a last one
 * that may be smaller.
 * @throws ShapeError for an axis that is not there, or sizes that do not add up to it; ArgumentError for a size that is none.
 */
export function splitSizes(who: string, shape: Shape, sizes: number | readonly number[], dim: number): number[] {
  const axis = resolveAxis(who, dim, shape);
  const extent = shape[axis] ?? 0;
  if (typeof sizes === "number") {
    const each = checkInteger(who, "a part's size", sizes, 1);
    const count = Math.max(1, Math.ceil(extent / each));
    return Array.from({ length: count }, (_, i) => Math.min(each, extent - i * each));
  }
  checkList(who, "sizes", sizes);
  const list = sizes.map((size) => checkInteger(who, "a part's size", size, 0));
  if (list.reduce((sum, size) => sum + size, 0) !== extent) {
    throw new ShapeError(
      `${who} expects sizes that add up to ${extent}, the size of axis ${axis} of ${showShape(shape)}, but got ${showShape(list)}. Usual cause: channels of another layer, or the wrong axis.`,
    );
  }
  return list;
}

/** The sizes of at most `chunks` parts of equal size, the last one excepted. @throws as {@link splitSizes}. */
export function chunkSizes(who: string, shape: Shape, chunks: number, dim: number): number[] {
  const extent = shape[resolveAxis(who, dim, shape)] ?? 0;
  return splitSizes(who, shape, Math.max(1, Math.ceil(extent / checkInteger(who, "chunks", chunks, 1))), dim);
}

/** {@link splitSizes} as a type: the shapes of the parts of `Sizes` along `Dim`; of one number, of parts of that size and a last one that may be smaller. */
export type SplitShapes<S extends Shape, Sizes, Dim> = [Sizes] extends [readonly number[]]
  ? Listed<Definite<S>, ResolvedAxis<Definite<S>, Dim>, Sizes>
  : PartsOf<Definite<S>, ResolvedAxis<Definite<S>, Dim>, Sizes>;

/** {@link chunkSizes} as a type: the shapes of at most `Chunks` parts of equal size, the last one excepted. */
export type ChunkShapes<S extends Shape, Chunks, Dim> = ChunksOf<
  Definite<S>,
  ResolvedAxis<Definite<S>, Dim>,
  SizeAt<Definite<S>, ResolvedAxis<Definite<S>, Dim>>,
  Chunks
>;

/** The sentence about sizes that do not add up to the axis that they split. */
export type SplitTold<Who extends string, S extends Shape, Sizes, Dim> =
  ResolvedAxis<Definite<S>, Dim> extends infer At extends number
    ? [Sizes] extends [readonly number[]]
      ? Differs<SumOf<Sizes>, SizeAt<Definite<S>, At>> extends true
        ? Mistake<`${Who} expects sizes that add up to ${SizeAt<Definite<S>, At>}, the size of axis ${At} of ${Show<S>}, but got ${Show<Sizes>}`>
        : unknown
      : unknown
    : unknown;

type SumOf<Sizes extends readonly number[], Sum extends number = 0> = Sizes extends readonly [
  infer First extends number,
  ...infer Rest extends readonly number[],
]
  ? SumOf<Rest, Add<Sum, First>>
  : Sizes extends readonly []
    ? Sum
    : number;

/** The size of axis `At` of a definite shape; `number` where it is not known. */
type SizeAt<S extends Shape, At> = HasAnyRank<S> extends true ? number : At extends number ? S[At] : number;

/** `S` with another size of axis `At`; any shape where either is not known. */
export type Part<S extends Shape, At, Size extends number> =
  HasAnyRank<S> extends true
    ? Shape
    : number extends At
      ? { readonly [I in keyof S]: number }
      : At extends number
        ? WithSize<S, At, IsKnown<Size> extends true ? Size : number>
        : Shape;

type Listed<S extends Shape, At, Sizes extends readonly number[]> = {
  readonly [I in keyof Sizes]: Part<S, At, Sizes[I]>;
};

/** As many parts as are asked for where their number is not known: what a pattern takes of them is there. */
type Some<Each extends Shape> = readonly [Each, Each, Each, Each, Each, Each, Each, Each, ...Each[]];

type PartsOf<S extends Shape, At, Each> =
  SizeAt<S, At> extends infer Size extends number
    ? [IsKnown<Size>, IsKnown<Each>] extends [true, true]
      ? Each extends 0
        ? Some<Part<S, At, number>>
        : Cut<S, At, Size, Each & number>
      : Some<Part<S, At, number>>
    : never;

type Cut<S extends Shape, At, Left extends number, Each extends number, Done extends readonly Shape[] = readonly []> =
  Less<Each, Left> extends true
    ? Cut<S, At, Subtract<Left, Each>, Each, readonly [...Done, Part<S, At, Each>]>
    : readonly [...Done, Part<S, At, Left>];

type ChunksOf<S extends Shape, At, Size extends number, Chunks> =
  IsKnown<Chunks> extends true
    ? IsKnown<Size> extends true
      ? PartsOf<S, At, FloorDivide<Subtract<Add<Size, Chunks & number>, 1>, Chunks & number>>
      : Repeated<Part<S, At, number>, Chunks & number>
    : Some<Part<S, At, number>>;

type Repeated<
  Each extends Shape,
  Count extends number,
  Done extends readonly Shape[] = readonly [],
> = Done["length"] extends Count ? Done : Repeated<Each, Count, readonly [...Done, Each]>;
