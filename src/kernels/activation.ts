import type { Backends } from "./backend.js";
import type { ActivationKernels } from "./interface/activation.js";
import { referencePiecewise } from "./reference/piecewise.js";
import { referenceSmooth } from "./reference/smooth.js";
import { wasmActivation } from "./wasm/activation.js";

const reference = { ...referencePiecewise, ...referenceSmooth };

export const activationKernels: Backends<ActivationKernels> = {
  reference,
  // The others round more than once in float32 and can miss the nearest float32: they stay in double precision.
  wasm: () => ({ ...reference, relu: wasmActivation.relu, leakyRelu: wasmActivation.leakyRelu }),
};
