import type { Backends } from "./backend.js";
import type { GradientKernels } from "./interface/gradient.js";
import { referenceGradient } from "./reference/gradient.js";
import { wasmGradient } from "./wasm/gradient.js";

export const gradientKernels: Backends<GradientKernels> = {
  reference: referenceGradient,
  wasm: () => ({ ...referenceGradient, ...wasmGradient }),
};
