import type { Backends } from "./backend.js";
import type { AveragePoolKernels, MaxPoolKernels } from "./interface/pool.js";
import { referenceAveragePool, referenceMaxPool } from "./reference/pool.js";
import { wasmAveragePool, wasmMaxPool } from "./wasm/pool.js";

// Two families: a program that has only one of the poolings holds no kernels of the other.
export const maxPoolKernels: Backends<MaxPoolKernels> = { reference: referenceMaxPool, wasm: () => wasmMaxPool };
export const averagePoolKernels: Backends<AveragePoolKernels> = {
  reference: referenceAveragePool,
  wasm: () => wasmAveragePool,
};
