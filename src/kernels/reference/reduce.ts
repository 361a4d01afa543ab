import type { DimGeometry } from "../../shape/dim.js";
import { argmax, sum } from "../../tensor/reduce.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { MaxKernels, SumKernels } from "../reduce.js";
import { integersOf } from "./integers.js";

export const referenceSum: SumKernels<FloatArray> = {
  sum(g, x, y, divisor) {
    eachLine(g, (line, start) => {
      y[line] = sum(x, start, g.inner, g.size) / divisor;
    });
  },

  sumProducts(g, a, b, y) {
    eachLine(g, (line, start, end) => {
      let total = 0;
      for (let at = start; at < end; at += g.inner) total += a[at]! * b[at]!;
      y[line] = total;
    });
  },
};

export const referenceMax: MaxKernels<FloatArray> = {
  forward(g, x, y, positions) {
    const winners = integersOf(positions);
    eachLine(g, (line, start) => {
      const winner = argmax(x, start, g.inner, g.size);
      winners[line] = winner;
      y[line] = x[start + winner * g.inner]!;
    });
  },

  backward(g, positions, dy, dx) {
    const winners = integersOf(positions);
    dx.fill(0);
    eachLine(g, (line, start) => {
      dx[start + winners[line]! * g.inner] = dy[line]!;
    });
  },
};

/** Visits the lines along the middle dimension in row-major order: every `inner`-th number from `start` to before `end`. */
function eachLine(
  { outer, size, inner }: DimGeometry,
  visit: (line: number, start: number, end: number) => void,
): void {
  for (let o = 0; o < outer; o++) {
    const block = o * size * inner;
    for (let i = 0; i < inner; i++) visit(o * inner + i, block + i, block + size * inner);
  }
}
