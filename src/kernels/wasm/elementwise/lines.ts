/**
 * The loop of all kernels that treat every line along a dimension by itself, such as softmax: four lines at a time, one in
 * each lane, and what is left one by one. No lane meets another, so the order of a sum is that of its line.
 *
 * Element k of four neighboring lines is one vector where lines lie side by side, and gathered where each is contiguous.
 */
import { advance, whileTrue } from "../assembler/control.js";
import { type Local, local, type Type } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import type { Body, Kernel } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "./compile.js";
import { keep, type Vector } from "./math.js";
import { type Cursor, cursor, record, sweep } from "./rows.js";

interface Options<A extends string, L extends string, K extends string, N extends string> {
  /** Arrays that hold the lines. */
  readonly arrays: readonly A[];
  /** Arrays of one number per line. */
  readonly perLine?: readonly L[];
  /** Arrays of one number for each place on the dimension. */
  readonly perPosition?: readonly K[];
  readonly numbers?: readonly N[];
}

interface Lines<A extends string, L extends string, K extends string, N extends string> {
  /** Visits the places of the dimension in ascending order; the arrays stand there on the current lines. */
  along(visit: (arrays: Readonly<Record<A, Cursor>>, places: Readonly<Record<K, Vector>>) => void): void;
  readonly lines: Readonly<Record<L, Cursor>>;
  readonly numbers: Readonly<Record<N, Vector>>;
}

/** What calls the kernel on x (outer, size, inner); offsets in the order of `arrays`, `perLine` and `perPosition`. */
export type LineKernel = (
  g: { readonly outer: number; readonly size: number; readonly inner: number },
  arrays: readonly number[],
  perLine?: readonly number[],
  rest?: readonly number[],
) => void;

export function lineKernel<
  A extends string,
  L extends string = never,
  K extends string = never,
  N extends string = never,
>(options: Options<A, L, K, N>, body: (current: Lines<A, L, K, N>) => void): LineKernel {
  const beside = form(options, body, true);
  const contiguous = form(options, body, false);
  return ({ outer, size, inner }, arrays, perLine = [], rest = []) => {
    if (inner === 1) {
      contiguous()(outer, size, 4, size, ...arrays, ...perLine, ...rest);
      return;
    }
    for (let o = 0; o < outer; o++) {
      const line = 4 * o * inner;
      const moved = [...arrays.map((offset) => offset + line * size), ...perLine.map((offset) => offset + line)];
      beside()(inner, size, 4 * inner, 1, ...moved, ...rest);
    }
  };
}

/** `step`: bytes from an element of a line to the next; `gap`: elements from a line to the next. */
function form<A extends string, L extends string, K extends string, N extends string>(
  { arrays, perLine = [], perPosition = [], numbers = [] }: Options<A, L, K, N>,
  body: (current: Lines<A, L, K, N>) => void,
  beside: boolean,
): () => Kernel {
  const addresses = [...arrays, ...perLine, ...perPosition];
  const types: readonly ["i32", "i32", "i32", "i32", ...Type[]] = [
    ...(["i32", "i32", "i32", "i32"] as const),
    ...[...addresses.map(() => "i32" as const), ...numbers.map(() => "f32" as const)],
  ];
  const write: Body<typeof types> = (count, size, elementStep, gap, ...rest) => {
    const integersOf = (first: number, length: number) => rest.slice(first, first + length) as Local<"i32">[];
    const starts = integersOf(0, arrays.length);
    const ofLines = integersOf(arrays.length, perLine.length);
    const ofPlaces = integersOf(arrays.length + perLine.length, perPosition.length);
    const splats = record(numbers, (_, i) => keep(f32x4.splat(rest.at(i - numbers.length) as Local<"f32">)));
    const line = local(0); // four bytes per line
    const behind = [1, 2, 3].map((lines) => local(i32.mul(gap, 4 * lines)));
    sweep(count, [line, ...ofLines], (width) => {
      body({
        along(visit) {
          const pointers = starts.map((start) => local(i32.add(start, i32.mul(line, gap))));
          const places = ofPlaces.map((start) => local(start));
          const left = local(size);
          whileTrue(left, () => {
            visit(
              record(arrays, (_, i) => {
                const pointer = pointers[i] as Local<"i32">;
                return beside || width === 4 ? cursor(pointer, width) : gathered(pointer, behind);
              }),
              record(perPosition, (_, i) => v128.load32Splat(places[i] as Local<"i32">)),
            );
            for (const pointer of pointers) advance(pointer, elementStep);
            for (const place of places) advance(place, 4);
            advance(left, -1);
          });
        },
        lines: record(perLine, (_, i) => cursor(ofLines[i] as Local<"i32">, width)),
        numbers: splats,
      });
    });
  };
  return lazy(() => write, types);
}

/** Four elements, of which the second, third and fourth lie this many bytes after the first. */
export function gathered(pointer: Local<"i32">, behind: readonly Local<"i32">[]): Cursor {
  const addresses = behind.map((bytes) => i32.add(pointer, bytes));
  return {
    get: () =>
      addresses.reduce<Vector>(
        (lanes, address, i) => v128.load32Lane(address, i + 1, lanes),
        v128.load32Splat(pointer),
      ),
    set(value) {
      const lanes = keep(value);
      for (const [lane, address] of [pointer, ...addresses].entries()) v128.store32Lane(address, lane, lanes);
    },
  };
}
