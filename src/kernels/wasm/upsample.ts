/**
 * Resizing one dimension: every number of the result is mixed from a list of numbers of the source, forward from the taps of
 * its position, backward from the positions that the source had a part in. The bits are the reference's.
 *
 * From the reference: very many pixels from one.
 */
import type { ResizedDim } from "../../shape/upsample.js";
import type { Operand } from "../../tensor/storage.js";
import { onArrays } from "../operands.js";
import { MANY, referenceUpsample } from "../reference/upsample.js";
import type { UpsampleKernels } from "../upsample.js";
import { advance, forRange } from "./assembler/control.js";
import { type Expr, type Local, local } from "./assembler/expression.js";
import * as f64 from "./assembler/f64.js";
import * as f64x2 from "./assembler/f64x2.js";
import * as i32 from "./assembler/i32.js";
import { lazy } from "./elementwise/compile.js";
import { gathered } from "./elementwise/lines.js";
import { keep, type Vector } from "./elementwise/math.js";
import { cursor, doubles, singles, sweep } from "./elementwise/rows.js";
import { addressesOf, memory, scratch } from "./memory.js";

/** What each position of a result is mixed from: entries up to its end, each a position of the source and a weight. */
interface Mixture {
  readonly ends: Int32Array;
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

/** Bytes of an entry of a mixture: how far after the first position the source is, and its weight in double precision. */
const ENTRY = 16;

/**
 * Kernels that mix. Forward, sums are in double precision; backward, `rounds` says that each is rounded after every
 * summand, as it is where summands are added to an array.
 */
function mixing(rounds: boolean) {
  /** Mixes one position, whose entries follow `entry`. */
  const mix = (entry: Local<"i32">, end: Expr<"i32">, read: (behind: Expr<"i32">) => Vector): Vector => {
    const start = f64x2.splat(rounds ? 0 : -0); // −0 + x is x, also for −0
    const [low, high] = [keep(start), keep(start)];
    forRange(entry, end, ENTRY, (at) => {
      const weight = keep(f64x2.splat(f64.load(at, 8)));
      const [left, right] = doubles(read(i32.load(at)));
      low.set(f64x2.add(low, f64x2.mul(left, weight)));
      high.set(f64x2.add(high, f64x2.mul(right, weight)));
      if (!rounds) return;
      const [roundedLow, roundedHigh] = doubles(singles([low, high]));
      low.set(roundedLow);
      high.set(roundedHigh);
    });
    return singles([low, high]);
  };

  /** Neighbors are mixed alike, four at a time. */
  const rows = lazy(
    () => (outer, out, inner, plane, from, to, ends, entries) =>
      forRange(0, outer, 1, () => {
        const entry = local(entries);
        const last = local(ends);
        forRange(0, out, 1, () => {
          const end = local(i32.add(entries, i32.load(last)));
          const source = local(from);
          sweep(inner, [to, source], (step) => {
            const read = (behind: Expr<"i32">) => cursor(local(i32.add(source, behind)), step).get();
            cursor(to, step).set(mix(entry, end, read));
          });
          entry.set(end);
          advance(last, 4);
        });
        advance(from, plane);
      }),
  );

  /** Where no neighbors are mixed alike, four lines at a time. */
  const lines = lazy(() => (outer, out, _inner, plane, from, to, ends, entries) => {
    const written = local(i32.shl(out, 2));
    const behind = (bytes: Local<"i32">) => [1, 2, 3].map((count) => local(i32.mul(bytes, count)));
    const [sources, targets] = [behind(plane), behind(written)];
    const line = local(0); // four bytes per line
    sweep(outer, [line], (step) => {
      const four = (at: Local<"i32">, others: readonly Local<"i32">[]) =>
        step === 16 ? gathered(at, others) : cursor(at, 4);
      const source = local(i32.add(from, i32.mul(i32.shrU(line, 2), plane)));
      const target = local(i32.add(to, i32.mul(i32.shrU(line, 2), written)));
      const entry = local(entries);
      const last = local(ends);
      forRange(0, out, 1, () => {
        const end = local(i32.add(entries, i32.load(last)));
        four(target, targets).set(mix(entry, end, (by) => four(local(i32.add(source, by)), sources).get()));
        entry.set(end);
        advance(last, 4);
        advance(target, 4);
      });
    });
  });

  return (mixture: Mixture, size: number, outer: number, inner: number, x: Operand, y: Operand): void => {
    const [from, to] = addressesOf(x, y);
    const { ends: lasts, index, weight } = mixture;
    const entries = scratch(ENTRY * index.length);
    const ends = scratch(4 * lasts.length);
    const { buffer } = memory();
    const integers = new Int32Array(buffer);
    const weights = new Float64Array(buffer, entries, 2 * index.length);
    for (let i = 0; i < index.length; i++) {
      integers[entries / 4 + 4 * i] = 4 * index[i]! * inner;
      weights[2 * i + 1] = weight[i]!;
    }
    for (let i = 0; i < lasts.length; i++) integers[ends / 4 + i] = ENTRY * lasts[i]!;
    const kernel = inner === 1 ? lines() : rows();
    kernel(outer, lasts.length, inner, 4 * size * inner, from, to, ends, entries);
  };
}

const forward = /* @__PURE__ */ mixing(false);
const backward = /* @__PURE__ */ mixing(true);

export const wasmUpsample: UpsampleKernels = {
  forward(dim, outer, inner, x, y) {
    const { size, out, taps, index, weight } = dim;
    if (out > MANY * size) onArrays(referenceUpsample.forward, dim, outer, inner, x, y);
    else {
      const ends = Int32Array.from({ length: out }, (_, i) => (i + 1) * taps);
      forward({ ends, index, weight }, size, outer, inner, x, y);
    }
  },

  backward(dim, outer, inner, dy, dx) {
    const { size, out } = dim;
    if (out > MANY * size) onArrays(referenceUpsample.backward, dim, outer, inner, dy, dx);
    else backward(adjointOf(dim), out, outer, inner, dy, dx);
  },
};

/** Where each pixel of the input went, in the order of the output. */
function adjointOf({ size, taps, index, weight }: ResizedDim): Mixture {
  const ends = new Int32Array(size);
  for (const pixel of index) ends[pixel]!++;
  let count = 0;
  for (let pixel = 0; pixel < size; pixel++) {
    const own = ends[pixel]!;
    ends[pixel] = count; // for now where its entries start
    count += own;
  }
  const adjoint = { ends, index: new Int32Array(count), weight: new Float64Array(count) };
  for (const [i, pixel] of index.entries()) {
    const at = ends[pixel]!++;
    adjoint.index[at] = Math.floor(i / taps);
    adjoint.weight[at] = weight[i]!;
  }
  return adjoint;
}
