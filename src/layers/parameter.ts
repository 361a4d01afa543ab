import { own, ownZeros } from "../kernels/residency.js";
import { Branded } from "../shape/brand.js";
import { checkBoolean, checkText } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import { checkTensor, type DType, type Tensor } from "../tensor/tensor.js";

/**
 * A learned tensor and its gradient. A layer's parameters are found through its public fields, and through arrays and
 * plain objects there; the field is the key: `weight`, `scales.0`. One that `compute` uses and that is elsewhere is refused.
 */
export class Parameter extends Branded {
  #value: Tensor;
  #grad: Tensor | undefined;
  /** Whether a backward has added to the gradient since it was last set to zero; undefined where its numbers have to tell. */
  #reached: boolean | undefined = false;
  /** Whether the program was given the gradient, which it may write to. */
  #seen = false;
  #claimed = false;

  /** The tensor's numbers are copied. */
  constructor(
    /** What messages call it. Its key in a state dict is the field that it is in. */
    readonly name: string,
    value: Tensor,
    /** Whether backward computes this gradient and optimisers change the value. Set it to false to freeze. */
    public requiresGrad = true,
  ) {
    super();
    checkText("Parameter", "name", name);
    checkTensor("Parameter", value);
    checkBoolean("Parameter", "requiresGrad", requiresGrad);
    this.#value = own(value);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Parameter";
  }

  /**
   * The numbers, which optimisers change in place. Assigning copies the numbers of the other tensor; an array or tensor
   * that was read before shows the numbers from before.
   * @throws ShapeError for a tensor of another shape, ArgumentError for another dtype or no tensor; nothing has changed then.
   */
  get value(): Tensor {
    this.ownSelf.#claimed ||= engine().claim?.(this.ownSelf) ?? false;
    return this.ownSelf.#value;
  }

  set value(value: Tensor) {
    this.ownSelf.#value = copyFor(`Parameter "${this.name}"`, "value", this.ownSelf.#value, value);
  }

  /**
   * The gradient, to which `backward` adds; zeros until the first `backward`. Same shape as `value`. Assigning copies.
   * @throws as `value` does.
   */
  get grad(): Tensor {
    // Inside a backward it is asked for to be added to; elsewhere it may only be looked at.
    this.ownSelf.#claimed ||= engine().claim?.(this.ownSelf) ?? false;
    if (engine().depth > 0) this.ownSelf.#reached = true;
    else {
      this.ownSelf.#seen = true;
      this.ownSelf.#reached ||= undefined;
    }
    return this.ownSelf.#gradient();
  }

  set grad(grad: Tensor) {
    this.ownSelf.#grad = copyFor(`Parameter "${this.name}"`, "grad", this.ownSelf.#value, grad);
    this.ownSelf.#reached = true;
  }

  /**
   * Whether there is a gradient: a `backward` has added to it, or the program has written to it, since it was last set to
   * zero. Optimisers leave a parameter without one as it is, weight decay and momentum included, as torch's do.
   */
  get hasGrad(): boolean {
    this.ownSelf.#reached ??=
      this.ownSelf
        .#gradient()
        .view()
        .some((value) => value !== 0) || undefined;
    return this.ownSelf.#reached === true;
  }

  zeroGrad(): void {
    this.ownSelf.#grad?.view().fill(0);
    this.ownSelf.#reached = this.ownSelf.#seen ? undefined : false;
  }

  /**
   * Puts a tensor back that was the value before, without a copy.
   * @internal
   */
  restore(value: Tensor): void {
    this.ownSelf.#value = value;
  }

  /** Converts the value to another precision and drops the gradient. */
  to(dtype: DType): void {
    if (this.value.dtype === dtype) return;
    this.ownSelf.#value = own(this.ownSelf.#value.to(dtype));
    this.ownSelf.#grad = undefined;
    this.ownSelf.#reached = false;
  }

  #gradient(): Tensor {
    this.#grad ??= ownZeros(this.#value.shape, this.#value.dtype);
    return this.#grad;
  }
}

/** A tensor that belongs to a layer's state but is not learned, such as a running mean. */
export class StateBuffer extends Branded {
  #value: Tensor;
  #claimed = false;

  /** The tensor's numbers are copied. */
  constructor(
    /** What messages call it. Its key in a state dict is the field that it is in. */
    readonly name: string,
    value: Tensor,
  ) {
    super();
    checkText("StateBuffer", "name", name);
    checkTensor("StateBuffer", value);
    this.#value = own(value);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.StateBuffer";
  }

  /** The numbers, which the layer changes in place. Assigning copies, and throws, as that of `Parameter.value` does. */
  get value(): Tensor {
    this.ownSelf.#claimed ||= engine().claim?.(this.ownSelf) ?? false;
    return this.ownSelf.#value;
  }

  set value(value: Tensor) {
    this.ownSelf.#value = copyFor(`StateBuffer "${this.name}"`, "value", this.ownSelf.#value, value);
  }

  /** As {@link Parameter.restore}. @internal */
  restore(value: Tensor): void {
    this.ownSelf.#value = value;
  }

  to(dtype: DType): void {
    if (this.value.dtype !== dtype) this.ownSelf.#value = own(this.ownSelf.#value.to(dtype));
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
