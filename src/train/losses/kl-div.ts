import type { LossKernels } from "../../kernels/loss.js";
import { readOptions } from "../../shape/check.js";
import type { Operand } from "../../tensor/storage.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { LossOptions, Reduction } from "../loss.js";
import { ElementwiseLoss, type Outputs } from "./elementwise.js";

/** The reductions of {@link KLDivLoss}; `"batchmean"` divides by the size of the first dimension. */
export type KLDivReduction = Reduction | "batchmean";

export interface KLDivLossOptions<R extends KLDivReduction = KLDivReduction> extends LossOptions<R> {
  /** Whether the target holds log-probabilities too. Default false. */
  readonly logTarget?: boolean;
}

/**
 * Kullback–Leibler divergence of a prediction in log-probabilities from a target of probabilities: t·(log t − x).
 * Prediction and target have the same shape, any shape.
 *
 * Options: `reduction` `"mean"` (default, over all elements as in torch), `"batchmean"` (the divergence as textbooks
 * define it: the sum divided by the batch size), `"sum"` or `"none"`; `logTarget` (default false) for a target of
 * log-probabilities: exp(t)·(t − x). Throws ShapeError when the shapes differ.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
 *
 * @example
 * const loss = new KLDivLoss({ reduction: "batchmean" });
 * loss.forward(new LogSoftmax(1).forward(student), new Softmax(1).forward(teacher));
 */
export class KLDivLoss<R extends KLDivReduction = "mean"> extends ElementwiseLoss<"KLDivLoss", R> {
  readonly logTarget: boolean;

  constructor(options?: KLDivLossOptions<R> | KLDivLossOptions);
  constructor(options: KLDivLossOptions<R> = {}) {
    const { logTarget } = readOptions("KLDivLoss", options, { reduction: undefined, logTarget: false });
    super("KLDivLoss", options, ["mean", "batchmean", "sum", "none"]);
    this.logTarget = logTarget;
  }

  protected override divisor(prediction: Tensor): number {
    return this.reduction === "batchmean" ? (prediction.shape[0] ?? 1) : super.divisor(prediction);
  }

  /** @internal */
  protected sum(kernels: LossKernels, x: Operand, target: Operand, outputs: Outputs): number {
    if (this.logTarget) return kernels.klDivergenceOfLogs(x, target, ...outputs);
    return kernels.klDivergence(x, target, ...outputs);
  }
}
