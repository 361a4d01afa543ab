/** Sums of tensors of one shape: what joins branches, and the gradients of a value that several steps read. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { MergeKernels } from "../kernels/merge.js";
import { referenceMerge } from "../kernels/reference/merge.js";
import { wasmMerge } from "../kernels/wasm/merge.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

export const mergeKernels: KernelSet<MergeKernels> = { reference: referenceMerge, wasm: () => wasmMerge };

/** y = a + b, or max(a + b, 0) where it `rectifies`. */
export function merge(a: Tensor, b: Tensor, rectifies = false): Tensor {
  const y = allocateUnset(a.shape, a.dtype);
  run(mergeKernels, [a, b, y], (kernels, a, b, y) => kernels.add(a, b, y, rectifies));
  return y;
}

/** sum += x, in place */
export function addInto(sum: Tensor, x: Tensor): void {
  run(mergeKernels, [sum, x, sum], (kernels, a, b, y) => kernels.add(a, b, y));
}
