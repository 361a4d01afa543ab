import type { Backends } from "./backend.js";
import type { LrnKernels } from "./interface/lrn.js";
import { referenceLrn } from "./reference/lrn.js";

export const lrnKernels: Backends<LrnKernels> = { reference: referenceLrn, wasm: () => referenceLrn };
