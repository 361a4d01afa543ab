import type { Backends } from "./backend.js";
import type { MergeKernels } from "./interface/merge.js";
import { referenceMerge } from "./reference/merge.js";
import { wasmMerge } from "./wasm/merge.js";

export const mergeKernels: Backends<MergeKernels> = { reference: referenceMerge, wasm: () => wasmMerge };
