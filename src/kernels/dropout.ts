import type { Backends } from "./backend.js";
import type { DropoutKernels } from "./interface/dropout.js";
import { referenceDropout } from "./reference/dropout.js";
import { wasmDropout } from "./wasm/dropout.js";

export const dropoutKernels: Backends<DropoutKernels> = { reference: referenceDropout, wasm: () => wasmDropout };
