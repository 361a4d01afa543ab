/** Smooth activations; what each computes is in ../activation.ts. Here f′ is written beside each backward. */

import * as math from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { ActivationKernel } from "../interface/activation.js";

/** 1/√(2π): the normal density at 0. */
const DENSITY = 0.3989422804014327;
/** √(2/π) */
const GELU_BETA = 0.7978845608028654;
const GELU_KAPPA = 0.044715;

export const sigmoid: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = math.sigmoid(x[i]!);
  },
  /** y (1 − y) */
  backward(y, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const s = y[i]!;
      dx[i] = dy[i]! * (1 - s) * s;
    }
  },
};

export const tanh: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = math.tanh(x[i]!);
  },
  /** 1 − y² */
  backward(y, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const t = y[i]!;
      dx[i] = dy[i]! * (1 - t * t);
    }
  },
};

export const gelu: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = 0.5 * v * (1 + math.erf(v * Math.SQRT1_2));
    }
  },
  /** Φ(x) + x φ(x) with the normal density φ */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      dx[i] = dy[i]! * (0.5 * (1 + math.erf(v * Math.SQRT1_2)) + v * DENSITY * math.exp(-0.5 * v * v));
    }
  },
};

export const geluTanh: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = 0.5 * v * (1 + math.tanh(GELU_BETA * (v + GELU_KAPPA * v * v * v)));
    }
  },
  /** ½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²) with t the forward's tanh */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      dx[i] = v * v; // overflows in the array's precision, as in torch: NaN from |x| = 2·10¹⁹ on
      const square = dx[i]!;
      const t = math.tanh(GELU_BETA * (v + GELU_KAPPA * v * square));
      const slope = GELU_BETA * (1 + 3 * GELU_KAPPA * square);
      dx[i] = dy[i]! * 0.5 * (1 + t + v * (1 - t * t) * slope);
    }
  },
};

export const silu: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v / (1 + math.exp(-v));
    }
  },
  /** s (1 + x (1 − s)) with s = math.sigmoid(x) */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      const s = 1 / (1 + math.exp(-v));
      dx[i] = dy[i]! * s * (1 + v * (1 - s));
    }
  },
};

export const softplus: ActivationKernel<FloatArray> = {
  forward(x, y, beta, threshold) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v * beta; // compared with the threshold after rounding, as in torch
      const z = y[i]!;
      y[i] = z > threshold ? v : math.softplus(z) / beta;
    }
  },
  /** math.sigmoid(px) */
  backward(x, dy, dx, beta, threshold) {
    for (let i = 0; i < dx.length; i++) {
      dx[i] = x[i]! * beta;
      const z = dx[i]!;
      dx[i] = z > threshold ? dy[i]! : dy[i]! * math.sigmoid(z);
    }
  },
};

export const mish: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v * tanhSoftplus(v);
    }
  },
  /** t + x · math.sigmoid(x) · (1 − t²) with t = math.tanh(log(1 + eˣ)) */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      const t = tanhSoftplus(v);
      dx[i] = dy[i]! * (t + v * math.sigmoid(v) * (1 - t * t));
    }
  },
};

export const softsign: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v / (1 + Math.abs(v));
    }
  },
  /** 1 / (1 + |x|)², written so that it is NaN at ±∞, as f is there */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const size = Math.abs(x[i]!);
      dx[i] = (dy[i]! * (1 - size / (1 + size))) / (1 + size);
    }
  },
};

export const tanhshrink: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v - math.tanh(v);
    }
  },
  /** tanh² x */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) {
      const t = math.tanh(x[i]!);
      dx[i] = dy[i]! * t * t;
    }
  },
};

export const logSigmoid: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = -math.softplus(-x[i]!);
  },
  /** math.sigmoid(−x) */
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) dx[i] = dy[i]! * math.sigmoid(-x[i]!);
  },
};

/** math.tanh(log(1 + eˣ)) = ((1 + eˣ)² − 1) / ((1 + eˣ)² + 1), in the power of e that does not overflow. */
function tanhSoftplus(x: number): number {
  if (x > 0) {
    const u = math.exp(-x);
    return (1 + 2 * u) / (1 + 2 * u + 2 * u * u);
  }
  const w = math.exp(x);
  return (w * (w + 2)) / (w * (w + 2) + 2);
}
