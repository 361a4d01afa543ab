/** Linear as one product; only the operand that is not read row by row is packed. */
import type { LinearGeometry } from "../../shape/linear.js";
import type { LinearKernels } from "../linear.js";
import type { Simd } from "./assembler/simd.js";
import { NO_STEPS } from "./elementwise/epilogue.js";
import { depthBlocks, evenBlocks } from "./gemm/blocks.js";
import { dots } from "./gemm/dots.js";
import * as gemm from "./gemm/kernels.js";
import { DEPTH, MODE } from "./gemm/multiply.js";
import { multiplesOf } from "./gemm/table.js";
import { addressesOf, scratch } from "./memory.js";
import { runAll, type Task } from "./task.js";

/** Columns of a result that are computed at a time: their packed panels stay in the cache. */
const COLUMNS = 96;

/** With no more rows, packing the weights takes longer than it saves. */
const FEW_ROWS = 1;

export function wasmLinear(simd: Simd): LinearKernels {
  return {
    /** y = x (rows × in) · weightᵀ (in × out) */
    forward({ rows, inFeatures, outFeatures }, x, weight, bias, y, epilogue) {
      if (y.length === 0) return;
      const { norm, sum } = epilogue ?? {};
      const [a, w, start, c, ...others] = addressesOf(x, weight, bias, y, norm?.weight, norm?.bias, sum);
      const steps = gemm.keepSum(
        epilogue ? epilogue.kernels.wasm.stepsOf(epilogue, outFeatures, c, others) : NO_STEPS,
        c,
        rows * outFeatures,
      );
      if (rows <= FEW_ROWS) {
        runAll(dotsTask(simd, { rows, inFeatures, outFeatures }, a, w, start, c));
      } else {
        if (start !== 0) gemm.copy([start, 0, 0, 4], [c, 0, 4 * outFeatures, 4], 1, rows, outFeatures);
        const b = { at: w, column: 4 * inFeatures, entry: 4 };
        runAll(product(simd, { rows, columns: outFeatures, depth: inFeatures, a, b, c, add: start !== 0 }));
      }
      steps.pass?.(c, rows, outFeatures, 1, steps);
    },

    /** dx = dy (rows × out) · weight (out × in) */
    inputGradient({ rows, inFeatures, outFeatures }, dy, weight, dx) {
      if (dx.length === 0) return;
      const [a, w, c] = addressesOf(dy, weight, dx);
      const b = { at: w, column: 4, entry: 4 * inFeatures };
      runAll(product(simd, { rows, columns: inFeatures, depth: outFeatures, a, b, c, add: false }));
    },

    /** dweight += dyᵀ (out × rows) · x (rows × in) */
    weightGradient({ rows, inFeatures, outFeatures }, x, dy, dweight) {
      if (dweight.length === 0 || rows === 0) return;
      const [input, gradient, c] = addressesOf(x, dy, dweight);
      const transposed = scratch(4 * rows * outFeatures);
      const from = { at: gradient, row: 4 * outFeatures };
      gemm.transpose(from, { at: transposed, row: 4 * rows }, outFeatures, rows);
      const b = { at: input, column: 4, entry: 4 * inFeatures };
      runAll(product(simd, { rows: outFeatures, columns: inFeatures, depth: rows, a: transposed, b, c, add: true }));
    },
  };
}

/** The product of few rows. A part is a block of outputs. */
function dotsTask(simd: Simd, g: LinearGeometry, x: number, weight: number, bias: number, y: number): Task {
  const blocks = evenBlocks(g.outFeatures, COLUMNS);
  const [, block] = depthBlocks(g.inFeatures)[0] ?? [0, 0];
  return {
    parts: blocks.length,
    run(from, to) {
      for (const [first, outputs] of blocks.slice(from, to)) {
        const sizes = { rows: g.rows, outputs, depth: g.inFeatures, block, yRow: 4 * g.outFeatures };
        dots(simd, x, weight + 4 * first * g.inFeatures, bias && bias + 4 * first, y + 4 * first, sizes);
      }
    },
  };
}

export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** rows × depth, row by row. */
  readonly a: number;
  /** depth × columns, of which either neighboring columns or neighboring entries of a column lie side by side. */
  readonly b: { readonly at: number; readonly column: number; readonly entry: number };
  /** rows × columns, row by row. */
  readonly c: number;
  /** Whether the product is added to what c holds. */
  readonly add: boolean;
}

/** c = or += a · b. A part is a block of columns. */
export function product(simd: Simd, { rows, columns, depth, a, b, c, add }: Product): Task {
  const wide = gemm.panelOf(simd);
  const sums = depthBlocks(depth);
  const blocks = evenBlocks(columns, COLUMNS);
  const panels = scratch(4 * Math.min(depth, DEPTH) * COLUMNS);
  const [aRows, cRows] = [multiplesOf(4 * depth, rows), multiplesOf(4 * columns, rows)];
  const isColumnwise = b.entry === 4;
  const [entries, places] = isColumnwise ? [0, 0] : [multiplesOf(b.entry, depth), multiplesOf(4, COLUMNS + wide)];
  return {
    parts: blocks.length,
    run(from, to) {
      for (const [column, count] of blocks.slice(from, to)) {
        for (const [first, length] of sums) {
          const source = b.at + column * b.column;
          const packed = { at: panels, tap: 4 * wide, panel: 4 * wide * length };
          if (isColumnwise)
            gemm.packColumns(simd, { at: source + 4 * first, row: b.column, rows: count, length }, packed);
          else gemm.patches(simd, source, { at: entries + 4 * first, count: length }, { at: places, count }, packed);
          gemm.multiplyPanels(
            simd,
            { at: a + 4 * first, rows: aRows, line: 0 },
            panels,
            { at: c + 4 * column, rows: cRows, line: 0 },
            { rows, columns: count, depth: length, mode: first > 0 ? MODE.block : add ? MODE.add : MODE.zero, bias: 0 },
          );
        }
      }
    },
  };
}
