import type { FloatArray } from "../../tensor/storage.js";
import type { OptimizerRow, OptimizerSteps } from "../optimizer.js";

/** Elements at a time, so that their d stays in a cache. */
const PIECE = 4096;

/** The loop of all optimizers. */
export function referenceOptimizer<S extends string, N extends string>(
  row: OptimizerRow<S, N>,
): OptimizerSteps<N, FloatArray> {
  return {
    step({ lr, weightDecay = 0, maximize }, numbers, decoupled, [parameter, gradient, ...arrays]) {
      if (!parameter || !gradient) return;
      const decay = decoupled ? 0 : weightDecay;
      const left = decoupled ? 1 - lr * weightDecay : 1;
      const doubles = new Float64Array(Math.min(PIECE, parameter.length));
      for (let at = 0; at < parameter.length; at += PIECE) {
        const piece = (array: FloatArray) => array.subarray(at, at + PIECE);
        const p = piece(parameter);
        const d = doubles.subarray(0, p.length);
        d.set(piece(gradient)); // a tenth of the time of a loop
        if (maximize) for (let i = 0; i < d.length; i++) d[i] = -d[i]!;
        // Without any decay p is left out, for an infinite p must not meet a factor of 0.
        if (decay !== 0) for (let i = 0; i < d.length; i++) d[i]! += decay * p[i]!;
        const state = Object.fromEntries(row.state.map((name, i) => [name, piece(arrays[i]!)]));
        row.step({ p, left, d }, state as Record<S, FloatArray>, numbers);
      }
    },
  };
}
