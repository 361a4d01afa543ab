import type { KernelSet } from "./backend.js";
import type { ConvKernels } from "./interface/conv.js";
import { referenceConv } from "./reference/conv.js";
import { wasmConv } from "./wasm/conv.js";

export const convKernels: KernelSet<ConvKernels> = { reference: referenceConv, wasm: wasmConv };
