import type { Backends } from "./backend.js";
import type { MatmulKernels } from "./interface/matmul.js";
import { referenceMatmul } from "./reference/matmul.js";
import { wasmMatmul } from "./wasm/matmul.js";

export const matmulKernels: Backends<MatmulKernels> = { reference: referenceMatmul, wasm: wasmMatmul };
