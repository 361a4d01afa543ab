import { own, ownZeros } from "../kernels/residency.js";
import { Branded, kindOf } from "../shape/brand.js";
import { checkBoolean, checkText } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import { checkTensor, type DType, type Tensor } from "../tensor/tensor.js";
import { remember } from "./undo.js";

/** A tensor that belongs to a layer's state: learned or not. */
export abstract class State extends Branded {
  #value: Tensor;
  #claimed = false;

  /** The tensor's numbers are copied. */
  constructor(
    /** What messages call it. Its key in a state dict is the field that it is in. */
    readonly name: string,
    value: Tensor,
  ) {
    super();
    const who = `${kindOf(this)}`;
    checkText(who, "name", name);
    checkTensor(who, value);
    this.#value = own(value);
  }

  /**
   * The numbers, which optimizers and layers change in place. Assigning copies the numbers of the other tensor; an array or
   * tensor that was read before shows the numbers from before.
   * @throws ShapeError for a tensor of another shape, ArgumentError for another dtype or no tensor; nothing has changed then.
   */
  get value(): Tensor {
    this.claim();
    return this.ownSelf.#value;
  }

  set value(value: Tensor) {
    this.ownSelf.#value = this.copyOf("value", value);
  }

  /** Tells the layer that runs, which refuses what is in none of its fields. */
  protected claim(): void {
    this.ownSelf.#claimed ||= engine().claim?.(this.ownSelf) ?? false;
  }

  /** A copy of `value`, which has to be like this one. */
  protected copyOf(what: string, value: Tensor): Tensor {
    const who = `${kindOf(this)} "${this.name}"`;
    const { shape, dtype } = this.ownSelf.#value;
    checkTensor(who, value, `a Tensor as its ${what}`);
    if (!sameShape(shape, value.shape)) {
      throw new ShapeError(
        `${who} expects a ${what} of its shape ${showShape(shape)}, but got ${showShape(value.shape)}. Usual cause: weights of a layer with other sizes: make such a layer.`,
      );
    }
    if (dtype !== value.dtype) {
      throw new ArgumentError(
        `${who} expects a ${what} of its precision ${dtype}, but got ${value.dtype}. Usual cause: a missing to("${dtype}").`,
      );
    }
    return own(value);
  }

  /**
   * Puts a tensor back that was the value before, without a copy.
   * @internal
   */
  restore(value: Tensor): void {
    this.ownSelf.#value = value;
  }

  /** `Parameter weight: ` and the value. */
  override toString(): string {
    return `${kindOf(this)} ${this.name}: ${this.ownSelf.#value}`;
  }

  /** The value as plain data, for JSON: `tensor` makes a tensor of it again, to be assigned to a `value`. */
  toJSON(): ReturnType<Tensor["toJSON"]> {
    return this.ownSelf.#value.toJSON();
  }

  /** Converts the value to another precision. */
  to(dtype: DType): void {
    if (this.value.dtype !== dtype) this.ownSelf.#value = own(this.ownSelf.#value.to(dtype));
  }
}

/**
 * A learned tensor and its gradient. A layer's parameters are found through its public fields, and through arrays and
 * plain objects there; the field is the key: `weight`, `scales.0`. One that `compute` uses and that is elsewhere is refused.
 */
export class Parameter extends State {
  #grad: Tensor | undefined;
  /** Whether a backward has added to the gradient since it was last set to zero; undefined where its numbers have to tell. */
  #reached: boolean | undefined = false;
  /** Whether the program was given the gradient, which it may write to. */
  #seen = false;

  /** The tensor's numbers are copied. `name` is what messages call it; its key in a state dict is the field that it is in. */
  constructor(
    name: string,
    value: Tensor,
    /** Whether backward computes this gradient and optimizers change the value. Set it to false to freeze. */
    public requiresGrad = true,
  ) {
    super(name, value);
    checkBoolean("Parameter", "requiresGrad", requiresGrad);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Parameter";
  }

  /**
   * The gradient, to which `backward` adds; zeros until the first `backward`. Same shape as `value`. Assigning copies.
   * @throws as `value` does.
   */
  get grad(): Tensor {
    // Inside a backward it is asked for to be added to; elsewhere it may only be looked at.
    this.claim();
    const { ownSelf } = this;
    if (engine().depth > 0) {
      remember(ownSelf, () => ownSelf.#keepGradient());
      ownSelf.#reached = true;
    } else {
      ownSelf.#seen = true;
      ownSelf.#reached ||= undefined;
    }
    return ownSelf.#gradient();
  }

  set grad(grad: Tensor) {
    this.ownSelf.#grad = this.copyOf("grad", grad);
    this.ownSelf.#reached = true;
  }

  /**
   * Whether there is a gradient: a `backward` has added to it, or the program has written to it, since it was last set to
   * zero. Optimizers leave a parameter without one as it is, weight decay and momentum included, as torch's do.
   */
  get hasGrad(): boolean {
    const { ownSelf } = this;
    ownSelf.#reached ??=
      ownSelf
        .#gradient()
        .view()
        .some((value) => value !== 0) || undefined;
    return ownSelf.#reached === true;
  }

  /**
   * Runs an action that reads the gradient and does not keep it: what it says of {@link hasGrad} stays.
   * @internal
   */
  lend(action: () => void): void {
    const { ownSelf } = this;
    const seen = ownSelf.#seen;
    action();
    ownSelf.#seen = seen;
  }

  zeroGrad(): void {
    const { ownSelf } = this;
    ownSelf.#grad?.view().fill(0);
    ownSelf.#reached = ownSelf.#seen ? undefined : false;
  }

  /** Converts the value to another precision and drops the gradient. */
  override to(dtype: DType): void {
    if (this.value.dtype === dtype) return;
    super.to(dtype);
    this.ownSelf.#grad = undefined;
    this.ownSelf.#reached = false;
  }

  /** How to put the gradient back as it is; where it is zero, which it is in most loops, without a copy. */
  #keepGradient(): () => void {
    const [grad, reached] = [this.#gradient(), this.#reached];
    const numbers = reached === false ? undefined : grad.view().slice();
    return () => {
      if (numbers) grad.view().set(numbers);
      else grad.view().fill(0);
      this.#grad = grad;
      this.#reached = reached;
    };
  }

  #gradient(): Tensor {
    this.#grad ??= ownZeros(this.value.shape, this.value.dtype);
    return this.#grad;
  }
}

/** A tensor that belongs to a layer's state but is not learned, such as a running mean. */
export class StateBuffer extends State {
  override get value(): Tensor {
    const value = super.value;
    // Whoever gets it in a run may write to it.
    remember(this.ownSelf, () => {
      const numbers = value.view().slice();
      return () => {
        value.view().set(numbers);
        this.restore(value);
      };
    });
    return value;
  }

  override set value(value: Tensor) {
    if (engine().changes) void this.value;
    super.value = value;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.StateBuffer";
  }
}
