import { own, ownZeros } from "../kernels/residency.js";
import { checkBoolean, checkText } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import { checkTensor, type DType, type Tensor } from "../tensor/tensor.js";

/** A learned tensor and its gradient. A layer's parameters are found through its fields. */
export class Parameter {
  #value: Tensor;
  #grad: Tensor | undefined;
  /** Whether a backward has added to the gradient since it was last set to zero; undefined where its numbers have to tell. */
  #reached: boolean | undefined = false;
  /** Whether the program was given the gradient, which it may write to. */
  #seen = false;

  /** The tensor's numbers are copied. */
  constructor(
    /** The key in a state dict, as torch names it: `weight`. */
    readonly name: string,
    value: Tensor,
    /** Whether backward computes this gradient and optimisers change the value. Set it to false to freeze. */
    public requiresGrad = true,
  ) {
    checkText("Parameter", "name", name);
    checkTensor("Parameter", value);
    checkBoolean("Parameter", "requiresGrad", requiresGrad);
    this.#value = own(value);
  }

  /**
   * The numbers, which optimisers change in place. Assigning copies the numbers of the other tensor; an array or tensor
   * that was read before shows the numbers from before.
   * @throws ShapeError for a tensor of another shape, ArgumentError for another dtype or no tensor; nothing has changed then.
   */
  get value(): Tensor {
    return this.#value;
  }

  set value(value: Tensor) {
    this.#value = copyFor(`Parameter "${this.name}"`, "value", this.#value, value);
  }

  /**
   * The gradient, to which `backward` adds; zeros until the first `backward`. Same shape as `value`. Assigning copies.
   * @throws as `value` does.
   */
  get grad(): Tensor {
    // Inside a backward it is asked for to be added to; elsewhere it may only be looked at.
    if (engine().depth > 0) this.#reached = true;
    else {
      this.#seen = true;
      this.#reached ||= undefined;
    }
    return this.#gradient();
  }

  set grad(grad: Tensor) {
    this.#grad = copyFor(`Parameter "${this.name}"`, "grad", this.#value, grad);
    this.#reached = true;
  }

  /**
   * Whether there is a gradient: a `backward` has added to it, or the program has written to it, since it was last set to
   * zero. Optimisers leave a parameter without one as it is, weight decay and momentum included, as torch's do.
   */
  get hasGrad(): boolean {
    this.#reached ??=
      this.#gradient()
        .view()
        .some((value) => value !== 0) || undefined;
    return this.#reached === true;
  }

  zeroGrad(): void {
    this.#grad?.view().fill(0);
    this.#reached = this.#seen ? undefined : false;
  }

  /** Converts the value to another precision and drops the gradient. */
  to(dtype: DType): void {
    if (this.value.dtype === dtype) return;
    this.#value = own(this.#value.to(dtype));
    this.#grad = undefined;
    this.#reached = false;
  }

  #gradient(): Tensor {
    this.#grad ??= ownZeros(this.#value.shape, this.#value.dtype);
    return this.#grad;
  }
}

/** A tensor that belongs to a layer's state but is not learned, such as a running mean. */
export class StateBuffer {
  #value: Tensor;

  /** The tensor's numbers are copied. */
  constructor(
    /** The key in a state dict, as torch names it: `running_mean`. */
    readonly name: string,
    value: Tensor,
  ) {
    checkText("StateBuffer", "name", name);
    checkTensor("StateBuffer", value);
    this.#value = own(value);
  }

  /** The numbers, which the layer changes in place. Assigning copies, and throws, as that of `Parameter.value` does. */
  get value(): Tensor {
    return this.#value;
  }

  set value(value: Tensor) {
    this.#value = copyFor(`StateBuffer "${this.name}"`, "value", this.#value, value);
  }

  to(dtype: DType): void {
    if (this.value.dtype !== dtype) this.#value = own(this.#value.to(dtype));
  }
}

/** A copy of `value` in the place of a tensor like `old`. */
function copyFor(who: string, what: string, old: Tensor, value: Tensor): Tensor {
  checkTensor(who, value, `a Tensor as its ${what}`);
  if (!sameShape(old.shape, value.shape)) {
    throw new ShapeError(
      `${who} expects a ${what} of its shape ${showShape(old.shape)}, but got ${showShape(value.shape)}. Usual cause: weights of a layer with other sizes; make a new layer for them and assign that.`,
    );
  }
  if (old.dtype !== value.dtype) {
    throw new ArgumentError(
      `${who} expects a ${what} of its precision ${old.dtype}, but got ${value.dtype}. Usual cause: numbers from double precision; convert them by to("${old.dtype}").`,
    );
  }
  return own(value);
}
