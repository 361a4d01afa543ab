/**
 * `faltung/shapes`: the types that shapes are computed with, and nothing to run. A program need not write them: what the
 * compiler writes into declarations of its own (`export const { forward } = conv`) names them, and so they are exported.
 */
export type {
  Call,
  ComposeRule,
  InputGradients,
  MoreRefusal,
  MoreTensors,
  MoreValues,
  OutputGradients,
  OutputShape,
  OutputTensors,
  OutputValues,
  Taken,
} from "./graph/call.js";
export type { GraphValues } from "./graph/graph.js";
export type {
  Combined,
  LearnedTensor,
  Operand,
  OperandOrMistake,
  ShapesOf,
  Sizes,
  ValuesOf,
} from "./graph/value.js";
export type {
  Add,
  FloorDivide,
  IsKnown,
  IsUnion,
  Less,
  Modulo,
  Multiply,
  Next,
  OneSize,
  ProductOf,
  Subtract,
} from "./shape/arithmetic.js";
export type {
  Aligned,
  Broadcast,
  BroadcastKnown,
  BroadcastMismatch,
  Broadcasts,
  Matmul,
} from "./shape/broadcast.js";
export type {
  Chain,
  ChainArguments,
  Checked,
  Fitting,
  InputOf,
  InputSize,
  LayersOf,
  Misfits,
  NaturalOf,
  Signature,
} from "./shape/chain.js";
export type { LabelsFit, TargetFits } from "./shape/classes.js";
export type { Conv1dRule, Conv2dRule, ConvOut, GroupsFit, Reach } from "./shape/conv.js";
export type { ConvTranspose2dRule, ConvTransposeOut } from "./shape/conv-transpose.js";
export type {
  DimOrMistake,
  DimsOrMistake,
  Reduced,
  ResolvedDim,
  ResolvedDims,
  Without,
} from "./shape/dim.js";
export type { Dropout2dRule } from "./shape/dropout.js";
export type { EmbeddingRule } from "./shape/embedding.js";
export type { FlattenedDims, FlattenRule, UnflattenRule } from "./shape/flatten.js";
export type { Concatenated, Stacked } from "./shape/join.js";
export type {
  HasAnyRank,
  IsLiteral,
  KnownShape,
  NumberOrMistake,
  OrMistake,
  ResultShape,
  ShowList,
  Unsized,
} from "./shape/known-shape.js";
export type {
  ChannelShuffleRule,
  Inserted,
  Permuted,
  PermuteRule,
  Squeezed,
  Transposed,
  Unsqueezed,
  WithoutOnes,
} from "./shape/layout.js";
export type { FeaturesRule, LinearRule } from "./shape/linear.js";
export type { LrnRule } from "./shape/lrn.js";
export type { MaxoutLinearRule, MaxoutRule } from "./shape/maxout.js";
export type { ParallelRule, ResidualRule } from "./shape/merge.js";
export type { NAME, Named, OneName } from "./shape/named.js";
export type {
  BatchNorm1dRule,
  BatchNorm2dRule,
  GroupNormRule,
  InstanceNorm2dRule,
  LayerNormRule,
  MultipleOf,
} from "./shape/norm.js";
export type { Padded, ZeroPadRule } from "./shape/pad.js";
export type { PixelShuffleRule, PixelUnshuffleRule } from "./shape/pixel-shuffle.js";
export type { AdaptivePoolRule, PoolDim, PoolOut, PoolRule } from "./shape/pool.js";
export type { PReLURule } from "./shape/prelu.js";
export type { Asserted, Reshape } from "./shape/reshape.js";
export type {
  Agreed,
  AnyLayer,
  Apply,
  AsNumber,
  Counted,
  DefaultOptions,
  Differs,
  DimMistake,
  DimOf,
  HasRank,
  Image,
  ImageDims,
  Join,
  Mismatch,
  OnlyArguments,
  OnlyOptions,
  Option,
  OptionsOf,
  OutputOf,
  PairHeight,
  PairOf,
  PairWidth,
  RankMistake,
  Refusal,
  RuleOf,
  Sentence,
  Several,
  Show,
  ShowSize,
  WithSize,
} from "./shape/rule.js";
export type { Sliced, SliceRule } from "./shape/slice.js";
export type { AlongDimRule } from "./shape/softmax.js";
export type {
  ChunkShapes,
  ChunksOrMistake,
  Part,
  SplitOrMistake,
  SplitShapes,
} from "./shape/split.js";
export type { ResizedDim, ResizedLike, UpsampleRule } from "./shape/upsample.js";
