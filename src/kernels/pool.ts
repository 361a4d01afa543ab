import type { Backends } from "./backend.js";
import type { PoolKernels } from "./interface/pool.js";
import { referencePool } from "./reference/pool.js";
import { wasmPool } from "./wasm/pool.js";

export const poolKernels: Backends<PoolKernels> = { reference: referencePool, wasm: () => wasmPool };
