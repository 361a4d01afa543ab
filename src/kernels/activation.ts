import type { Backends } from "./backend.js";
import type { ActivationKernels } from "./interface/activation.js";
import { referencePiecewise } from "./reference/piecewise.js";
import { referenceSmooth } from "./reference/smooth.js";

const reference = { ...referencePiecewise, ...referenceSmooth };

export const activationKernels: Backends<ActivationKernels> = { reference, wasm: () => reference };
