/** Bias: channel by channel over the batch, or all channels at once where each is a column of single numbers. */
import type { BiasKernels } from "../bias.js";
import { advance, repeat } from "./assembler/control.js";
import { local } from "./assembler/expression.js";
import * as f32x4 from "./assembler/f32x4.js";
import * as v128 from "./assembler/v128.js";
import { lazy } from "./elementwise/compile.js";
import { cursor, rowKernel, sweep, Total } from "./elementwise/rows.js";
import { doublesAt } from "./elementwise/run.js";
import { addressesOf, scratch, view } from "./memory.js";

const addNumber = /* @__PURE__ */ rowKernel({ arrays: ["y"], numbers: ["b"] }, ({ y }, { b }) =>
  y.set(f32x4.add(y.get(), b)),
);
const sumRows = /* @__PURE__ */ rowKernel({ arrays: ["dy"], sums: 1 }, ({ dy }, _, addUp) => addUp(dy.get()));

/** sums[j] = Σᵢ x[i, j] in double precision, over `rows` ≥ 1 rows of x that lie `stride` bytes apart. */
const sumColumns = /* @__PURE__ */ lazy(
  () => (rows, stride, columns, x, sums) =>
    sweep(columns, [x], (step) => {
      const total = new Total();
      const row = local(x);
      repeat(rows, () => {
        total.add(cursor(row, step).get());
        advance(row, stride);
      });
      v128.store(sums, total.lanes[0]);
      if (step === 16) v128.store(sums, total.lanes[1], 16);
      advance(sums, 2 * step);
    }),
);

export const wasmBias: BiasKernels = {
  add(outer, channels, inner, bias, y) {
    const [offset, numbers] = addressesOf(y, bias);
    const b = view(numbers, channels);
    for (let c = 0; c < channels; c++) {
      addNumber()(outer, 4 * channels * inner, inner, offset + 4 * c * inner, b[c]!);
    }
  },

  gradient(outer, channels, inner, dy, dbias) {
    const [offset, gradient] = addressesOf(dy, dbias);
    if (inner === 1 && outer > 0) {
      const sums = scratch(8 * channels + 8); // a single sum is stored with its neighbor
      sumColumns()(outer, 4 * channels, channels, offset, sums);
      const [totals, db] = [doublesAt(sums, channels), view(gradient, channels)];
      for (let c = 0; c < channels; c++) db[c]! += totals[c]!;
    } else {
      const db = view(gradient, channels);
      for (let c = 0; c < channels; c++) {
        db[c]! += sumRows()(outer, 4 * channels * inner, inner, offset + 4 * c * inner);
      }
    }
  },
};
