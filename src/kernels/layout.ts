import type { Backends } from "./backend.js";
import type { LayoutKernels } from "./interface/layout.js";
import { referenceLayout } from "./reference/layout.js";
import { wasmLayout } from "./wasm/layout.js";

export const layoutKernels: Backends<LayoutKernels> = { reference: referenceLayout, wasm: wasmLayout };
