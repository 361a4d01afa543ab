/** The affine map of the last dimension, and its adjoint. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { Epilogue } from "../kernels/epilogue.js";
import type { LinearKernels } from "../kernels/linear.js";
import { referenceLinear } from "../kernels/reference/linear.js";
import { wasmLinear } from "../kernels/wasm/linear.js";
import type { LinearGeometry } from "../shape/linear.js";
import { replaceLast } from "../shape/shape.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { biasGradient } from "./bias.js";

export const linearKernels: KernelSet<LinearKernels> = { reference: referenceLinear, wasm: wasmLinear };

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
  run(
    linearKernels,
    [
      x.operand(g.rows * g.inFeatures),
      weight.operand(g.outFeatures * g.inFeatures),
      bias?.operand(g.outFeatures),
      y.operand(results),
      epilogue?.sum?.operand(results),
    ],
    (kernels, x, weight, bias, y, sum) => kernels.forward(g, x, weight, bias, y, epilogue && { ...epilogue, sum }),
  );
  return y;
}

/** dx[…, i] = Σₒ weight[o, i] · dy[…, o] */
export function linearInputGradient(g: LinearGeometry, dy: Tensor, weight: Tensor): Tensor {
  const dx = allocateUnset(replaceLast(dy.shape, g.inFeatures), dy.dtype);
  run(
    linearKernels,
    [
      dy.operand(g.rows * g.outFeatures),
      weight.operand(g.outFeatures * g.inFeatures),
      dx.operand(g.rows * g.inFeatures),
    ],
    (kernels, dy, weight, dx) => kernels.inputGradient(g, dy, weight, dx),
  );
  return dx;
}

/** dweight[o, i] += Σ dy[…, o] · x[…, i] */
export function linearWeightGradient(g: LinearGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  run(
    linearKernels,
    [
      x.operand(g.rows * g.inFeatures),
      dy.operand(g.rows * g.outFeatures),
      dweight.operand(g.outFeatures * g.inFeatures),
    ],
    (kernels, x, dy, dweight) => kernels.weightGradient(g, x, dy, dweight),
  );
}

/** dbias[o] += Σ dy[…, o] */
export function linearBiasGradient(g: LinearGeometry, dy: Tensor, dbias: Tensor): void {
  biasGradient(g.rows, g.outFeatures, 1, dy, dbias);
}
