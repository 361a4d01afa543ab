import { combineInto } from "../../tensor/broadcast.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { ArithmeticKernels, Operation } from "../arithmetic.js";

const FUNCTIONS: Readonly<Record<Operation, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
};

export const referenceArithmetic: ArithmeticKernels<FloatArray> = {
  combine: (operation, loops, a, b, y) => combineInto(FUNCTIONS[operation], loops, a, b, y),
};
