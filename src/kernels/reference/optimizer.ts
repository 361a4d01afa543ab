import type { FloatArray } from "../../tensor/tensor.js";
import type { OptimizerKernels } from "../optimizer.js";

export const referenceOptimizer: OptimizerKernels<FloatArray> = {
  sgd({ lr, weightDecay, maximize, momentum, dampening, nesterov }, p, g, b, first) {
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (weightDecay !== 0) d += weightDecay * p[i]!;
      if (b) {
        const velocity = first ? d : momentum * b[i]! + (1 - dampening) * d;
        b[i] = velocity;
        d = nesterov ? d + momentum * velocity : velocity;
      }
      p[i]! -= lr * d;
    }
  },

  adam(s, p, g, m, v, highest) {
    const { weightDecay, beta1, beta2, eps } = s;
    const sign = s.maximize ? -1 : 1;
    const keep = s.decoupled ? 1 - s.lr * weightDecay : 1;
    const decay = s.decoupled ? 0 : weightDecay;
    const step = s.lr / s.correction1;
    const root = Math.sqrt(s.correction2);
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (decay !== 0) d += decay * p[i]!;
      const mean = beta1 * m[i]! + (1 - beta1) * d;
      let variance = beta2 * v[i]! + (1 - beta2) * d * d;
      m[i] = mean;
      v[i] = variance;
      if (highest) {
        variance = Math.max(highest[i]!, variance);
        highest[i] = variance;
      }
      p[i] = keep * p[i]! - (step * mean) / (Math.sqrt(variance) / root + eps);
    }
  },

  adamax({ lr, weightDecay, maximize, beta1, beta2, eps, correction1 }, p, g, m, u) {
    const sign = maximize ? -1 : 1;
    const step = lr / correction1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (weightDecay !== 0) d += weightDecay * p[i]!;
      const mean = beta1 * m[i]! + (1 - beta1) * d;
      const norm = Math.max(beta2 * u[i]!, Math.abs(d) + eps);
      m[i] = mean;
      u[i] = norm;
      p[i]! -= (step * mean) / norm;
    }
  },

  radam(s, p, g, m, v) {
    const { weightDecay, beta1, beta2, eps } = s;
    const sign = s.maximize ? -1 : 1;
    const keep = s.decoupled ? 1 - s.lr * weightDecay : 1;
    const decay = s.decoupled ? 0 : weightDecay;
    const step = s.lr / s.correction1;
    const adaptive = s.rectification * Math.sqrt(s.correction2);
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (decay !== 0) d += decay * p[i]!;
      const mean = beta1 * m[i]! + (1 - beta1) * d;
      const variance = beta2 * v[i]! + (1 - beta2) * d * d;
      m[i] = mean;
      v[i] = variance;
      const scale = adaptive > 0 ? adaptive / (Math.sqrt(variance) + eps) : 1;
      p[i] = keep * p[i]! - step * mean * scale;
    }
  },

  rmsprop({ lr, weightDecay, maximize, alpha, eps, momentum }, p, g, v, a, b) {
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (weightDecay !== 0) d += weightDecay * p[i]!;
      let variance = alpha * v[i]! + (1 - alpha) * d * d;
      v[i] = variance;
      if (a) {
        const mean = alpha * a[i]! + (1 - alpha) * d;
        a[i] = mean;
        variance = Math.max(variance - mean * mean, 0); // never below 0 but for rounding, and √ of that would be NaN
      }
      d /= Math.sqrt(variance) + eps;
      if (b) {
        d += momentum * b[i]!;
        b[i] = d;
      }
      p[i]! -= lr * d;
    }
  },

  adagrad({ lr, weightDecay, maximize, eps }, p, g, sum) {
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (weightDecay !== 0) d += weightDecay * p[i]!;
      const total = sum[i]! + d * d;
      sum[i] = total;
      p[i]! -= (lr * d) / (Math.sqrt(total) + eps);
    }
  },

  adadelta({ lr, weightDecay, maximize, rho, eps }, p, g, v, deltas) {
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      if (weightDecay !== 0) d += weightDecay * p[i]!;
      const variance = rho * v[i]! + (1 - rho) * d * d;
      const delta = (d * Math.sqrt(deltas[i]! + eps)) / Math.sqrt(variance + eps);
      v[i] = variance;
      deltas[i] = rho * deltas[i]! + (1 - rho) * delta * delta;
      p[i]! -= lr * delta;
    }
  },

  rprop({ maximize, etaMinus, etaPlus, smallest, largest }, p, g, previous, size) {
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < p.length; i++) {
      let d = sign * g[i]!;
      const agreement = d * previous[i]!;
      const factor = agreement > 0 ? etaPlus : agreement < 0 ? etaMinus : 1;
      const step = Math.min(Math.max(size[i]! * factor, smallest), largest);
      if (agreement < 0) d = 0;
      size[i] = step;
      previous[i] = d;
      p[i]! -= step * Math.sign(d);
    }
  },
};
