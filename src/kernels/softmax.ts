import type { Backends } from "./backend.js";
import type { SoftmaxKernels } from "./interface/softmax.js";
import { referenceSoftmax } from "./reference/softmax.js";
import { wasmSoftmax } from "./wasm/softmax.js";

export const softmaxKernels: Backends<SoftmaxKernels> = { reference: referenceSoftmax, wasm: () => wasmSoftmax };
