import type { FloatArray } from "../../tensor/tensor.js";
import { DoubleScratch } from "./scratch.js";

/**
 * A matrix inside an array: element (i, j) is data[at + rows[i] + columns[j]]. Dense matrices, their transposes and the
 * patches of an image are all of this form, so that one product serves them and none has to be copied first.
 */
export interface Matrix<A extends FloatArray = FloatArray> {
  readonly data: A;
  /** Where the matrix starts; the only thing that differs from image to image. */
  at: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** A dense matrix in row-major order. */
export function dense<A extends FloatArray>(data: A, rows: number, columns: number): Matrix<A> {
  return { data, at: 0, rows: multiples(rows, columns), columns: multiples(columns, 1) };
}

export function transpose<A extends FloatArray>({ data, at, rows, columns }: Matrix<A>): Matrix<A> {
  return { data, at, rows: columns, columns: rows };
}

function multiples(count: number, step: number): Int32Array {
  const table = new Int32Array(count);
  for (let i = 0; i < count; i++) table[i] = i * step;
  return table;
}

const panels = /* @__PURE__ */ new DoubleScratch();

/**
 * c += a · b
 *
 *     c[i, j] += Σₜ a[i, t] · b[t, j]
 *
 * Sums run over t in order, in double precision, and are rounded once when they are added to c. Elements of c that lie
 * at the same place (patches overlap) each add their share.
 *
 * Tiles of 2 × 4 keep eight sums in registers; rows of a are copied in pairs, so that the inner loop reads them side by
 * side; b is in double precision, so that it converts nothing. At an edge the tile repeats a row or column and does not
 * store it.
 */
export function addProduct(a: Matrix, b: Matrix<Float64Array>, c: Matrix): void {
  const m = a.rows.length;
  const n = b.columns.length;
  const k = b.rows.length;
  const panel = panels.take(2 * k);
  const from = b.data;
  const fromRows = b.rows;
  const to = c.data;
  for (let i = 0; i < m; i += 2) {
    const i1 = i + 1 < m ? i + 1 : i;
    packRows(a, a.at + a.rows[i]!, a.at + a.rows[i1]!, panel);
    const r0 = c.at + c.rows[i]!;
    const r1 = c.at + c.rows[i1]!;
    for (let j = 0; j < n; j += 4) {
      const j1 = j + 1 < n ? j + 1 : j;
      const j2 = j + 2 < n ? j + 2 : j;
      const j3 = j + 3 < n ? j + 3 : j;
      const q0 = b.at + b.columns[j]!;
      const q1 = b.at + b.columns[j1]!;
      const q2 = b.at + b.columns[j2]!;
      const q3 = b.at + b.columns[j3]!;
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let c10 = 0;
      let c11 = 0;
      let c12 = 0;
      let c13 = 0;
      for (let t = 0; t < k; t++) {
        const row = fromRows[t]!;
        const a0 = panel[2 * t]!;
        const a1 = panel[2 * t + 1]!;
        const b0 = from[q0 + row]!;
        const b1 = from[q1 + row]!;
        const b2 = from[q2 + row]!;
        const b3 = from[q3 + row]!;
        c00 += a0 * b0;
        c01 += a0 * b1;
        c02 += a0 * b2;
        c03 += a0 * b3;
        c10 += a1 * b0;
        c11 += a1 * b1;
        c12 += a1 * b2;
        c13 += a1 * b3;
      }
      const s0 = c.columns[j]!;
      const s1 = c.columns[j1]!;
      const s2 = c.columns[j2]!;
      const s3 = c.columns[j3]!;
      to[r0 + s0]! += c00;
      if (j1 > j) to[r0 + s1]! += c01;
      if (j2 > j) to[r0 + s2]! += c02;
      if (j3 > j) to[r0 + s3]! += c03;
      if (i1 === i) continue;
      to[r1 + s0]! += c10;
      if (j1 > j) to[r1 + s1]! += c11;
      if (j2 > j) to[r1 + s2]! += c12;
      if (j3 > j) to[r1 + s3]! += c13;
    }
  }
}

/** panel[2t] = a[first row, t], panel[2t + 1] = a[second row, t] */
function packRows({ data, columns }: Matrix, first: number, second: number, panel: Float64Array): void {
  for (let t = 0; t < columns.length; t++) {
    const column = columns[t]!;
    panel[2 * t] = data[first + column]!;
    panel[2 * t + 1] = data[second + column]!;
  }
}
