/** Dropout: which elements or channels to drop, and dropping them. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { DropoutKernels } from "../kernels/dropout.js";
import { referenceDropout } from "../kernels/reference/dropout.js";
import { wasmDropout } from "../kernels/wasm/dropout.js";
import type { Shape } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import { allocate, allocateUnset, type DType, type Tensor } from "../tensor/tensor.js";

const dropoutKernels: KernelSet<DropoutKernels> = { reference: referenceDropout, wasm: () => wasmDropout };

/**
 * For each entry 0 with probability p, else 1/(1 − p), so that the expected value of mask · x is x.
 * All zeros for p = 1, where nothing is left to be scaled up (and nothing is drawn).
 */
export function dropoutMask(shape: Shape, p: number, random: Random, dtype: DType): Tensor {
  const mask = allocate(shape, dtype);
  if (p === 1) return mask;
  const data = mask.view();
  const scale = 1 / (1 - p);
  const threshold = p * 2 ** 32;
  // A product instead of a branch, which no processor could predict: four times as fast.
  for (let i = 0; i < data.length; i++) data[i] = scale * Number(random.bits() >= threshold);
  return mask;
}

/**
 * y = x · mask, where one entry of mask stands for as many elements of x as it takes; a NaN that is dropped stays NaN,
 * as in torch. Its adjoint is itself: dx = dy · mask.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
 */
export function dropout(x: Tensor, mask: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  const outer = mask.size;
  const inner = outer > 0 ? x.size / outer : 0;
  run(dropoutKernels, [mask, x, y], (kernels, mask, x, y) => kernels.scaleRows(outer, inner, mask, x, y));
  return y;
}
