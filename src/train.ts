// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export { type Initializers, initializers } from "./layers/initializers.js";
export type { Progress } from "./train/checkpoint.js";
export { type ClipGradNormOptions, clipGradNorm, clipGradValue } from "./train/clip.js";
export { ConfusionMatrix } from "./train/confusion-matrix.js";
export type { EarlyStopping } from "./train/early-stopping.js";
export {
  type AbortSignalLike,
  type EvaluateOptions,
  type Evaluation,
  evaluate,
} from "./train/evaluate.js";
export type { Callback, EpochEvent, HistoryEntry, NonFiniteEvent, StepEvent } from "./train/events.js";
export { type FitOptions, fit, type History } from "./train/fit.js";
export type { Labels } from "./train/labels.js";
export {
  Loss,
  type LossOptions,
  type LossResult,
  type LossValue,
  type Reduction,
  type ScalarReduction,
} from "./train/loss.js";
export {
  BCELoss,
  type BCELossOptions,
  BCEWithLogitsLoss,
  type BCEWithLogitsLossOptions,
} from "./train/losses/binary.js";
export type { ClassLossOptions } from "./train/losses/class-loss.js";
export { CrossEntropyLoss, type CrossEntropyLossOptions, NLLLoss } from "./train/losses/cross-entropy.js";
export { KLDivLoss, type KLDivLossOptions, type KLDivReduction } from "./train/losses/kl-div.js";
export {
  HuberLoss,
  type HuberLossOptions,
  L1Loss,
  MSELoss,
  SmoothL1Loss,
  type SmoothL1LossOptions,
} from "./train/losses/regression.js";
export type { Weights } from "./train/losses/weights.js";
export { accuracy, type MetricOptions, topKAccuracy } from "./train/metrics.js";
export { NonFiniteError } from "./train/non-finite.js";
export { Optimizer } from "./train/optimizer.js";
export type { OptimizerState, ParameterState, SavedGroup, SavedParameter } from "./train/optimizer-state.js";
export { Adadelta, type AdadeltaOptions, Adagrad, type AdagradOptions } from "./train/optimizers/adagrad.js";
export {
  Adam,
  Adamax,
  type AdamaxOptions,
  type AdamOptions,
  AdamW,
  RAdam,
  type RAdamOptions,
} from "./train/optimizers/adam.js";
export { RMSprop, type RMSpropOptions } from "./train/optimizers/rmsprop.js";
export { Rprop, type RpropOptions } from "./train/optimizers/rprop.js";
export { SGD, type SGDOptions } from "./train/optimizers/sgd.js";
export type { Losses, Metric, Metrics, OutputLoss, TrainingLoss } from "./train/outputs.js";
export type {
  GroupOptions,
  LearningRate,
  OptimizerOptions,
  ParameterGroup,
  Parameters,
} from "./train/parameter-group.js";
export { Scheduler, type SchedulerState } from "./train/scheduler.js";
export {
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
  ExponentialLR,
  type ExponentialLROptions,
  LinearLR,
  type LinearLROptions,
  PolynomialLR,
  type PolynomialLROptions,
  StepLR,
  type StepLROptions,
} from "./train/schedulers/decay.js";
export { OneCycleLR, type OneCycleLROptions } from "./train/schedulers/one-cycle.js";
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from "./train/schedulers/plateau.js";
export { type OutputShapes, type Summary, type SummaryRow, summary } from "./train/summary.js";
