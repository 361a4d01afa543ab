/** Local response normalisation across neighbouring channels. */
import { kernelsFor } from "../kernels/backend.js";
import type { LrnSettings } from "../kernels/interface/lrn.js";
import { lrnKernels } from "../kernels/lrn.js";
import type { LrnGeometry } from "../shape/lrn.js";
import { allocate, type Tensor } from "../tensor/tensor.js";

/**
 * y[c] = x[c] / base[c]^β with base[c] = k + α/size · Σ_{j ∈ W(c)} x[j]²; backward needs base.
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
 */
export function localResponseNorm(g: LrnGeometry, settings: LrnSettings, x: Tensor): { base: Tensor; y: Tensor } {
  const base = allocate(x.shape, x.dtype);
  const y = allocate(x.shape, x.dtype);
  kernelsFor(lrnKernels, x.dtype).forward(g, settings, x.operand(x.size), base.operand(x.size), y.operand(x.size));
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
  kernelsFor(lrnKernels, x.dtype).backward(
    g,
    settings,
    x.operand(x.size),
    base.operand(x.size),
    dy.operand(x.size),
    dx.operand(x.size),
  );
  return dx;
}
