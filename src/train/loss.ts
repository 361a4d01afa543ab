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
  /** All losses, one for each element of the prediction or for each of its rows: the reduction is done then. Or one number. */
  readonly value: number | Tensor;
  /** The derivative of each loss in its part of the prediction, in the prediction's shape; of a number, its gradient. */
  readonly gradient: Tensor;
  /**
   * How losses lie in the prediction that are neither of its elements nor of its rows.
   * @internal
   */
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

/** @throws ArgumentError or ShapeError for what a loss of one's own returned instead. */
function checkResult(name: string, reduction: string, prediction: Tensor, result: LossResult): void {
  const { value, gradient, geometry } = Object(result) as Partial<LossResult>;
  const who = `${name}.forward`;
  if (value === undefined && gradient === undefined) {
    const cause = "a missing return, or the loss alone, where its gradient is due as well";
    refuse(who, "what compute returns", "{ value, gradient }", result, cause);
  }
  if (typeof value !== "number" && !(value instanceof Tensor)) {
    refuse(who, "the value that compute returns", "a number or a Tensor", value, "another name than value");
  }
  checkTensor(who, gradient, "the gradient that compute returns to be a Tensor");
  if (!sameShape(gradient.shape, prediction.shape)) {
    throw new ShapeError(
      `${who} expects the gradient that compute returns to have the prediction's shape ${showShape(prediction.shape)}, but got ${showShape(gradient.shape)}. Usual cause: a target of another shape, to which the prediction was broadcast.`,
    );
  }
  if (typeof value === "number") {
    if (reduction !== "none") return;
    const cause = "losses that compute reduces itself, which it may leave to the class";
    refuse(who, 'the value that compute returns, with reduction "none",', "a Tensor of all losses", value, cause);
  }
  if (!["mean", "sum", "none"].includes(reduction)) {
    refuse(who, `the value that compute returns, with reduction "${reduction}",`, "a number", value);
  }
  if (!geometry && !sameShape(value.shape, prediction.shape.slice(0, value.rank))) {
    throw new ShapeError(
      `${who} expects the losses that compute returns to be those of the elements or rows of a prediction ${showShape(prediction.shape)}, but got ${showShape(value.shape)}. Usual cause: a sum over another dimension.`,
    );
  }
}

/** Each loss has one element of the gradient, or one row. */
function rowsOf({ size }: Tensor, losses: Tensor): ClassGeometry {
  return losses.size === size
    ? { outer: 1, classes: 1, inner: size }
    : { outer: losses.size, classes: size / losses.size, inner: 1 };
}

type Run = (scale: number, losses: Tensor | undefined, gradient: Tensor) => number;

/**
 * Base class of every loss: `model.backward(loss.backward())` follows `loss.forward(model.forward(images), labels)`.
 *
 * A loss of your own extends it and implements `compute`, which returns all losses and their derivatives; mean, sum and
 * `"none"` are done here then. `fit` and `evaluate` take it as any other.
 *
 * @typeParam Target what `forward` compares the prediction with
 * @typeParam R the reduction, which decides what `forward` returns
 * @example
 * class CharbonnierLoss<R extends Reduction = "mean"> extends Loss<Tensor, R> {
 *   readonly eps = 1e-3;
 *
 *   constructor(options: LossOptions<R> = {}) {
 *     super("CharbonnierLoss", options);
 *   }
 *
 *   protected compute(prediction: Tensor, target: Tensor): LossResult {
 *     const difference = prediction.sub(target);
 *     const losses = difference.square().add(this.eps ** 2).sqrt();
 *     return { value: losses, gradient: difference.div(losses) };
 *   }
 * }
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
    const computed = this.compute(prediction, target);
    checkResult(this.name, this.reduction, prediction, computed);
    const result = this.ownSelf.#reduced(computed);
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
      const { gradient, geometry = rowsOf(gradient, dy) } = result;
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
   * @internal
   */
  protected reduce(prediction: Tensor, geometry: ClassGeometry, shape: Shape, divisor: number, run: Run): LossResult {
    const losses = this.reduction === "none" ? allocate(shape, prediction.dtype) : undefined;
    const gradient = allocate(prediction.shape, prediction.dtype);
    const total = run(1 / divisor, losses, gradient);
    return { value: losses ?? total / divisor, gradient, geometry };
  }

  /** Losses that `compute` left as they are, reduced. */
  #reduced(result: LossResult): LossResult {
    const { value, gradient } = result;
    if (typeof value === "number" || this.reduction === "none") return result;
    const sum = value.sum().item();
    if (this.reduction === "sum") return { value: sum, gradient };
    return { value: sum / value.size, gradient: gradient.div(value.size) };
  }

  /** Checks the target against the prediction, then computes losses and gradient. Keeps neither tensor. */
  protected abstract compute(prediction: Tensor, target: Target): LossResult;
}
