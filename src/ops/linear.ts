/** The affine map of the last axis, and its adjoint. */
import { kernelsFor } from "../kernels/backend.js";
import { biasKernels } from "../kernels/bias.js";
import type { Epilogue } from "../kernels/interface/epilogue.js";
import { linearKernels } from "../kernels/linear.js";
import type { LinearGeometry } from "../shape/linear.js";
import { replaceLast } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/**
 * y[…, o] = bias[o] + Σᵢ weight[o, i] · x[…, i], and then the epilogue. `y` may be the epilogue's sum, to which the product is
 * added then.
 */
export function linear(
  g: LinearGeometry,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  epilogue?: Epilogue<Tensor>,
  y: Tensor = allocateUnset(replaceLast(x.shape, g.outFeatures), x.dtype),
): Tensor {
  const results = g.rows * g.outFeatures;
  kernelsFor(linearKernels, x.dtype).forward(
    g,
    x.operand(g.rows * g.inFeatures),
    weight.operand(g.outFeatures * g.inFeatures),
    bias?.operand(g.outFeatures),
    y.operand(results),
    epilogue && { ...epilogue, sum: epilogue.sum?.operand(results) },
  );
  return y;
}

/** dx[…, i] = Σₒ weight[o, i] · dy[…, o] */
export function linearInputGradient(g: LinearGeometry, dy: Tensor, weight: Tensor): Tensor {
  const dx = allocateUnset(replaceLast(dy.shape, g.inFeatures), dy.dtype);
  kernelsFor(linearKernels, dy.dtype).inputGradient(
    g,
    dy.operand(g.rows * g.outFeatures),
    weight.operand(g.outFeatures * g.inFeatures),
    dx.operand(g.rows * g.inFeatures),
  );
  return dx;
}

/** dweight[o, i] += Σ dy[…, o] · x[…, i] */
export function linearWeightGradient(g: LinearGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(linearKernels, x.dtype).weightGradient(
    g,
    x.operand(g.rows * g.inFeatures),
    dy.operand(g.rows * g.outFeatures),
    dweight.operand(g.outFeatures * g.inFeatures),
  );
}

/** dbias[o] += Σ dy[…, o] */
export function linearBiasGradient(g: LinearGeometry, dy: Tensor, dbias: Tensor): void {
  kernelsFor(biasKernels, dy.dtype).gradient(
    g.rows,
    g.outFeatures,
    1,
    dy.operand(g.rows * g.outFeatures),
    dbias.operand(g.outFeatures),
  );
}
