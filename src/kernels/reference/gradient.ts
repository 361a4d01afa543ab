import { power } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { GradientKernels } from "../gradient.js";

export const referenceGradient: GradientKernels<FloatArray> = {
  powerSum(g, exponent) {
    let sum = 0;
    if (exponent === 2) for (let i = 0; i < g.length; i++) sum += g[i]! * g[i]!;
    else if (exponent === 1) for (let i = 0; i < g.length; i++) sum += Math.abs(g[i]!);
    else for (let i = 0; i < g.length; i++) sum += power(Math.abs(g[i]!), exponent);
    return sum;
  },

  maxAbs(g) {
    let max = 0;
    for (let i = 0; i < g.length; i++) max = Math.max(max, Math.abs(g[i]!));
    return max;
  },

  scale(g, factor) {
    for (let i = 0; i < g.length; i++) g[i]! *= factor;
  },

  clamp(g, limit) {
    for (let i = 0; i < g.length; i++) g[i] = Math.min(Math.max(g[i]!, -limit), limit);
  },
};
