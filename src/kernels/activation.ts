import type { Backends } from "./backend.js";
import type { ActivationKernels } from "./interface/activation.js";
import { referencePiecewise } from "./reference/piecewise.js";
import { referenceSmooth } from "./reference/smooth.js";
import { wasmActivation } from "./wasm/activation.js";

const reference = { ...referencePiecewise, ...referenceSmooth };

/** Products and differences of rounded numbers are one rounding too many for these: they stay in double precision. */
const { gelu, geluTanh, mish, silu, tanhshrink } = reference;

export const activationKernels: Backends<ActivationKernels> = {
  reference,
  wasm: () => ({ ...wasmActivation, gelu, geluTanh, mish, silu, tanhshrink }),
};
