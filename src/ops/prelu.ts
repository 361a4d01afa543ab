/** The rectifier with a learned slope, and its adjoint. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { PReLUKernels } from "../kernels/prelu.js";
import { referencePReLU } from "../kernels/reference/prelu.js";
import { wasmPReLU } from "../kernels/wasm/prelu.js";
import type { DimGeometry } from "../shape/dim.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";

const preluKernels: KernelSet<PReLUKernels> = { reference: referencePReLU, wasm: () => wasmPReLU };

/** y[o, c, i] = x[o, c, i] where that is > 0, else weight[c] · x[o, c, i] */
export function prelu(g: DimGeometry, x: Tensor, weight: Tensor): Tensor {
  const y = allocateUnset(x.shape, x.dtype);
  run(preluKernels, [x, weight.operand(g.size), y], (kernels, x, weight, y) => kernels.forward(g, x, weight, y));
  return y;
}

/** dx[o, c, i] = dy[o, c, i] where x[o, c, i] > 0, else weight[c] · dy[o, c, i] */
export function preluInputGradient(g: DimGeometry, x: Tensor, weight: Tensor, dy: Tensor): Tensor {
  const dx = allocateUnset(dy.shape, dy.dtype);
  run(preluKernels, [x, weight.operand(g.size), dy, dx], (kernels, x, weight, dy, dx) =>
    kernels.inputGradient(g, x, weight, dy, dx),
  );
  return dx;
}

/** dweight[c] += Σ x[o, c, i] · dy[o, c, i] where x[o, c, i] is not > 0 */
export function preluWeightGradient(g: DimGeometry, x: Tensor, dy: Tensor, dweight: Tensor): void {
  run(preluKernels, [x, dy, dweight.operand(g.size)], (kernels, x, dy, dweight) =>
    kernels.weightGradient(g, x, dy, dweight),
  );
}
