/** What takes the results of a convolution or of Linear through an epilogue, in each backend. */
import type { EpilogueKernels } from "../kernels/epilogue.js";
import { applyEpilogue, keepSum } from "../kernels/reference/epilogue.js";
import { stepsOf } from "../kernels/wasm/elementwise/epilogue.js";

export const epilogueKernels: EpilogueKernels = {
  reference: { keepSum, apply: applyEpilogue },
  wasm: { stepsOf },
};
