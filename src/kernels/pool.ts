import type { Backends } from "./backend.js";
import type { PoolKernels } from "./interface/pool.js";
import { referencePool } from "./reference/pool.js";

export const poolKernels: Backends<PoolKernels> = { reference: referencePool, wasm: () => referencePool };
