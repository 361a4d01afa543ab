import { settled, settledZeros } from "../kernels/residency.js";
import type { DType, Tensor } from "../tensor/tensor.js";

/** A learned tensor and its gradient. A layer's parameters are found through its fields. */
export class Parameter {
  #value: Tensor;
  #grad: Tensor | undefined;

  constructor(
    /** The key in a state dict, as torch names it: `weight`. */
    readonly name: string,
    value: Tensor,
    /** Whether backward computes this gradient and optimisers change the value. Set it to false to freeze. */
    public requiresGrad = true,
  ) {
    this.#value = settled(value);
  }

  /** The numbers, in the engine's memory. Assigning copies. */
  get value(): Tensor {
    return this.#value;
  }

  set value(value: Tensor) {
    this.#value = settled(value);
  }

  /** The gradient, to which `backward` adds; zeros until the first `backward`. Same shape as `value`. */
  get grad(): Tensor {
    this.#grad ??= settledZeros(this.value.shape, this.value.dtype);
    return this.#grad;
  }

  zeroGrad(): void {
    this.#grad?.data.fill(0);
  }

  /** Converts the value to another precision and drops the gradient. */
  to(dtype: DType): void {
    if (this.value.dtype === dtype) return;
    this.value = this.value.to(dtype);
    this.#grad = undefined;
  }
}

/** A tensor that belongs to a layer's state but is not learned, such as a running mean. */
export class StateBuffer {
  #value: Tensor;

  constructor(
    /** The key in a state dict, as torch names it: `running_mean`. */
    readonly name: string,
    value: Tensor,
  ) {
    this.#value = settled(value);
  }

  get value(): Tensor {
    return this.#value;
  }

  set value(value: Tensor) {
    this.#value = settled(value);
  }

  to(dtype: DType): void {
    this.value = this.value.to(dtype);
  }
}
