import type { FloatArray } from "../../tensor/storage.js";
import type { OptimizerRow, OptimizerSteps } from "../optimizer.js";

/** The loop of all optimizers. */
export function referenceOptimizer<S extends string, N extends string>(
  row: OptimizerRow<S, N>,
): OptimizerSteps<N, FloatArray> {
  return {
    step({ lr, weightDecay = 0, maximize, decoupled }, numbers, [p, g, ...arrays]) {
      if (!p || !g) return;
      const state = Object.fromEntries(row.state.map((name, i) => [name, arrays[i]])) as Record<S, FloatArray>;
      const sign = maximize ? -1 : 1;
      const decay = decoupled ? 0 : weightDecay;
      const left = decoupled ? 1 - lr * weightDecay : 1;
      for (let i = 0; i < p.length; i++) {
        let d = sign * g[i]!;
        // Without any decay p is left out, for an infinite p must not meet a factor of 0.
        if (decay !== 0) d += decay * p[i]!;
        p[i] = left * p[i]! - row.move(d, state, numbers, i);
      }
    },
  };
}
