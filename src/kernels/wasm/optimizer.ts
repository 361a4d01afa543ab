import type { OptimizerRow, OptimizerSteps } from "../optimizer.js";
import { add, mul, sub } from "./assembler/f32x4.js";
import { keep, type Vector } from "./elementwise/math.js";
import { type Cursor, rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";

/** The loop of all optimizers, four elements at a time: one kernel without weight decay, one with it. */
export function wasmOptimizer<S extends string, N extends string>(
  { state, numbers: names }: OptimizerRow<S, N>,
  move: NonNullable<OptimizerRow<S, N>["simd"]>,
): OptimizerSteps<N> {
  const kernel = (decays: boolean) =>
    rowKernel(
      { arrays: ["p", "g", ...state], numbers: ["sign", "decay", "left", ...names] },
      // The generic names hide that p, g, sign, decay and left are there.
      (arrays: Readonly<Record<string, Cursor>>, numbers: Readonly<Record<string, Vector>>) => {
        const { p, g } = arrays as Record<"p" | "g", Cursor>;
        const { sign, decay, left } = numbers as Record<"sign" | "decay" | "left", Vector>;
        const before = keep(p.get());
        const gradient = mul(g.get(), sign);
        // Without any decay p is left out, for an infinite p must not meet a factor of 0.
        const d = keep(decays ? add(gradient, mul(before, decay)) : gradient);
        const moved = keep(move(d, arrays as Record<S, Cursor>, numbers as Record<N, Vector>));
        p.set(sub(mul(before, left), moved));
      },
    );
  const [plain, decaying] = [kernel(false), kernel(true)];
  return {
    step({ lr, weightDecay = 0, maximize }, numbers, decoupled, operands) {
      const decay = decoupled ? 0 : weightDecay;
      const left = decoupled ? 1 - lr * weightDecay : 1;
      const own = names.map((name) => numbers[name]);
      run(decay === 0 ? plain : decaying, operands, maximize ? -1 : 1, decay, left, ...own);
    },
  };
}

/** state ← β·state + (1 − β)·value, with `rest` = 1 − β */
export function average(state: Cursor, beta: Vector, rest: Vector, value: Vector): Vector {
  const next = keep(add(mul(state.get(), beta), mul(value, rest)));
  state.set(next);
  return next;
}

/** The same of d², in the order that overflows last. */
export function averageSquare(state: Cursor, beta: Vector, rest: Vector, d: Vector): Vector {
  const next = keep(add(mul(state.get(), beta), mul(mul(d, rest), d)));
  state.set(next);
  return next;
}
