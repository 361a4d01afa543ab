import type { KernelSet } from "./backend.js";
import type { LinearKernels } from "./interface/linear.js";
import { referenceLinear } from "./reference/linear.js";
import { wasmLinear } from "./wasm/linear.js";

export const linearKernels: KernelSet<LinearKernels> = { reference: referenceLinear, wasm: wasmLinear };
