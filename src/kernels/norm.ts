import type { Backends } from "./backend.js";
import type { NormKernels } from "./interface/norm.js";
import { referenceNorm } from "./reference/norm.js";
import { wasmNorm } from "./wasm/norm.js";

export const normKernels: Backends<NormKernels> = {
  reference: referenceNorm,
  wasm: () => ({ ...referenceNorm, ...wasmNorm }),
};
