/** What every loss has in common: a number from `forward`, the gradient of the prediction from `backward`. */

import { checkMethod } from "../graph/layer.js";
import { type KernelSet, run as runKernel } from "../kernels/backend.js";
import type { LossKernels } from "../kernels/loss.js";
import { referenceClassLosses } from "../kernels/reference/class-loss.js";
import { referenceElementwiseLosses } from "../kernels/reference/elementwise-loss.js";
import { wasmClassLosses } from "../kernels/wasm/class-loss.js";
import { wasmElementwiseLosses } from "../kernels/wasm/elementwise-loss.js";
import { Branded, refuseForeign } from "../shape/brand.js";
import { checkOneOf, checkOptions, checkText, refuse } from "../shape/check.js";
import type { ClassGeometry } from "../shape/classes.js";
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import { type Shape, sameShape, showShape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import type { Run as ForwardRun } from "../tensor/engine.js";
import { runOf } from "../tensor/engine.js";
import { allocate, checkTensor, Tensor } from "../tensor/tensor.js";
import { BIGINTS, isBigInts } from "./labels.js";
import { factsOf } from "./repr.js";

/** What becomes of the losses of all elements or rows: their mean, their sum, or nothing. */
export type Reduction = "mean" | "sum" | "none";

/** The reductions that make one number of all losses; `"batchmean"` is {@link KLDivLoss}'s. */
export type ScalarReduction = "mean" | "sum" | "batchmean";

/** What `forward` returns: a Tensor with reduction `"none"`, a number otherwise. */
export type LossValue<R extends string> = R extends "none" ? Tensor : number;

/**
 * Options of every loss. Where a constructor takes them for `R` or for any reduction, it infers `R` from the first; the
 * second is what an editor offers while they are being written, when `R` is still the default.
 */
export interface LossOptions<R extends string = Reduction> {
  /** `"mean"` (default), `"sum"`, or `"none"`, with which forward returns one loss an element or row. */
  readonly reduction?: R;
}

/** What a loss makes of a prediction and its target. */
export interface LossResult {
  /** The reduced loss, or all losses with reduction `"none"`. */
  readonly value: number | Tensor;
  /** Its gradient in the prediction; with `"none"`, the derivative of each loss, not yet multiplied by `dy`. */
  readonly gradient: Tensor;
  /** How the losses lie in the prediction, for reduction `"none"`. Default: one for each element. */
  readonly geometry?: ClassGeometry;
}

/** Why a prediction or target is refused that is no Tensor. */
export function noTensor(who: string, what: string, value: unknown): ArgumentError {
  refuseForeign(who, value);
  const isArray = Array.isArray(value) || ArrayBuffer.isView(value);
  const got = isArray ? "" : `, but got ${show(value)}`;
  const cause = isBigInts(value)
    ? BIGINTS
    : value instanceof Promise
      ? "a missing await"
      : typeof value === "number"
        ? "a number, which tensor(x) wraps"
        : isArray
          ? "a plain array: wrap it with tensor(data, shape)"
          : "a function that returned something else, or nothing";
  return new ArgumentError(`${who} expects its ${what} to be a Tensor${got}. Usual cause: ${cause}.`);
}

export const lossKernels: KernelSet<LossKernels> = {
  reference: /* @__PURE__ */ Object.assign({}, referenceClassLosses, referenceElementwiseLosses),
  wasm: () => ({ ...wasmClassLosses, ...wasmElementwiseLosses }),
};

/** @throws ArgumentError for what a loss of one's own returned instead. */
function checkResult(name: string, result: LossResult): void {
  const { value, gradient } = Object(result) as Partial<LossResult>;
  const who = `${name}.forward`;
  if (value === undefined && gradient === undefined) {
    const cause = "a missing return, or the loss alone, where its gradient is due as well";
    refuse(who, "what compute returns", "{ value, gradient }", result, cause);
  }
  if (typeof value !== "number" && !(value instanceof Tensor)) {
    refuse(who, "the value that compute returns", "a number or a Tensor", value, "another name than value");
  }
  checkTensor(who, gradient, "the gradient that compute returns to be a Tensor");
}

type Run = (scale: number, losses: Tensor | undefined, gradient: Tensor) => number;

/**
 * Base class of every loss. A loss of your own extends it and implements `compute`.
 *
 * @typeParam Target what `forward` compares the prediction with
 * @typeParam R the reduction, which decides what `forward` returns
 * @example
 * const value = loss.forward(model.forward(images), labels);
 * model.backward(loss.backward());
 */
export abstract class Loss<Target = Tensor, R extends string = "mean"> extends Branded {
  readonly reduction: R;
  #waiting:
    | { readonly result: LossResult; readonly losses: Shape | undefined; readonly run: ForwardRun | undefined }
    | undefined;

  /** @param name the class's name, as messages show it */
  constructor(
    readonly name: string,
    options: LossOptions<R> = {},
    reductions: readonly string[] = ["mean", "sum", "none"],
  ) {
    super();
    checkText("Loss", "name", name);
    checkOptions(name, options, '{ reduction: "sum" }');
    this.reduction = checkOneOf<string>(
      name,
      "reduction",
      options.reduction === undefined ? "mean" : options.reduction,
      reductions,
    ) as R;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Loss";
  }

  /** As torch's `repr`: `HuberLoss(reduction="mean", delta=1)`. */
  override toString(): string {
    return factsOf(this.name, this);
  }

  /**
   * The loss of `prediction` against `target`: a number, or a Tensor with reduction `"none"`.
   * @throws ShapeError or ArgumentError when the two do not fit each other; nothing has changed then.
   */
  forward(prediction: Tensor, target: Target): LossValue<R> {
    if (!(prediction instanceof Tensor)) {
      throw noTensor(`${this.name}.forward`, "prediction", prediction);
    }
    checkMethod(this, "compute");
    const result = this.compute(prediction, target);
    checkResult(this.name, result);
    const losses = typeof result.value === "number" ? undefined : result.value.shape;
    this.ownSelf.#waiting = { result, losses, run: runOf.get(prediction) };
    return result.value as LossValue<R>;
  }

  /**
   * The gradient of the last `forward`'s prediction; each backward uses up one forward. A layer knows which of its
   * forwards the gradient belongs to, so two predictions may be compared and go back in either order, each by a loss's
   * forward and backward in turn.
   * With reduction `"none"` it takes `dy`, the gradient of every loss that `forward` returned.
   * @throws StateError when no forward waits, ShapeError when `dy` has another shape than the losses.
   */
  backward(...dy: R extends "none" ? [dy: Tensor] : []): Tensor;
  backward(dy?: Tensor): Tensor {
    if (!this.ownSelf.#waiting) {
      throw new StateError(
        `${this.name}.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after two forwards, of which a loss keeps the last.`,
      );
    }
    const { losses, result, run } = this.ownSelf.#waiting;
    if (losses) {
      refuseForeign(`${this.name}.backward`, dy);
      if (!(dy instanceof Tensor) || !sameShape(dy.shape, losses)) {
        throw new ShapeError(
          `${this.name}.backward expects the gradient of its losses ${showShape(losses)}, but got ${dy instanceof Tensor ? showShape(dy.shape) : "none"}. Usual cause: reduction "none", where "mean" was meant.`,
        );
      }
      const { gradient, geometry = { outer: 1, classes: 1, inner: gradient.size } } = result;
      const factors = dy.to(gradient.dtype).operand(geometry.outer * geometry.inner);
      runKernel(lossKernels, [factors, gradient], (kernels, dy, gradient) => kernels.chain(geometry, dy, gradient));
    }
    this.ownSelf.#waiting = undefined;
    runOf.set(result.gradient, run);
    return result.gradient;
  }

  /**
   * Allocates and runs a kernel that sums all losses, writes each (reduction `"none"`), and writes `scale` times their
   * derivatives.
   * @param shape the shape of all losses
   * @param divisor what the sum is divided by
   */
  protected reduce(prediction: Tensor, geometry: ClassGeometry, shape: Shape, divisor: number, run: Run): LossResult {
    const losses = this.reduction === "none" ? allocate(shape, prediction.dtype) : undefined;
    const gradient = allocate(prediction.shape, prediction.dtype);
    const total = run(1 / divisor, losses, gradient);
    return { value: losses ?? total / divisor, gradient, geometry };
  }

  /** Checks the target against the prediction, then computes losses and gradient. Keeps neither tensor. */
  protected abstract compute(prediction: Tensor, target: Target): LossResult;
}
