/** The product of matrices in plain TypeScript, wherever they lie: of tensors, and of the reference's convolution and Linear. */
import type { FloatArray } from "./storage.js";

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

/** Numbers of b that are packed at a time: 1 MiB. */
const PANEL = 1 << 17;
/** With fewer rows, packing b takes longer than it saves. */
const ROWS = 4;

/**
 * c += a · b
 *
 *     c[i, j] += Σₜ a[i, t] · b[t, j]
 *
 * Sums run over t in order, in double precision, and are rounded once when they are added to c.
 *
 * Tiles of 2 × 4 keep eight sums in registers. What they read is packed, so that it lies side by side in double precision
 * and the inner loop neither converts nor looks anything up: a block of columns of b four by four, rows of a in pairs. At
 * an edge the tile repeats a row or column and does not store it.
 *
 * @param block columns of b that are packed at a time. Where elements of c share a place (patches overlap), all of them:
 *   the shares of a place are then added row by row.
 */
export function addProduct(a: Matrix, b: Matrix, c: Matrix, block = blockOf(b.rows.length)): void {
  const m = a.rows.length;
  const n = b.columns.length;
  const k = b.rows.length;
  if (m < ROWS) {
    addFewRows(a, b, c);
    return;
  }
  const { data, columns } = c;
  const panel = panels.take(k * 4 * Math.ceil(Math.min(block, n) / 4));
  const pair = pairs.take(2 * k);
  for (let first = 0; first < n; first += block) {
    const last = Math.min(n, first + block);
    packColumns(b, first, last, panel);
    for (let i = 0; i < m; i += 2) {
      const i1 = i + 1 < m ? i + 1 : i;
      packRow(a, i, pair, 0, 2);
      packRow(a, i1, pair, 1, 2);
      const r0 = c.at + c.rows[i]!;
      const r1 = c.at + c.rows[i1]!;
      for (let j = first, at = 0; j < last; j += 4) {
        let c00 = 0;
        let c01 = 0;
        let c02 = 0;
        let c03 = 0;
        let c10 = 0;
        let c11 = 0;
        let c12 = 0;
        let c13 = 0;
        for (let t = 0; t < 2 * k; t += 2) {
          const a0 = pair[t]!;
          const a1 = pair[t + 1]!;
          const b0 = panel[at]!;
          const b1 = panel[at + 1]!;
          const b2 = panel[at + 2]!;
          const b3 = panel[at + 3]!;
          at += 4;
          c00 += a0 * b0;
          c01 += a0 * b1;
          c02 += a0 * b2;
          c03 += a0 * b3;
          c10 += a1 * b0;
          c11 += a1 * b1;
          c12 += a1 * b2;
          c13 += a1 * b3;
        }
        const count = last - j;
        data[r0 + columns[j]!]! += c00;
        if (count > 1) data[r0 + columns[j + 1]!]! += c01;
        if (count > 2) data[r0 + columns[j + 2]!]! += c02;
        if (count > 3) data[r0 + columns[j + 3]!]! += c03;
        if (i1 === i) continue;
        data[r1 + columns[j]!]! += c10;
        if (count > 1) data[r1 + columns[j + 1]!]! += c11;
        if (count > 2) data[r1 + columns[j + 2]!]! += c12;
        if (count > 3) data[r1 + columns[j + 3]!]! += c13;
      }
    }
  }
}

/** The same with b read where it lies, four columns at a time. */
function addFewRows(a: Matrix, b: Matrix, c: Matrix): void {
  const n = b.columns.length;
  const k = b.rows.length;
  const { data, rows } = b;
  const row = pairs.take(k);
  for (let i = 0; i < a.rows.length; i++) {
    packRow(a, i, row, 0, 1);
    const to = c.at + c.rows[i]!;
    for (let j = 0; j < n; j += 4) {
      const [q0, q1, q2, q3] = fourColumns(b, j, n);
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      for (let t = 0; t < k; t++) {
        const a0 = row[t]!;
        const at = rows[t]!;
        c0 += a0 * data[q0 + at]!;
        c1 += a0 * data[q1 + at]!;
        c2 += a0 * data[q2 + at]!;
        c3 += a0 * data[q3 + at]!;
      }
      c.data[to + c.columns[j]!]! += c0;
      if (j + 1 < n) c.data[to + c.columns[j + 1]!]! += c1;
      if (j + 2 < n) c.data[to + c.columns[j + 2]!]! += c2;
      if (j + 3 < n) c.data[to + c.columns[j + 3]!]! += c3;
    }
  }
}

/** Columns of b that fit into a panel, whole tiles and one at least. */
function blockOf(depth: number): number {
  return Math.max(4, Math.floor(PANEL / depth / 4) * 4);
}

/** panel[4·t + j % 4], from a tile's start on, = b[t, j] */
function packColumns(b: Matrix, first: number, last: number, panel: Float64Array): void {
  const { data, rows } = b;
  let to = 0;
  for (let j = first; j < last; j += 4) {
    const [q0, q1, q2, q3] = fourColumns(b, j, last);
    for (let t = 0; t < rows.length; t++) {
      const at = rows[t]!;
      panel[to] = data[q0 + at]!;
      panel[to + 1] = data[q1 + at]!;
      panel[to + 2] = data[q2 + at]!;
      panel[to + 3] = data[q3 + at]!;
      to += 4;
    }
  }
}

/** Where four columns start; the last one stands for those that there are not. */
function fourColumns({ at, columns }: Matrix, first: number, end: number): [number, number, number, number] {
  const start = (j: number) => at + columns[Math.min(j, end - 1)]!;
  return [start(first), start(first + 1), start(first + 2), start(first + 3)];
}

/** packed[offset + step·t] = a[i, t] */
function packRow({ data, at, rows, columns }: Matrix, i: number, packed: Float64Array, offset: number, step: number) {
  const from = at + rows[i]!;
  for (let t = 0, to = offset; t < columns.length; t++, to += step) packed[to] = data[from + columns[t]!]!;
}

/** Working memory in double precision, grown to the largest request and reused. */
class Scratch {
  #buffer = new Float64Array(0);

  take(length: number): Float64Array {
    if (this.#buffer.length < length) this.#buffer = new Float64Array(length);
    return this.#buffer;
  }
}

const panels = /* @__PURE__ */ new Scratch();
const pairs = /* @__PURE__ */ new Scratch();
