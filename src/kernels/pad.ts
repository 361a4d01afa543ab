import type { Backends } from "./backend.js";
import type { PadKernels } from "./interface/pad.js";
import { referencePad } from "./reference/pad.js";

export const padKernels: Backends<PadKernels> = { reference: referencePad, wasm: () => referencePad };
