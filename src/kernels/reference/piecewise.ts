/** Activations made of pieces; what each computes, and its derivative at the kinks, is in ../activation.ts. */

import { exp, expm1 } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { ActivationKernel } from "../interface/activation.js";
import { select } from "./select.js";

export const relu: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = select(v < 0, 0, v);
    }
  },
  backward(y, dy, dx) {
    for (let i = 0; i < dx.length; i++) dx[i] = select(y[i]! <= 0, 0, dy[i]!);
  },
};

export const leakyRelu: ActivationKernel<FloatArray> = {
  forward(x, y, slope) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v * select(v > 0, 1, slope);
    }
  },
  backward(x, dy, dx, slope) {
    for (let i = 0; i < dx.length; i++) dx[i] = dy[i]! * select(x[i]! > 0, 1, slope);
  },
};

export const elu: ActivationKernel<FloatArray> = {
  forward(x, y, alpha, scale) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = scale * (v > 0 ? v : alpha * expm1(v));
    }
  },
  backward(x, dy, dx, alpha, scale) {
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      dx[i] = dy[i]! * scale * (v > 0 ? 1 : alpha * exp(v));
    }
  },
};

export const hardtanh: ActivationKernel<FloatArray> = {
  forward(x, y, low, high) {
    for (let i = 0; i < y.length; i++) y[i] = clamp(x[i]!, low, high);
  },
  backward(x, dy, dx, low, high) {
    for (let i = 0; i < dx.length; i++) dx[i] = inside(x[i]!, low, high, dy[i]!);
  },
};

export const hardsigmoid: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) y[i] = clamp(x[i]! + 3, 0, 6) / 6;
  },
  backward(x, dy, dx) {
    for (let i = 0; i < dx.length; i++) dx[i] = inside(x[i]!, -3, 3, dy[i]! / 6);
  },
};

export const hardswish: ActivationKernel<FloatArray> = {
  forward(x, y) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v * clamp(v + 3, 0, 6); // overflows in the array's precision, as in torch
      y[i]! /= 6;
    }
  },
  /**
   * torch 1.13 takes 3 for the straight piece in whole vectors (16 floats) and for the curved one in what is left
   * over at the end, so f′(3) is 1 in the former and 3/2 in the latter; so it is here.
   */
  backward(x, dy, dx) {
    const vectors = dx.length - (dx.length % 16);
    for (let i = 0; i < dx.length; i++) {
      const v = x[i]!;
      if (v < -3) dx[i] = 0;
      else if (v > 3 || (v === 3 && i < vectors)) dx[i] = dy[i]!;
      else dx[i] = dy[i]! * (v / 3 + 0.5);
    }
  },
};

export const hardshrink: ActivationKernel<FloatArray> = {
  forward(x, y, lambd) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v >= -lambd && v <= lambd ? 0 : v;
    }
  },
  backward: shrinkBackward,
};

export const softshrink: ActivationKernel<FloatArray> = {
  forward(x, y, lambd) {
    for (let i = 0; i < y.length; i++) {
      const v = x[i]!;
      y[i] = v > lambd ? v - lambd : v < -lambd ? v + lambd : 0;
    }
  },
  backward: shrinkBackward,
};

function shrinkBackward(x: FloatArray, dy: FloatArray, dx: FloatArray, lambd: number): void {
  for (let i = 0; i < dx.length; i++) {
    const v = x[i]!;
    dx[i] = v < -lambd || v > lambd ? dy[i]! : 0;
  }
}

/** NaN stays NaN. */
function clamp(v: number, low: number, high: number): number {
  return select(v < low, low, select(v > high, high, v));
}

/** `value` where low < v < high, else 0. */
function inside(v: number, low: number, high: number, value: number): number {
  return select(v > low, select(v < high, value, 0), 0);
}
