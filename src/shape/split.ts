/** Shapes of what a value is taken apart into along one dimension. */
import type { Add, FloorDivide, IsKnown, Less, Subtract } from "./arithmetic.js";
import type { ResolvedDim } from "./dim.js";
import type { HasAnyRank, KnownShape } from "./known-shape.js";
import type { Differs, Mistake, Show, WithSize } from "./rule.js";
import type { Shape } from "./shape.js";

/** The shapes of the parts of these sizes along the dimension `Dim`. */
export type SplitShapes<S extends Shape, Sizes extends readonly number[], Dim> = Listed<
  KnownShape<S>,
  ResolvedDim<KnownShape<S>, Dim>,
  Sizes
>;

/** The shapes of this many equal parts; the last one may be smaller. */
export type ChunkShapes<S extends Shape, Chunks, Dim> = ChunksOf<
  KnownShape<S>,
  ResolvedDim<KnownShape<S>, Dim>,
  SizeAt<KnownShape<S>, ResolvedDim<KnownShape<S>, Dim>>,
  Chunks
>;

/** The sentence about a dimension that is too small for this many parts. */
export type ChunksOrMistake<Who extends string, S extends Shape, Chunks, Dim> =
  IsKnown<Chunks> extends true
    ? ChunkShapes<S, Chunks, Dim> extends infer Parts extends readonly Shape[]
      ? Parts["length"] extends Chunks
        ? unknown
        : Mistake<`${Who} expects a dimension that splits into ${Chunks & number} parts, but got the shape ${Show<S>}, in which dim ${ResolvedDim<KnownShape<S>, Dim> & number} has ${SizeAt<KnownShape<S>, ResolvedDim<KnownShape<S>, Dim>>}`>
      : unknown
    : unknown;

/** The sentence about sizes that do not add up to the dimension that they split. */
export type SplitOrMistake<Who extends string, S extends Shape, Sizes, Dim> =
  ResolvedDim<KnownShape<S>, Dim> extends infer At extends number
    ? [Sizes] extends [readonly number[]]
      ? Differs<SumOf<Sizes>, SizeAt<KnownShape<S>, At>> extends true
        ? Mistake<`${Who} expects sizes that add up to ${SizeAt<KnownShape<S>, At>}, the size of dim ${At} of ${Show<S>}, but got ${Show<Sizes>}`>
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

/** The size of dimension `At` of a known shape; `number` where it is not known. */
type SizeAt<S extends Shape, At> = HasAnyRank<S> extends true ? number : At extends number ? S[At] : number;

/** `S` with another size of dimension `At`; any shape where either is not known. */
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
