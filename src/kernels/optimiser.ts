import type { Backends } from "./backend.js";
import type { OptimiserKernels } from "./interface/optimiser.js";
import { referenceOptimiser } from "./reference/optimiser.js";
import { wasmOptimiser } from "./wasm/optimiser.js";

export const optimiserKernels: Backends<OptimiserKernels> = {
  reference: referenceOptimiser,
  wasm: () => ({ ...referenceOptimiser, ...wasmOptimiser }),
};
