/**
 * The epilogue of a convolution or of Linear (../../epilogue.ts), in steps that a kernel takes before it stores
 * its results:
 *
 *     norm         y = ((y − mean) − rest) · inverse · weight + bias
 *     sum          y = y + sum
 *     relu         y = max(y, 0)
 *     activation   y = min(max(y · (y > 0 ? 1 : slope), min), max)
 *
 * These are the operations of ../norm.ts, ../merge.ts and ../activation.ts in their order, so the bits are those of the
 * layers one by one. The numbers of norm and activation are eight constants for each channel.
 */
import type { Epilogue, Steps } from "../../epilogue.js";
import { advance, forRange, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import { add, gt, mul, pmax, pmin, sub } from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as v128 from "../assembler/v128.js";
import { scratch, view } from "../memory.js";
import { lazy } from "./compile.js";
import { constant, keep, type Vector, where } from "./math.js";
import { cursor, sweep } from "./rows.js";

/** The steps as bits, which the mode of a product holds as well (../gemm/multiply.ts). */
export const STEP = { norm: 8, sum: 16, relu: 32, activation: 64 } as const;

export const NO_STEPS: Steps = { steps: 0, constants: 0, sum: 0, pass: undefined };

const FIELDS = ["mean", "rest", "inverse", "weight", "bias", "slope", "min", "max"] as const;
type Field = (typeof FIELDS)[number];
/** Bytes of a channel's constants: eight numbers. */
export const CONSTANTS = 32;
/** Rows of the largest tile of a product. */
const MAX_ROWS = 6;

/** Writes constants into scratch. */
export function stepsOf(
  { norm, activation }: Epilogue,
  channels: number,
  y: number,
  [weight, bias, sum]: readonly [weight: number, bias: number, sum: number],
): Steps {
  const rectifies = activation?.slope === 1 && activation.min === 0 && activation.max === Infinity;
  const last = !activation ? 0 : rectifies ? STEP.relu : STEP.activation;
  const steps = (norm ? STEP.norm : 0) | (sum ? STEP.sum : 0) | last;
  if (!(steps & (STEP.norm | STEP.activation))) return { steps, constants: 0, sum: sum - y, pass: epiloguePass };
  // A tile at the edge reads the constants of rows that there are not.
  const constants = scratch(CONSTANTS * (channels + MAX_ROWS));
  const numbers = view(constants, FIELDS.length * channels);
  const [weights, biases] = [weight, bias].map((offset) => (offset ? view(offset, channels) : undefined));
  // One by one, in the order of the fields: an array for `set` takes ten times as long.
  for (let c = 0, i = 0; c < channels; c++) {
    const mean = norm ? norm.mean[c]! : 0;
    numbers[i++] = mean;
    numbers[i++] = restOf(mean);
    numbers[i++] = norm ? 1 / Math.sqrt(norm.variance[c]! + norm.eps) : 1;
    numbers[i++] = weights ? weights[c]! : 1;
    numbers[i++] = biases ? biases[c]! : 0;
    numbers[i++] = activation ? activation.slope : 1;
    numbers[i++] = activation ? activation.min : -Infinity;
    numbers[i++] = activation ? activation.max : Infinity;
  }
  return { steps, constants, sum: sum - y, pass: epiloguePass };
}

/** What a float32 mean lacks. */
export function restOf(mean: number): number {
  return Number.isFinite(mean) ? mean - Math.fround(mean) : 0;
}

/**
 * Takes values through the steps that a kernel gets when it runs; each row is of the next channel. `addSum` adds to
 * every value what belongs to it.
 */
export function takeSteps(
  steps: Local<"i32">,
  constants: Expr<"i32">,
  rows: readonly (readonly Local<"v128">[])[],
  addSum?: () => void,
): void {
  const isStep = (bits: number, take: () => void) => when(i32.and(steps, bits), take);
  // A single test for small products, most of which have no epilogue.
  isStep(STEP.norm | STEP.sum | STEP.relu | STEP.activation, () => {
    isStep(STEP.norm, () => {
      for (const [i, row] of rows.entries()) normalize(constants, CONSTANTS * i, row);
    });
    if (addSum) isStep(STEP.sum, addSum);
    isStep(STEP.relu, () => rectify(rows.flat()));
    isStep(STEP.activation, () => {
      for (const [i, row] of rows.entries()) activate(constants, CONSTANTS * i, row);
    });
  });
}

type Update = (value: Local<"v128">, n: Local<"v128">) => Vector;

/** One step of values of the channel whose constants lie `offset` bytes after `constants`. */
type Step = (constants: Expr<"i32">, offset: number, values: readonly Local<"v128">[]) => void;

export const normalize: Step = (constants, offset, values) => {
  const each = eachBy(constants, offset, values);
  each("mean", sub);
  each("rest", sub);
  each("inverse", mul);
  each("weight", mul);
  each("bias", add);
};

export const activate: Step = (constants, offset, values) => {
  const each = eachBy(constants, offset, values);
  // Constants have 18 bytes wherever they stand.
  const [zero, one] = [keep(0), keep(constant(1))];
  each("slope", (value, slope) => mul(value, where(gt(value, zero), one, slope)));
  each("min", pmax);
  each("max", pmin);
};

/** One number at a time: a tile's values leave no registers for all of them. */
function eachBy(constants: Expr<"i32">, offset: number, values: readonly Local<"v128">[]) {
  return (field: Field, update: Update): void => {
    const n = keep(v128.load32Splat(constants, offset + 4 * FIELDS.indexOf(field)));
    for (const value of values) value.set(update(value, n));
  };
}

export function rectify(values: readonly Local<"v128">[]): void {
  const zero = keep(0);
  for (const value of values) value.set(pmax(value, zero));
}

/** The steps before a sum, and those from it on as a pass of their own: for kernels that do not take it themselves. */
export function splitAtSum(epilogue: Steps): readonly [before: Steps, after: Steps] {
  const { steps } = epilogue;
  const before = steps & STEP.sum ? steps & STEP.norm : steps;
  return [
    { ...epilogue, steps: before },
    { ...epilogue, steps: steps & ~before },
  ];
}

/** The steps as a pass of its own over y (rows, channels, inner). */
export function epiloguePass(y: number, rows: number, channels: number, inner: number, epilogue: Steps): void {
  const { steps, constants, sum } = epilogue;
  if (steps & STEP.norm) pass()(y, rows, channels, inner, steps, constants, sum);
  else if (steps) pass()(y, 1, 1, rows * channels * inner, steps, constants, sum);
}

const pass = /* @__PURE__ */ lazy(
  () => (y, rows, channels, inner, steps, constants, sum) =>
    forRange(0, rows, 1, () => {
      const channel = local(constants);
      forRange(0, channels, 1, () => {
        sweep(inner, [y], (width) => {
          const value = keep(cursor(y, width).get());
          const other = cursor(local(i32.add(y, sum)), width);
          takeSteps(steps, channel, [[value]], () => value.set(add(value, other.get())));
          cursor(y, width).set(value);
        });
        advance(channel, CONSTANTS);
      });
    }),
);
