import type { FloatArray } from "../../tensor/storage.js";
import type { OptimizerRow, OptimizerSteps } from "../optimizer.js";
import { scratch } from "./scratch.js";

const DOUBLES = /* @__PURE__ */ new Float64Array(0);

/** The loop of all optimizers. */
export function referenceOptimizer<S extends string, N extends string>(
  row: OptimizerRow<S, N>,
): OptimizerSteps<N, FloatArray> {
  return {
    step({ lr, weightDecay = 0, maximize }, numbers, decoupled, [p, g, ...arrays]) {
      if (!p || !g) return;
      const state = Object.fromEntries(row.state.map((name, i) => [name, arrays[i]])) as Record<S, FloatArray>;
      const sign = maximize ? -1 : 1;
      const decay = decoupled ? 0 : weightDecay;
      const left = decoupled ? 1 - lr * weightDecay : 1;
      const d = scratch(DOUBLES, p.length).subarray(0, p.length) as Float64Array;
      for (let i = 0; i < p.length; i++) {
        d[i] = sign * g[i]!;
        // Without any decay p is left out, for an infinite p must not meet a factor of 0.
        if (decay !== 0) d[i]! += decay * p[i]!;
      }
      row.move(d, state, numbers);
      for (let i = 0; i < p.length; i++) p[i] = left * p[i]! - d[i]!;
    },
  };
}
