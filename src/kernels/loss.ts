import type { Backends } from "./backend.js";
import type { LossKernels } from "./interface/loss.js";
import { referenceClassLosses } from "./reference/class-loss.js";
import { referenceElementwiseLosses } from "./reference/elementwise-loss.js";
import { wasmClassLosses } from "./wasm/class-loss.js";
import { wasmElementwiseLosses } from "./wasm/elementwise-loss.js";

export const lossKernels: Backends<LossKernels> = {
  reference: /* @__PURE__ */ Object.assign({}, referenceClassLosses, referenceElementwiseLosses),
  wasm: () => ({ ...lossKernels.reference, ...wasmClassLosses, ...wasmElementwiseLosses }),
};
