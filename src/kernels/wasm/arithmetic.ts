/** Two operands that broadcast: three loops in one kernel, each operand a vector or one number along the innermost. */
import { eachRound, splitLoops } from "../../tensor/loops.js";
import type { ArithmeticKernels, Operation } from "../arithmetic.js";
import { advance, forRange } from "./assembler/control.js";
import { type Local, local } from "./assembler/expression.js";
import * as f32x4 from "./assembler/f32x4.js";
import * as v128 from "./assembler/v128.js";
import { lazy } from "./elementwise/compile.js";
import { keep, type Vector } from "./elementwise/math.js";
import { cursor, type Step, sweep } from "./elementwise/rows.js";
import { addressesOf } from "./memory.js";

const FUNCTIONS = { add: f32x4.add, subtract: f32x4.sub, multiply: f32x4.mul, divide: f32x4.div } as const;

/** One kernel for each operation and for what varies along the innermost loop. */
const combination = /* @__PURE__ */ lazy(
  (_, operation: Operation, aVaries: boolean, bVaries: boolean) =>
    (planes, rows, count, y, a, aPlane, aRow, b, bPlane, bRow) =>
      forRange(0, planes, 1, () => {
        const [aStart, bStart] = [local(a), local(b)];
        forRange(0, rows, 1, () => {
          const pointers = [y];
          const reader = (start: Local<"i32">, varies: boolean): ((step: Step) => Vector) => {
            if (!varies) {
              const number = keep(v128.load32Splat(start));
              return () => number;
            }
            const pointer = local(start);
            pointers.push(pointer);
            return (step) => cursor(pointer, step).get();
          };
          const [readA, readB] = [reader(aStart, aVaries), reader(bStart, bVaries)];
          sweep(count, pointers, (step) => cursor(y, step).set(FUNCTIONS[operation](readA(step), readB(step))));
          advance(aStart, aRow);
          advance(bStart, bRow);
        });
        advance(a, aPlane);
        advance(b, bPlane);
      }),
);

export const wasmArithmetic: ArithmeticKernels = {
  combine(operation, loops, a, b, y) {
    const [outer, { sizes, strides }] = splitLoops(loops, 3);
    const [planes = 1, rows = 1, count = 1] = sizes;
    const [[aPlane = 0, aRow = 0, aStep = 0] = [], [bPlane = 0, bRow = 0, bStep = 0] = []] = strides;
    const [from, other, to] = addressesOf(a, b, y);
    const kernel = combination(operation, aStep > 0, bStep > 0);
    let at = to;
    eachRound(outer, [0, 0], ([aAt = 0, bAt = 0]) => {
      kernel(planes, rows, count, at, from + 4 * aAt, 4 * aPlane, 4 * aRow, other + 4 * bAt, 4 * bPlane, 4 * bRow);
      at += 4 * planes * rows * count;
    });
  },
};
