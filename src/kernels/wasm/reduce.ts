/** Sums, in double precision, and maxima along a dimension. */
import type { DimGeometry } from "../../shape/dim.js";
import { onArrays } from "../operands.js";
import type { MaxKernels, SumKernels } from "../reduce.js";
import { referenceMax } from "../reference/reduce.js";
import { advance, forRange } from "./assembler/control.js";
import { local } from "./assembler/expression.js";
import * as f32 from "./assembler/f32.js";
import * as f32x4 from "./assembler/f32x4.js";
import * as f64 from "./assembler/f64.js";
import * as f64x2 from "./assembler/f64x2.js";
import * as i32 from "./assembler/i32.js";
import * as i32x4 from "./assembler/i32x4.js";
import * as v128 from "./assembler/v128.js";
import { lazy } from "./elementwise/compile.js";
import { lineKernel } from "./elementwise/lines.js";
import { keep, type Vector, where } from "./elementwise/math.js";
import { cursor, type Doubles, doubles, type Step, singles, sweep, Total } from "./elementwise/rows.js";
import { addressesOf } from "./memory.js";

/** Four times as many neighbors are added up at a time: the numbers of a line of the cache. */
const VECTORS = 4;

/** The sums of the products of what this many arrays hold: of each row by itself, and of each column of a matrix. */
function summation(count: 1 | 2) {
  const product = (vectors: readonly Vector[]): Doubles =>
    vectors
      .map((vector): Doubles => doubles(vector))
      .reduce(([low, high], [otherLow, otherHigh]) => [f64x2.mul(low, otherLow), f64x2.mul(high, otherHigh)]);

  const rows = lazy(
    () => (rows, length, a, b, y, divisor) => {
      const pointers = [a, b].slice(0, count);
      forRange(0, rows, 1, () => {
        const total = new Total();
        sweep(length, pointers, (step) => total.add(product(pointers.map((at) => cursor(at, step).get())), step));
        f32.store(y, f32.demoteF64(f64.div(total.sum(), divisor)));
        advance(y, 4);
      });
    },
    ["i32", "i32", "i32", "i32", "i32", "f64"],
  );

  const columns = lazy(
    () => (columns, length, stride, a, b, y, divisor) => {
      const pointers = [a, b].slice(0, count);
      const by = keep(f64x2.splat(divisor));
      const addUp = (vectors: number, step: Step) => {
        const totals = Array.from({ length: vectors }, () => new Total());
        const places = pointers.map((at) => local(at));
        forRange(0, length, 1, () => {
          for (const [i, total] of totals.entries()) {
            total.add(product(places.map((at) => (step === 16 ? v128.load(at, 16 * i) : v128.load32Splat(at)))));
          }
          for (const at of places) advance(at, stride);
        });
        for (const [i, { lanes }] of totals.entries()) {
          const sums = singles([f64x2.div(lanes[0], by), f64x2.div(lanes[1], by)]);
          if (step === 16) v128.store(y, sums, 16 * i);
          else v128.store32Lane(y, 0, sums);
        }
        for (const at of [...pointers, y]) advance(at, vectors * step);
      };
      forRange(0, i32.divU(columns, 4 * VECTORS), 1, () => addUp(VECTORS, 16));
      forRange(0, i32.remU(i32.shrU(columns, 2), VECTORS), 1, () => addUp(1, 16));
      forRange(0, i32.and(columns, 3), 1, () => addUp(1, 4));
    },
    ["i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  );

  return ({ outer, size, inner }: DimGeometry, a: number, b: number, y: number, divisor: number) => {
    if (inner === 1) rows()(outer, size, a, b, y, divisor);
    else {
      for (let o = 0; o < outer; o++) {
        const at = 4 * o * inner;
        columns()(inner, size, 4 * inner, a + at * size, b + at * size, y + at, divisor);
      }
    }
  };
}

const sums = /* @__PURE__ */ summation(1);
const sumsOfProducts = /* @__PURE__ */ summation(2);

export const wasmSum: SumKernels = {
  sum(g, x, y, divisor) {
    const [from, to] = addressesOf(x, y);
    sums(g, from, 0, to, divisor);
  },

  sumProducts(g, a, b, y) {
    const [left, right, to] = addressesOf(a, b, y);
    sumsOfProducts(g, left, right, to, 1);
  },
};

const ONE = [1, 1, 1, 1] as const;

const max = /* @__PURE__ */ lineKernel({ arrays: ["x"], perLine: ["y", "winners"] }, ({ along, lines }) => {
  const best = keep(Number.NEGATIVE_INFINITY);
  const [winner, here] = [keep(0), keep(0)];
  along(({ x }) => {
    const value = keep(x.get());
    const isFirstNaN = v128.andnot(f32x4.eq(best, best), f32x4.eq(value, value));
    const wins = keep(v128.or(f32x4.gt(value, best), isFirstNaN));
    best.set(where(wins, value, best));
    winner.set(where(wins, here, winner));
    here.set(i32x4.add(here, i32x4.const(...ONE)));
  });
  lines.y.set(best);
  lines.winners.set(winner);
});

/** From the reference: backward, which only writes to the winners. */
export const wasmMax: MaxKernels = {
  forward(g, x, y, winners) {
    const [from, to, places] = addressesOf(x, y, winners);
    max(g, [from], [to, places]);
  },

  backward(g, winners, dy, dx) {
    onArrays(referenceMax.backward, g, winners, dy, dx);
  },
};
