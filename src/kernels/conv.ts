import type { Backends } from "./backend.js";
import type { ConvKernels } from "./interface/conv.js";
import { referenceConv } from "./reference/conv.js";
import { wasmConv } from "./wasm/conv.js";

export const convKernels: Backends<ConvKernels> = { reference: referenceConv, wasm: wasmConv };
