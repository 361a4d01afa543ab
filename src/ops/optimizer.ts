/** One step of an optimizer, from its row. */
import { run } from "../kernels/backend.js";
import type { Descent, OptimizerKernel, OptimizerRow } from "../kernels/optimizer.js";
import { referenceOptimizer } from "../kernels/reference/optimizer.js";
import { wasmOptimizer } from "../kernels/wasm/optimizer.js";
import type { Tensor } from "../tensor/tensor.js";

/** The optimizer that a row says, on every backend. */
export function optimizerKernel<const S extends string = never, const N extends string = never>(
  row: OptimizerRow<S, N>,
): OptimizerKernel<S, N> {
  const { state, simd } = row;
  return { state, reference: referenceOptimizer(row), ...(simd && { wasm: () => wasmOptimizer(row, simd) }) };
}

/** Moves the parameter against its gradient. The kernel's running quantities, which `state` has, change as well. */
export function descend<S extends string, N extends string>(
  kernel: OptimizerKernel<S, N>,
  { value, grad }: { readonly value: Tensor; readonly grad: Tensor },
  state: { tensor(name: S): Tensor },
  descent: Descent,
  numbers: Readonly<Record<N, number>>,
  decoupled = false,
): void {
  const tensors = kernel.state.map((name) => state.tensor(name));
  run(kernel, [value, grad, ...tensors], (kernels, ...operands) => kernels.step(descent, numbers, decoupled, operands));
}
