/** The rectifier with a learned slope, and its adjoint. */
import { kernelsFor } from "../kernels/backend.js";
import { preluKernels } from "../kernels/prelu.js";
import type { AxisGeometry } from "../shape/axis.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

/** y[o, c, i] = x[o, c, i] where that is > 0, else weight[c] · x[o, c, i] */
export function prelu(g: AxisGeometry, x: Tensor, weight: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  kernelsFor(preluKernels, x.dtype).forward(g, x.operand(x.size), weight.operand(g.size), y.operand(x.size));
  return y;
}

/** dx[o, c, i] = dy[o, c, i] where x[o, c, i] > 0, else weight[c] · dy[o, c, i] */
export function preluInputGradient(g: AxisGeometry, x: Tensor, weight: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  kernelsFor(preluKernels, dy.dtype).inputGradient(
    g,
    x.operand(dy.size),
    weight.operand(g.size),
    dy.operand(dy.size),
    dx.operand(dy.size),
  );
  return dx;
}

/** dweight[c] += Σ x[o, c, i] · dy[o, c, i] where x[o, c, i] is not > 0 */
export function preluWeightGradient(g: AxisGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  kernelsFor(preluKernels, dy.dtype).weightGradient(
    g,
    x.operand(dy.size),
    dy.operand(dy.size),
    dweight.operand(g.size),
  );
}
