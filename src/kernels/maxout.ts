import type { Backends } from "./backend.js";
import type { MaxoutKernels } from "./interface/maxout.js";
import { referenceMaxout } from "./reference/maxout.js";

export const maxoutKernels: Backends<MaxoutKernels> = { reference: referenceMaxout, wasm: () => referenceMaxout };
