/** Measuring and bounding gradients. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { GradientKernels } from "../kernels/gradient.js";
import { referenceGradient } from "../kernels/reference/gradient.js";
import { wasmGradient } from "../kernels/wasm/gradient.js";
import type { Tensor } from "../tensor/tensor.js";

export const gradientKernels: KernelSet<GradientKernels> = { reference: referenceGradient, wasm: () => wasmGradient };

/** Σ |g|^exponent */
export function powerSum(gradient: Tensor, exponent: number): number {
  return run(gradientKernels, [gradient], (kernels, g) => kernels.powerSum(g, exponent));
}

/** max |g|, 0 of nothing; NaN as soon as there is one */
export function maxAbs(gradient: Tensor): number {
  return run(gradientKernels, [gradient], (kernels, g) => kernels.maxAbs(g));
}

/** g ← factor·g */
export function scaleGradient(gradient: Tensor, factor: number): void {
  run(gradientKernels, [gradient], (kernels, g) => kernels.scale(g, factor));
}

/** g ← min(max(g, −limit), limit); NaN stays NaN */
export function clampGradient(gradient: Tensor, limit: number): void {
  run(gradientKernels, [gradient], (kernels, g) => kernels.clamp(g, limit));
}
