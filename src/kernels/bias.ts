import type { Backends } from "./backend.js";
import type { BiasKernels } from "./interface/bias.js";
import { referenceBias } from "./reference/bias.js";
import { wasmBias } from "./wasm/bias.js";

export const biasKernels: Backends<BiasKernels> = { reference: referenceBias, wasm: () => wasmBias };
