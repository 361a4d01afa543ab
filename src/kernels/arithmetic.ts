import type { Backends } from "./backend.js";
import type { ArithmeticKernels } from "./interface/arithmetic.js";
import { referenceArithmetic } from "./reference/arithmetic.js";
import { wasmArithmetic } from "./wasm/arithmetic.js";

export const arithmeticKernels: Backends<ArithmeticKernels> = {
  reference: referenceArithmetic,
  wasm: () => wasmArithmetic,
};
