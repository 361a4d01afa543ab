import type { Backends } from "./backend.js";
import type { LossKernels } from "./interface/loss.js";
import { referenceClassLosses } from "./reference/class-loss.js";
import { referenceElementwiseLosses } from "./reference/elementwise-loss.js";

const reference = { ...referenceClassLosses, ...referenceElementwiseLosses };

export const lossKernels: Backends<LossKernels> = { reference, wasm: () => reference };
