import type { Backends } from "./backend.js";
import type { UpsampleKernels } from "./interface/upsample.js";
import { referenceUpsample } from "./reference/upsample.js";
import { wasmUpsample } from "./wasm/upsample.js";

export const upsampleKernels: Backends<UpsampleKernels> = { reference: referenceUpsample, wasm: () => wasmUpsample };
