/** The matrix product of wasm and what packs for it, against plain loops, with both kinds of SIMD. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { STEP } from "../../src/kernels/wasm/elementwise/epilogue.js";
import { depthBlocks, evenBlocks } from "../../src/kernels/wasm/gemm/blocks.js";
import * as gemm from "../../src/kernels/wasm/gemm/kernels.js";
import { DEPTH, MODE, TILE } from "../../src/kernels/wasm/gemm/multiply.js";
import { scratch } from "../../src/kernels/wasm/memory.js";
import { arrays, distance, normals } from "../support/wasm.js";

const simds = (["plain", "relaxed"] as const).filter(supports);

const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 20 }),
  columns: fc.integer({ min: 1, max: 40 }),
  depth: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 370, max: DEPTH })),
  padding: fc.integer({ min: 0, max: 5 }),
  mode: fc.constantFrom(MODE.add, MODE.zero, MODE.bias),
  relu: fc.boolean(),
  seed: fc.integer(),
});
type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;

/** c and what it should become, in double precision. */
function expected(
  { rows, columns, depth, padding, mode, relu }: Sizes,
  a: Float32Array,
  b: Float32Array,
  bias: Float32Array,
  c: Float32Array,
) {
  const result = Float64Array.from(c);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = i * (columns + padding) + j;
      let sum = mode === MODE.add ? c[at]! : mode === MODE.bias ? bias[i]! : 0;
      for (let k = 0; k < depth; k++) sum += a[i * (depth + padding) + k]! * b[k * columns + j]!;
      result[at] = relu ? Math.max(sum, 0) : sum;
    }
  }
  return result;
}

for (const simd of simds) {
  describe(`wasm product, ${simd}`, () => {
    const wide = 4 * TILE[simd].vectors;

    /** Operands of a product; b comes row by row. Rows of a and c are followed by `padding` further numbers. */
    function operands({ rows, columns, depth, padding, seed }: Sizes) {
      const panels = Math.ceil(columns / wide) * wide * depth;
      const [a, b, packed, bias, c, tables] = arrays(
        rows * (depth + padding),
        depth * columns,
        panels,
        rows,
        rows * (columns + padding),
        2 * rows + depth,
      );
      for (const [i, array] of [a, b, bias, c].entries()) normals(array, seed + i);
      for (let k = 0; k < depth; k++) {
        for (let j = 0; j < columns; j++) {
          packed[(j - (j % wide)) * depth + k * wide + (j % wide)] = b[k * columns + j]!;
        }
      }
      return { a, b, packed, bias, c, tables: new Int32Array(tables.buffer, tables.byteOffset, tables.length) };
    }

    test("of packed panels is what loops compute, whatever the sizes", () => {
      fc.assert(
        fc.property(sizes, (s) => {
          const { a, b, packed, bias, c, tables } = operands(s);
          const wanted = expected(s, a, b, bias, c);
          for (let i = 0; i < s.rows; i++) tables[i] = 4 * i * (s.depth + s.padding);
          for (let i = 0; i < s.rows; i++) tables[s.rows + i] = 4 * i * (s.columns + s.padding);
          gemm.multiplyPanels(
            simd,
            { at: a.byteOffset, rows: tables.byteOffset, line: 0 },
            packed.byteOffset,
            { at: c.byteOffset, rows: tables.byteOffset + 4 * s.rows, line: 0 },
            { ...s, mode: s.mode | (s.relu ? STEP.relu : 0), bias: bias.byteOffset },
          );
          expect(distance(c, wanted, (s.depth * s.columns) / (s.columns + s.padding))).toBeLessThan(1e-6);
        }),
      );
    });

    test("in place reads and writes the rows that the tables name, whatever the sizes", () => {
      fc.assert(
        fc.property(sizes, (s) => {
          const { a, b, bias, c, tables } = operands(s);
          const wanted = expected(s, a, b, bias, c);
          for (let i = 0; i < s.rows; i++) tables[i] = 4 * i * (s.depth + s.padding);
          for (let i = 0; i < s.rows; i++) tables[s.rows + i] = 4 * i * (s.columns + s.padding);
          for (let k = 0; k < s.depth; k++) tables[2 * s.rows + k] = 4 * k * s.columns;
          gemm.multiply(simd, {
            a: { at: a.byteOffset, rows: tables.byteOffset, line: 0 },
            b: { at: b.byteOffset, rows: tables.byteOffset + 8 * s.rows, line: 0 },
            c: { at: c.byteOffset, rows: tables.byteOffset + 4 * s.rows, line: 0 },
            rows: s.rows,
            columns: s.columns,
            depth: s.depth,
            mode: s.mode | (s.relu ? STEP.relu : 0),
            bias: bias.byteOffset,
            lines: 1,
          });
          expect(distance(c, wanted, (s.depth * s.columns) / (s.columns + s.padding))).toBeLessThan(1e-6);
        }),
      );
    });

    test("packing turns and copies what lies row by row", () => {
      const shape = fc.record({ rows: fc.integer({ min: 1, max: 30 }), length: fc.integer({ min: 1, max: 30 }) });
      fc.assert(
        fc.property(shape, fc.integer(), ({ rows, length }, seed) => {
          const panels = Math.ceil(rows / wide) * wide;
          const [from, packed, turned, sum, copied] = arrays(
            rows * length,
            panels * length,
            rows * length,
            rows * length,
            rows * length,
          );
          normals(from, seed);
          sum.fill(1);
          const source = { at: from.byteOffset, row: 4 * length };
          gemm.packColumns(simd, { ...source, rows, length }, { at: packed.byteOffset, panel: 4 * wide * length });
          gemm.transpose(source, { at: turned.byteOffset, row: 4 * rows }, length, rows);
          gemm.addTransposed(source, { at: sum.byteOffset, row: 4 * rows }, length, rows);
          gemm.copy([source.at, 0, source.row, 4], [copied.byteOffset, 0, 4, 4 * rows], 1, rows, length);
          for (let i = 0; i < rows; i++) {
            for (let k = 0; k < length; k++) {
              const number = from[i * length + k]!;
              expect(packed[(i - (i % wide)) * length + k * wide + (i % wide)]).toBe(number);
              expect(turned[k * rows + i]).toBe(number);
              expect(sum[k * rows + i]).toBe(Math.fround(number + 1));
              expect(copied[k * rows + i]).toBe(number);
            }
          }
        }),
        { numRuns: 50 },
      );
    });
  });
}

describe("blocks", () => {
  test("of a depth cover it once, in even parts that fit", () => {
    fc.assert(
      fc.property(fc.nat(5000), (depth) => {
        let at = 0;
        for (const [first, length] of depthBlocks(depth)) {
          expect(first).toBe(at);
          expect(length).toBeGreaterThan(0);
          expect(length).toBeLessThanOrEqual(DEPTH);
          at += length;
        }
        expect(at).toBe(depth);
      }),
    );
    expect(evenBlocks(7, 3)).toEqual([
      [0, 3],
      [3, 3],
      [6, 1],
    ]);
  });

  test("scratch is aligned to cache lines", () => {
    expect(scratch(1) % 64).toBe(0);
  });
});
