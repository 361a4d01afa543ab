import { log } from "../../tensor/log.js";
import { exp, log1p } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { LossKernels } from "../loss.js";

export type ElementwiseLosses =
  | "squaredError"
  | "absoluteError"
  | "huber"
  | "binaryCrossEntropy"
  | "binaryCrossEntropyWithLogits"
  | "klDivergence"
  | "klDivergenceOfLogs";

export const referenceElementwiseLosses: Pick<LossKernels<FloatArray>, ElementwiseLosses> = {
  squaredError(x, target, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const d = x[i]! - target[i]!;
      const loss = d * d;
      gradient[i] = scale * 2 * d;
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  absoluteError(x, target, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const d = x[i]! - target[i]!;
      const loss = Math.abs(d);
      gradient[i] = d > 0 ? scale : d < 0 ? -scale : 0;
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  huber(x, target, width, slope, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const d = x[i]! - target[i]!;
      const size = Math.abs(d);
      let loss: number;
      if (size < width) {
        loss = (0.5 * slope * d * d) / width;
        gradient[i] = (scale * slope * d) / width;
      } else {
        loss = slope * (size - 0.5 * width);
        gradient[i] = scale * slope * Math.sign(d);
      }
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  binaryCrossEntropy(x, target, weight, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const p = x[i]!;
      const t = target[i]!;
      const w = weight ? weight[i]! : 1;
      const loss = w * ((t - 1) * Math.max(log1p(-p), -100) - t * Math.max(log(p), -100));
      gradient[i] = (scale * w * (p - t)) / Math.max(p * (1 - p), 1e-12);
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  binaryCrossEntropyWithLogits(x, target, weight, posWeight, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const logit = x[i]!;
      const t = target[i]!;
      const w = weight ? weight[i]! : 1;
      const k = posWeight ? 1 + (posWeight[i]! - 1) * t : 1;
      const e = exp(-Math.abs(logit));
      const loss = w * ((1 - t) * logit + k * (Math.max(-logit, 0) + log1p(e)));
      gradient[i] = scale * w * (1 - t - (k * (logit < 0 ? 1 : e)) / (1 + e));
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  klDivergence(x, target, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const t = target[i]!;
      const loss = (t === 0 ? 0 : t * log(t)) - t * x[i]!;
      gradient[i] = -scale * t;
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },

  klDivergenceOfLogs(x, target, scale, losses, gradient) {
    let total = 0;
    for (let i = 0; i < x.length; i++) {
      const p = exp(target[i]!);
      const loss = p * (target[i]! - x[i]!);
      gradient[i] = -scale * p;
      total += loss;
      if (losses) losses[i] = loss;
    }
    return total;
  },
};
