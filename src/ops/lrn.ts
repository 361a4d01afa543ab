/** Local response normalization across neighboring channels. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { LrnKernels, LrnSettings } from "../kernels/lrn.js";
import { referenceLrn } from "../kernels/reference/lrn.js";
import type { LrnGeometry } from "../shape/lrn.js";
import { allocate, type Tensor } from "../tensor/tensor.js";

const lrnKernels: KernelSet<LrnKernels> = { reference: referenceLrn };

/**
 * y[c] = x[c] / base[c]^β with base[c] = k + α/size · Σ_{j ∈ W(c)} x[j]², where W(c) are the channels that c sees;
 * backward needs base.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
 */
export function localResponseNorm(g: LrnGeometry, settings: LrnSettings, x: Tensor): { base: Tensor; y: Tensor } {
  const base = allocate(x.shape, x.dtype);
  const y = allocate(x.shape, x.dtype);
  run(lrnKernels, [x, base, y], (kernels, x, base, y) => kernels.forward(g, settings, x, base, y));
  return { base, y };
}

/** dx[j] = dy[j] / base[j]^β − 2·β·α/size · x[j] · Σ_{c : j ∈ W(c)} dy[c] · x[c] / base[c]^(β+1) */
export function localResponseNormBackward(
  g: LrnGeometry,
  settings: LrnSettings,
  x: Tensor,
  base: Tensor,
  dy: Tensor,
): Tensor {
  const dx = allocate(x.shape, x.dtype);
  run(lrnKernels, [x, base, dy, dx], (kernels, x, base, dy, dx) => kernels.backward(g, settings, x, base, dy, dx));
  return dx;
}
