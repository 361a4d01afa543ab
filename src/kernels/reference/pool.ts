/** Poolings by plain loops; the maximum of 2 × 2 windows side by side, the commonest, has a loop of its own. */
import type { PoolDim, PoolGeometry } from "../../shape/pool.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { AveragePoolKernels, MaxPoolKernels } from "../pool.js";
import { integersOf } from "./integers.js";

export const referenceMaxPool: MaxPoolKernels<FloatArray> = {
  maxForward(g, x, y, positions) {
    const argmax = integersOf(positions);
    if (halves(g.rows) && halves(g.columns)) return halfMax(g, x, y, argmax);
    const { planes, rows, columns } = g;
    const width = columns.size;
    let to = 0;
    for (let n = 0; n < planes; n++) {
      const plane = n * rows.size * width;
      for (let i = 0; i < rows.out; i++) {
        for (let j = 0; j < columns.out; j++) {
          const at = windowMax(g, i, j, x, plane);
          y[to] = at < 0 ? -Infinity : x[plane + at]!;
          argmax[to++] = at;
        }
      }
    }
  },

  maxBackward({ planes, rows, columns }, dy, positions, dx) {
    const argmax = integersOf(positions);
    const pixels = rows.out * columns.out;
    eachPlane(planes, rows, columns, dx, (n, sums, plane) => {
      const end = (n + 1) * pixels;
      for (let from = n * pixels; from < end; from++) {
        const at = argmax[from]!;
        if (at >= 0) sums[plane + at]! += dy[from]!;
      }
    });
  },
};

export const referenceAveragePool: AveragePoolKernels<FloatArray> = {
  averageForward({ planes, rows, columns }, x, y) {
    const width = columns.size;
    let to = 0;
    for (let n = 0; n < planes; n++) {
      const plane = n * rows.size * width;
      for (let i = 0; i < rows.out; i++) {
        const top = rows.first[i]!;
        const bottom = rows.end[i]!;
        for (let j = 0; j < columns.out; j++) {
          const left = columns.first[j]!;
          const right = columns.end[j]!;
          let sum = 0;
          for (let r = top; r < bottom; r++) {
            const row = plane + r * width;
            for (let c = left; c < right; c++) sum += x[row + c]!;
          }
          y[to++] = sum / (rows.count[i]! * columns.count[j]!);
        }
      }
    }
  },

  averageBackward({ planes, rows, columns }, dy, dx) {
    const width = columns.size;
    let from = 0;
    eachPlane(planes, rows, columns, dx, (_, sums, plane) => {
      for (let i = 0; i < rows.out; i++) {
        const top = rows.first[i]!;
        const bottom = rows.end[i]!;
        for (let j = 0; j < columns.out; j++) {
          const left = columns.first[j]!;
          const right = columns.end[j]!;
          const share = dy[from++]! / (rows.count[i]! * columns.count[j]!);
          for (let r = top; r < bottom; r++) {
            const row = plane + r * width;
            for (let c = left; c < right; c++) sums[row + c]! += share;
          }
        }
      }
    });
  },
};

/** So many times more windows than pixels, and a pixel's sum is one of doubles: in float32 it might stop at 2²⁴. */
const MANY = 1 << 10;

/** Visits the planes of dx with zeros to add to, from `plane` on. */
function eachPlane(
  planes: number,
  rows: PoolDim,
  columns: PoolDim,
  dx: FloatArray,
  visit: (n: number, sums: FloatArray, plane: number) => void,
): void {
  const pixels = rows.size * columns.size;
  const sums = rows.out * columns.out > MANY * pixels ? new Float64Array(pixels) : undefined;
  dx.fill(0);
  for (let n = 0; n < planes; n++) {
    visit(n, sums?.fill(0) ?? dx, sums ? 0 : n * pixels);
    if (sums) dx.set(sums, n * pixels);
  }
}

/** Position in its plane of the maximum of window (i, j); −1 where the window has no pixel. */
function windowMax({ rows, columns }: PoolGeometry, i: number, j: number, x: FloatArray, plane: number): number {
  const width = columns.size;
  const left = columns.first[j]!;
  const right = columns.end[j]!;
  let best = -Infinity;
  let at = -1;
  for (let r = rows.first[i]!; r < rows.end[i]!; r += rows.step) {
    const row = r * width;
    for (let c = left; c < right; c += columns.step) {
      const value = x[plane + row + c]!;
      // The first pixel wins a window of −∞, the last NaN a window with several.
      if (value > best || at < 0 || Number.isNaN(value)) {
        best = value;
        at = row + c;
      }
    }
  }
  return at;
}

/** Whether the windows are pairs of neighbors side by side. */
export function halves({ first, end, step }: PoolDim): boolean {
  return step === 1 && first.every((start, i) => start === 2 * i && end[i] === start + 2);
}

/**
 * Comparisons become numbers instead of branches, which images make unpredictable: 5.0 ns a window on a Zen 5 core
 * (Node 20), where branches take 16 and the general loop 24.
 */
function halfMax(g: PoolGeometry, x: FloatArray, y: FloatArray, argmax: Int32Array): void {
  const { planes, rows, columns } = g;
  const width = columns.size;
  let to = 0;
  for (let n = 0; n < planes; n++) {
    const plane = n * rows.size * width;
    for (let i = 0; i < rows.out; i++) {
      let corner = plane + 2 * i * width;
      for (let j = 0; j < columns.out; j++) {
        const a = x[corner]!;
        const b = x[corner + 1]!;
        const c = x[corner + width]!;
        const d = x[corner + width + 1]!;
        let at = corner;
        if (Number.isNaN(a + b + c + d)) {
          at = plane + windowMax(g, i, j, x, plane); // NaN, or ∞ − ∞
        } else {
          const upper = corner + +(b > a);
          const lower = corner + width + +(d > c);
          at = upper + Math.imul(+(x[lower]! > x[upper]!), lower - upper);
        }
        y[to] = x[at]!;
        argmax[to++] = at - plane;
        corner += 2;
      }
    }
  }
}
