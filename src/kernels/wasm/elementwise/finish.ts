/**
 * What a convolution's outputs go through before they are stored: normalisation by constants, then a piecewise linear
 * activation. A channel has a record of eight numbers, in which what does not happen changes nothing:
 *
 *     t = ((y − mean) − rest) · inverse · weight + bias
 *     y = min(max(t · (t > 0 ? 1 : slope), least), most)
 *
 * These are the operations of ../norm.ts and ../activation.ts in their order, so the bits are those of the layers one by one.
 */
import type { Finish } from "../../interface/conv.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as v128 from "../assembler/v128.js";
import { scratch, view } from "../memory.js";
import { where } from "./maths.js";

const FIELDS = ["mean", "rest", "inverse", "weight", "bias", "slope", "least", "most"] as const;
/** Rows of the largest tile of a product. */
const MOST_ROWS = 6;
/** Bytes of a record: eight numbers. */
export const RECORD = 32;

/** Writes the records of all channels into scratch. `weight` and `bias` are where the norm's lie, 0 for none. */
export function finishRecords(
  { norm, slope, least, most }: Finish,
  channels: number,
  weight: number,
  bias: number,
): number {
  // A tile at the edge reads the records of rows that there are not.
  const at = scratch(RECORD * (channels + MOST_ROWS));
  const records = view(at, FIELDS.length * channels);
  const [weights, biases] = [weight, bias].map((offset) => (offset ? view(offset, channels) : undefined));
  // −0 is what can be added to any number without changing it.
  const none = norm ? 0 : -0;
  // One by one, in the order of the fields: an array for `set` takes ten times as long.
  for (let c = 0, i = 0; c < channels; c++) {
    const mean = norm ? norm.mean[c]! : 0;
    records[i++] = mean;
    records[i++] = restOf(mean);
    records[i++] = norm ? 1 / Math.sqrt(norm.variance[c]! + norm.eps) : 1;
    records[i++] = weights ? weights[c]! : 1;
    records[i++] = biases ? biases[c]! : none;
    records[i++] = slope;
    records[i++] = least;
    records[i++] = most;
  }
  return at;
}

/** What a float32 mean lacks. */
export function restOf(mean: number): number {
  return Number.isFinite(mean) ? mean - Math.fround(mean) : 0;
}

/** Finishes values of the channel whose record lies `offset` bytes behind `records`. */
export function finishValues(records: Expr<"i32">, offset: number, values: readonly Local<"v128">[]): void {
  const number = (field: (typeof FIELDS)[number]) =>
    local("v128", v128.load32Splat(records, offset + 4 * FIELDS.indexOf(field)));
  /** One number at a time: a tile's values leave no registers for all eight. */
  const each = (field: (typeof FIELDS)[number], step: (value: Local<"v128">, n: Local<"v128">) => Expr<"v128">) => {
    const n = number(field);
    for (const value of values) value.set(step(value, n));
  };
  each("mean", f32x4.sub);
  each("rest", f32x4.sub);
  each("inverse", f32x4.mul);
  each("weight", f32x4.mul);
  each("bias", f32x4.add);
  each("slope", (value, slope) => f32x4.mul(value, where(f32x4.gt(value, 0), 1, slope)));
  each("least", f32x4.max);
  each("most", f32x4.min);
}
