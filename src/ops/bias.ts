/** One number for each channel of (outer, channels, inner), and its adjoint. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { BiasKernels } from "../kernels/bias.js";
import { referenceBias } from "../kernels/reference/bias.js";
import { wasmBias } from "../kernels/wasm/bias.js";
import type { Tensor } from "../tensor/tensor.js";

export const biasKernels: KernelSet<BiasKernels> = { reference: referenceBias, wasm: () => wasmBias };

/** y[n, c, p] += bias[c] */
export function addBias(outer: number, channels: number, inner: number, bias: Tensor, y: Tensor): void {
  run(biasKernels, [bias.operand(channels), y], (kernels, bias, y) => kernels.add(outer, channels, inner, bias, y));
}

/** dbias[c] += Σₙₚ dy[n, c, p] */
export function biasGradient(outer: number, channels: number, inner: number, dy: Tensor, dbias: Tensor): void {
  run(biasKernels, [dy, dbias.operand(channels)], (kernels, dy, dbias) =>
    kernels.gradient(outer, channels, inner, dy, dbias),
  );
}
