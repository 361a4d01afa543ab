import type { Backends } from "./backend.js";
import type { MaxKernels, SumKernels } from "./interface/reduce.js";
import { referenceMax, referenceSum } from "./reference/reduce.js";
import { wasmMax, wasmSum } from "./wasm/reduce.js";

// Two families: a program that has only one of the reductions holds no kernels of the other.
export const sumKernels: Backends<SumKernels> = { reference: referenceSum, wasm: () => wasmSum };
export const maxKernels: Backends<MaxKernels> = { reference: referenceMax, wasm: () => wasmMax };
