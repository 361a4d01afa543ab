/** Sums and maxima along an axis: along rows four neighbours at a time, else four lines at a time. Sums are in double precision. */
import type { AxisGeometry } from "../../shape/axis.js";
import type { Operand } from "../../tensor/storage.js";
import type { MaxKernels, SumKernels } from "../interface/reduce.js";
import { onArrays } from "../operands.js";
import { referenceMax } from "../reference/reduce.js";
import { advance, forRange } from "./assembler/control.js";
import * as f32 from "./assembler/f32.js";
import * as f32x4 from "./assembler/f32x4.js";
import * as f64 from "./assembler/f64.js";
import * as f64x2 from "./assembler/f64x2.js";
import * as i32x4 from "./assembler/i32x4.js";
import * as v128 from "./assembler/v128.js";
import { lazy } from "./elementwise/compile.js";
import { type LineKernel, lineKernel } from "./elementwise/lines.js";
import { keep, where } from "./elementwise/maths.js";
import { type Cursor, cursor, type Doubles, doubles, singles, sweep, Total } from "./elementwise/rows.js";
import { place } from "./memory.js";

/** Σ of the products of what `arrays` hold, by one kernel along rows and one across them. */
function sumKernel<A extends string>(arrays: readonly A[]): LineKernel {
  const product = (cursors: readonly Cursor[]): Doubles =>
    cursors
      .map((each): Doubles => doubles(each.get()))
      .reduce(([low, high], [nextLow, nextHigh]) => [f64x2.mul(low, nextLow), f64x2.mul(high, nextHigh)]);
  const along = lazy((builder) => {
    const parameters = { rows: "i32", count: "i32", y: "i32", divisor: "f64", a: "i32", b: "i32" } as const;
    builder.kernel("run", parameters, ({ rows, count, y, divisor, a, b }) => {
      const pointers = arrays.length > 1 ? [a, b] : [a];
      forRange(0, rows, 1, () => {
        const total = new Total();
        sweep(count, pointers, (step) => total.add(product(pointers.map((each) => cursor(each, step))), step));
        f32.store(y, f32.demoteF64(f64.div(total.sum(), divisor)));
        advance(y, 4);
      });
    });
  });
  const across = lineKernel({ arrays, perLine: ["y"], numbers: ["divisor"] }, ({ along, lines, numbers }) => {
    const total = new Total();
    along((cursors) => total.add(product(arrays.map((name) => cursors[name]))));
    const [divisor] = doubles(numbers.divisor);
    const [low, high] = total.lanes;
    lines.y.set(singles([f64x2.div(low, divisor), f64x2.div(high, divisor)]));
  });
  return (g, [a = 0, b = 0], [y = 0] = [], [divisor = 1] = []) => {
    if (g.inner === 1) along()(g.outer, g.size, y, divisor, a, b);
    else across(g, [a, b].slice(0, arrays.length), [y], [divisor]);
  };
}

const sum = /* @__PURE__ */ sumKernel(["x"]);
const sumProducts = /* @__PURE__ */ sumKernel(["a", "b"]);

export const wasmSum: SumKernels = {
  sum(g, x, y, divisor) {
    const [from, to] = place(x, y);
    sum(g, [from], [to], [divisor]);
  },

  sumProducts(g, a, b, y) {
    const [left, right, to] = place(a, b, y);
    sumProducts(g, [left, right], [to]);
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
    const [from, to, places] = place(x, y, winners);
    max(g, [from], [to, places]);
  },

  backward: (g: AxisGeometry, winners: Operand, dy: Operand, dx: Operand) =>
    onArrays(referenceMax).backward(g, winners, dy, dx),
};
