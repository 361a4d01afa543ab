/**
 * The loop of all kernels that treat every element alike. Over `rows` rows of `count` elements, which start `stride`
 * bytes apart in every array, it runs `body` on four elements at a time and on what is left one by one.
 *
 *     const scale = rowKernel({ arrays: ["x", "y"], numbers: ["by"] }, ({ x, y }, { by }) => y.set(f32x4.mul(x.get(), by)));
 *     scale()(rows, stride, count, xOffset, yOffset, 2);
 *
 * What a body hands to `addUp` is added up in double precision over four lanes, row by row: the order of a sum depends on
 * `rows` and `count` alone.
 */
import { advance, whileTrue } from "../assembler/control.js";
import { type Expr, type Local, local, type Type } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as f64 from "../assembler/f64.js";
import * as f64x2 from "../assembler/f64x2.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import type { Body, Kernel } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "./compile.js";
import { keep, type Vector } from "./math.js";

/** An array where the loop stands. */
export interface Cursor {
  get(): Vector;
  set(value: Vector): void;
}

/** Bytes of a step of a loop: four elements, or one, which every lane holds when it is read. */
export type Step = 16 | 4;

/** Four float32 lanes, or the same in double precision as two pairs. */
type Summand = Vector | Doubles;
export type Doubles = readonly [low: Vector, high: Vector];

type EachElement<A extends string, N extends string> = (
  arrays: Readonly<Record<A, Cursor>>,
  numbers: Readonly<Record<N, Vector>>,
  addUp: (...summands: readonly Summand[]) => void,
) => void;

/**
 * Called with (rows, stride, count, the offset of every array, every number). With one sum it returns it; with more it
 * takes an offset as well, after the numbers, and stores them there.
 */
export function rowKernel<A extends string, N extends string = never>(
  options: { readonly arrays: readonly A[]; readonly numbers?: readonly N[]; readonly sums?: number },
  body: EachElement<A, N>,
): () => Kernel {
  const { arrays, numbers = [], sums = 0 } = options;
  const types: readonly ["i32", "i32", "i32", ...Type[]] = [
    ...(["i32", "i32", "i32"] as const),
    ...[...arrays.map(() => "i32" as const), ...numbers.map(() => "f32" as const)],
    ...(sums > 1 ? (["i32"] as const) : []),
  ];
  const write: Body<typeof types> = (rows, stride, count, ...rest) => {
    const pointers = rest.slice(0, arrays.length) as Local<"i32">[];
    const [sumsAt] = rest.slice(arrays.length + numbers.length) as Local<"i32">[];
    const splats = record(numbers, (_, i) => keep(f32x4.splat(rest[arrays.length + i] as Local<"f32">)));
    const totals = Array.from({ length: sums }, () => new Total());
    advance(stride, i32.mul(count, -4)); // from the end of a row to the next
    whileTrue(rows, () => {
      sweep(count, pointers, (step) => {
        const cursors = record(arrays, (_, i) => cursor(pointers[i] as Local<"i32">, step));
        body(cursors, splats, (...summands) => {
          for (const [i, total] of totals.entries()) total.add(summands[i] as Summand, step);
        });
      });
      for (const pointer of pointers) advance(pointer, stride);
      advance(rows, -1);
    });
    if (!sumsAt) return totals[0]?.sum();
    for (const [i, total] of totals.entries()) f64.store(sumsAt, total.sum(), 8 * i);
    return undefined;
  };
  return lazy(() => write, types);
}

/** Runs `body` on `count` elements, which the pointers walk along: four at a time, then one by one. */
export function sweep(count: Local<"i32">, pointers: readonly Local<"i32">[], body: (step: Step) => void): void {
  const first = pointers[0] as Local<"i32">;
  const along = (elements: Expr<"i32">, step: Step) => {
    const end = local(i32.add(first, i32.shl(elements, 2)));
    whileTrue(i32.ne(first, end), () => {
      body(step);
      for (const pointer of pointers) advance(pointer, step);
    });
  };
  along(i32.and(count, -4), 16);
  along(i32.and(count, 3), 4);
}

export function cursor(pointer: Local<"i32">, step: Step): Cursor {
  return step === 16
    ? { get: () => v128.load(pointer), set: (value) => v128.store(pointer, value) }
    : { get: () => v128.load32Splat(pointer), set: (value) => v128.store32Lane(pointer, 0, value) };
}

/** The four lanes in double precision, each pair evaluated once. */
export function doubles(value: Vector): readonly [low: Local<"v128">, high: Local<"v128">] {
  const lanes = keep(value);
  const upper = i32x4.shuffle(lanes, lanes, [2, 3, 0, 1]);
  return [keep(f64x2.promoteLowF32x4(lanes)), keep(f64x2.promoteLowF32x4(upper))];
}

/** The other way: two pairs of doubles as four float32 lanes. */
export function singles([low, high]: Doubles): Vector {
  return i32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]);
}

/** Four sums in double precision, one for each lane. */
export class Total {
  readonly lanes = [keep(0), keep(0)] as const;

  /** `step` says how many lanes count. */
  add(summand: Summand, step: Step = 16): void {
    const [low, high] = "type" in summand ? doubles(summand) : summand;
    const [first, second] = this.lanes;
    first.set(f64x2.add(first, step === 16 ? low : v128.and(low, i32x4.const(-1, -1, 0, 0))));
    if (step === 16) second.set(f64x2.add(second, high));
  }

  /** All lanes together. */
  sum(): Expr<"f64"> {
    const pair = keep(f64x2.add(...this.lanes));
    return f64.add(f64x2.extractLane(0, pair), f64x2.extractLane(1, pair));
  }
}

export function record<K extends string, V>(names: readonly K[], value: (name: K, i: number) => V): Record<K, V> {
  return Object.fromEntries(names.map((name, i) => [name, value(name, i)])) as Record<K, V>;
}
