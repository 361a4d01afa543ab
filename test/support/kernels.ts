/** What the tests of the elementwise wasm kernels share: arrays whose surroundings are watched, and how close is close. */
import { expect } from "vitest";
import { kernelCall, view } from "../../src/kernels/wasm/memory.js";
import { Random } from "../../src/tensor/random.js";
import { arrays } from "./wasm.js";

/** Bytes before and after each array that a kernel must leave alone. */
const MARGIN = 64;

/** Float32 numbers with specials among normal ones of many sizes. */
export function spread(length: number, seed: number, specials: readonly number[] = []): Float32Array {
  const random = new Random(seed >>> 0);
  return Float32Array.from({ length }, () =>
    specials.length > 0 && random.integer(3) === 0
      ? specials[random.integer(specials.length)]!
      : random.normal() * 2 ** (random.integer(12) - 6),
  );
}

/** What kernels treat in a way of their own somewhere. */
export const SPECIAL = [
  0,
  -0,
  1,
  -1,
  3,
  -3,
  6,
  0.5,
  -0.5,
  Infinity,
  -Infinity,
  NaN,
  1e-45,
  -1e-45,
  3.4e38,
  -3.4e38,
  90,
];

/**
 * Runs a kernel call on copies of these numbers in the engine's memory, and returns the copies as they are afterwards.
 * Fails if anything beside them was written.
 */
export function inMemory<const Inputs extends readonly Float32Array[]>(
  inputs: Inputs,
  run: (...copies: { [K in keyof Inputs]: Float32Array }) => unknown,
): { [K in keyof Inputs]: Float32Array } {
  const copies = arrays(...inputs.map(({ length }) => length)) as readonly Float32Array[];
  for (const [i, copy] of copies.entries()) copy.set(inputs[i]!);
  kernelCall(() => run(...(copies as { [K in keyof Inputs]: Float32Array })));
  for (const { byteOffset, byteLength } of copies) {
    for (const margin of [byteOffset - MARGIN, byteOffset + byteLength]) {
      expect([...view(margin, MARGIN / 4)].every(Number.isNaN), "what lies beside an array stays as it was").toBe(true);
    }
  }
  return copies.map((copy) => copy.slice()) as { [K in keyof Inputs]: Float32Array };
}

/** Equal NaN and infinities; numbers within relative · |want| + absolute(i). */
export function expectNear(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  relative: number,
  absolute: (i: number) => number = () => 0,
  told: (i: number) => string = (i) => `element ${i}`,
): void {
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i]!, want[i]!];
    const isSame = Object.is(g, w) || Math.abs(g - w) <= relative * Math.abs(w) + absolute(i);
    if (!isSame) expect.fail(`${told(i)}: got ${g}, expected ${w}`);
  }
  expect(got.length).toBe(want.length);
}

/** The same bits, whichever NaN. */
export function expectSame(got: ArrayLike<number>, want: ArrayLike<number>, told?: (i: number) => string): void {
  expectNear(got, want, -1, undefined, told);
}
