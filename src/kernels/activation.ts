import type { Backends } from "./backend.js";
import type { ActivationKernels } from "./interface/activation.js";
import { referencePiecewise } from "./reference/piecewise.js";
import { referenceSmooth } from "./reference/smooth.js";
import { wasmActivation } from "./wasm/activation.js";

export const activationKernels: Backends<ActivationKernels> = {
  reference: { ...referencePiecewise, ...referenceSmooth },
  wasm: () => wasmActivation,
};
