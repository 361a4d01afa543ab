import type { Backends } from "./backend.js";
import type { PReLUKernels } from "./interface/prelu.js";
import { referencePReLU } from "./reference/prelu.js";
import { wasmPReLU } from "./wasm/prelu.js";

export const preluKernels: Backends<PReLUKernels> = { reference: referencePReLU, wasm: () => wasmPReLU };
