/** Activations that work on each element by itself, and their adjoints. */
import type { ActivationFunction, ActivationKernel, ActivationRow, Numbers } from "../kernels/activation.js";
import { run } from "../kernels/backend.js";
import { referenceActivation } from "../kernels/reference/activation.js";
import { wasmActivation } from "../kernels/wasm/activation.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** The activation that a row says, on every backend. */
export function activationFunction<const N extends string = never>(
  row: ActivationRow<N>,
): ActivationFunction<N> & { readonly wasm: () => ActivationKernel<N> } {
  return {
    reference: referenceActivation(row),
    wasm: () => wasmActivation(row),
    readsOutput: row.readsOutput ?? false,
  };
}

/** What the backward of `f` needs from its forward: x or y. */
export function keptByActivation({ readsOutput }: { readonly readsOutput: boolean }, x: Tensor, y: Tensor): Tensor {
  return readsOutput ? y : x;
}

/** y = f(x) with the function's own numbers, written to `y`, which may be x. */
export function activation<N extends string>(
  f: ActivationFunction<N>,
  numbers: Numbers<N>,
  x: Tensor,
  y: Tensor = allocateUnset(x.shape, x.dtype),
): Tensor {
  run(f, [x, y], (kernels, x, y) => kernels.forward(x, y, numbers));
  return y;
}

/** dx = dy · f′(x), from what {@link keptByActivation} chose. */
export function activationBackward<N extends string>(
  f: ActivationFunction<N>,
  numbers: Numbers<N>,
  kept: Tensor,
  dy: Tensor,
): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  run(f, [kept, dy, dx], (kernels, kept, dy, dx) => kernels.backward(kept, dy, dx, numbers));
  return dx;
}
