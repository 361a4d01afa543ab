import type { Backends } from "./backend.js";
import type { ActivationKernels } from "./interface/activation.js";
import { referencePiecewise } from "./reference/piecewise.js";
import { referenceSmooth } from "./reference/smooth.js";
import { wasmActivation } from "./wasm/activation.js";

const reference = { ...referencePiecewise, ...referenceSmooth };

/** Where these subtract nearly equal numbers, float32 has too few digits: they stay in double precision. */
const { gelu, geluTanh, mish, tanhshrink } = reference;

export const activationKernels: Backends<ActivationKernels> = {
  reference,
  wasm: () => ({ ...wasmActivation, gelu, geluTanh, mish, tanhshrink }),
};
