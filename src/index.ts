export { Cache } from "./graph/cache.js";
export type { Outputs } from "./graph/call.js";
export { Composite } from "./graph/composite.js";
export { type Graph, type GraphInputs, graph, type Layers } from "./graph/graph.js";
export { type BackwardOptions, Layer, type LoadStateDictOptions, type Network, type StateDict } from "./graph/layer.js";
export { Parameter, StateBuffer } from "./graph/parameter.js";
export type { Input, ResizeOptions, Value } from "./graph/value.js";
export {
  type BackendDescription,
  type BackendName,
  type BackendOptions,
  backendName,
  backendReason,
  setBackend,
} from "./kernels/backend.js";
export type { Direction } from "./kernels/conv.js";
export type { Roofline } from "./kernels/roofline.js";
export { ELU } from "./layers/activations/elu.js";
export { GELU, type GELUOptions } from "./layers/activations/gelu.js";
export { Hardshrink } from "./layers/activations/hardshrink.js";
export { Hardsigmoid } from "./layers/activations/hardsigmoid.js";
export { Hardswish } from "./layers/activations/hardswish.js";
export { Hardtanh, type HardtanhOptions } from "./layers/activations/hardtanh.js";
export { LeakyReLU } from "./layers/activations/leaky-relu.js";
export { LogSigmoid } from "./layers/activations/log-sigmoid.js";
export { Mish } from "./layers/activations/mish.js";
export { ReLU } from "./layers/activations/relu.js";
export { ReLU6 } from "./layers/activations/relu6.js";
export { SELU } from "./layers/activations/selu.js";
export { Sigmoid } from "./layers/activations/sigmoid.js";
export { SiLU } from "./layers/activations/silu.js";
export { Softplus, type SoftplusOptions } from "./layers/activations/softplus.js";
export { Softshrink } from "./layers/activations/softshrink.js";
export { Softsign } from "./layers/activations/softsign.js";
export { Tanh } from "./layers/activations/tanh.js";
export { Tanhshrink } from "./layers/activations/tanhshrink.js";
export { AdaptiveAvgPool2d, AdaptiveMaxPool2d, type AdaptiveMaxPool2dOptions } from "./layers/adaptive-pool2d.js";
export { AvgPool2d } from "./layers/avg-pool2d.js";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./layers/batch-norm.js";
export { ChannelShuffle } from "./layers/channel-shuffle.js";
export { ConvTranspose2d, type ConvTranspose2dOptions } from "./layers/conv-transpose2d.js";
export { Conv1d, type Conv1dOptions } from "./layers/conv1d.js";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d.js";
export { Dropout, Dropout2d, type DropoutOptions } from "./layers/dropout.js";
export { Embedding, type EmbeddingOptions } from "./layers/embedding.js";
export { type ExplainedLayer, type ExplainedPass, type Explanation, explain } from "./layers/explain.js";
export { Flatten, type FlattenOptions, Unflatten } from "./layers/flatten.js";
export { GlobalAvgPool2d, GlobalMaxPool2d } from "./layers/global-pool2d.js";
export { type GradcheckEntry, type GradcheckOptions, type GradcheckReport, gradcheck } from "./layers/gradcheck.js";
export { GroupNorm, type GroupNormOptions } from "./layers/group-norm.js";
export { Identity } from "./layers/identity.js";
export {
  type Initializers,
  type InitOptions,
  initializers,
  type KaimingOptions,
  type Nonlinearity,
  type XavierOptions,
} from "./layers/initializers.js";
export { InstanceNorm2d, type InstanceNorm2dOptions } from "./layers/instance-norm2d.js";
export { LayerNorm, type LayerNormOptions } from "./layers/layer-norm.js";
export { Linear, type LinearOptions } from "./layers/linear.js";
export { LocalResponseNorm, type LocalResponseNormOptions } from "./layers/local-response-norm.js";
export { MaxPool2d } from "./layers/max-pool2d.js";
export { Maxout, MaxoutLinear, type MaxoutLinearOptions, type MaxoutOptions } from "./layers/maxout.js";
export { Parallel, type ParallelOptions } from "./layers/parallel.js";
export { Permute } from "./layers/permute.js";
export { PixelShuffle, PixelUnshuffle } from "./layers/pixel-shuffle.js";
export { PReLU, type PReLUOptions } from "./layers/prelu.js";
export type { InputShapes } from "./layers/report.js";
export { Residual } from "./layers/residual.js";
export { Sequential, type SequentialConstructor } from "./layers/sequential.js";
export { Slice } from "./layers/slice.js";
export { LogSoftmax, Softmax } from "./layers/softmax.js";
export { StochasticDepth } from "./layers/stochastic-depth.js";
export { Upsample } from "./layers/upsample.js";
export { ZeroPad2d } from "./layers/zero-pad2d.js";
export type { ConvAlgorithm } from "./shape/algorithm.js";
export type { ChainRule } from "./shape/chain.js";
export type { Conv1dShapeOptions, Conv2dShapeOptions, Sizes } from "./shape/conv.js";
export type { ConvTranspose2dShapeOptions } from "./shape/conv-transpose.js";
export type { Dims } from "./shape/dim.js";
export { ArgumentError, FormatError, type Mismatch, ShapeError, StateError } from "./shape/errors.js";
export type { NamedSize, Size } from "./shape/named.js";
export type { Padding2d, PaddingMode, PixelMode } from "./shape/pad.js";
export type { AdaptiveSize, AvgPool2dOptions, MaxPool2dOptions, PoolOptions } from "./shape/pool.js";
export type { Mistake, NoOptions, SameRule, ShapeRule } from "./shape/rule.js";
export type { Pair, Shape } from "./shape/shape.js";
export type { DimSlice } from "./shape/slice.js";
export type { UpsampleMode, UpsampleOptions } from "./shape/upsample.js";
// As for what is named here and exported there.
export type {} from "./shapes.js";
export type { ToleranceOptions } from "./tensor/compare.js";
export {
  arange,
  eye,
  fromTypedArray,
  full,
  ones,
  onesLike,
  type RandomOptions,
  rand,
  randn,
  tensor,
  zeros,
  zerosLike,
} from "./tensor/create.js";
export { concat, stack } from "./tensor/join.js";
export type { ArrayOf, JSONNumber, NestedArray, PlainTensor, TensorData, TypedArray } from "./tensor/nested.js";
export type { PadOptions } from "./tensor/pad.js";
export { defaultRandom, manualSeed, Random } from "./tensor/random.js";
export type { ReduceOptions, VarianceOptions } from "./tensor/reduce.js";
export { asDynamic, type DType, type FloatArray, Tensor } from "./tensor/tensor.js";
