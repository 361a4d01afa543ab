import type { DimGeometry } from "../../shape/dim.js";
import { log } from "../../tensor/log.js";
import { exp } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { SoftmaxKernels } from "../softmax.js";

export const referenceSoftmax: SoftmaxKernels<FloatArray> = {
  forward(g, x, y) {
    const { inner } = g;
    for (let line = 0; line < g.outer * inner; line++) {
      const start = startOf(g, line);
      const end = start + g.size * inner;
      const max = maximum(x, start, end, inner);
      let sum = 0;
      for (let at = start; at < end; at += inner) {
        const power = exp(x[at]! - max);
        y[at] = power;
        sum += power;
      }
      for (let at = start; at < end; at += inner) y[at]! /= sum;
    }
  },

  backward(g, y, dy, dx) {
    const { inner } = g;
    for (let line = 0; line < g.outer * inner; line++) {
      const start = startOf(g, line);
      const end = start + g.size * inner;
      let mean = 0;
      for (let at = start; at < end; at += inner) mean += dy[at]! * y[at]!;
      for (let at = start; at < end; at += inner) dx[at] = y[at]! * (dy[at]! - mean);
    }
  },

  logForward(g, x, y) {
    const { inner } = g;
    for (let line = 0; line < g.outer * inner; line++) {
      const start = startOf(g, line);
      const end = start + g.size * inner;
      const max = maximum(x, start, end, inner);
      let sum = 0;
      for (let at = start; at < end; at += inner) sum += exp(x[at]! - max);
      const logSum = log(sum);
      for (let at = start; at < end; at += inner) y[at] = x[at]! - max - logSum;
    }
  },

  logBackward(g, y, dy, dx) {
    const { inner } = g;
    for (let line = 0; line < g.outer * inner; line++) {
      const start = startOf(g, line);
      const end = start + g.size * inner;
      let sum = 0;
      for (let at = start; at < end; at += inner) sum += dy[at]!;
      for (let at = start; at < end; at += inner) dx[at] = dy[at]! - exp(y[at]!) * sum;
    }
  },
};

/** Where line (o, i), the line-th in row-major order, starts. */
function startOf({ size, inner }: DimGeometry, line: number): number {
  return line + Math.floor(line / inner) * (size - 1) * inner;
}

/** A NaN may be passed over: it comes back with the exponentials. */
function maximum(x: FloatArray, start: number, end: number, step: number): number {
  let max = -Infinity;
  for (let at = start; at < end; at += step) if (x[at]! > max) max = x[at]!;
  return max;
}
