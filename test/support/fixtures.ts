import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { Tensor } from "../../src/tensor/tensor.js";
import { distance } from "./wasm.js";

/** A tensor as the fixture files store it. */
export interface Stored {
  readonly shape: number[];
  readonly dtype: string;
  readonly data: string | number[];
}

export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")) as T;
}

export function decode({ shape, data }: Stored): Tensor {
  if (typeof data !== "string") return new Tensor(Float32Array.from(data), shape);
  const bytes = Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0));
  return new Tensor(new Float32Array(bytes.buffer), shape);
}

/**
 * Fails where |got − want| > absolute + relative · |want|, or where one is NaN or infinite and the other is not the same.
 * The message says where and by how much.
 */
export function expectClose(
  got: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  want: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  what: string,
  relative = 1e-4,
  absolute = 1e-5,
): void {
  expect(got.shape, `${what}: shape`).toEqual(want.shape);
  for (let i = 0; i < want.data.length; i++) {
    const [a, b] = [got.data[i]!, want.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= absolute + relative * Math.abs(b))) {
      expect.fail(`${what}: element ${i} of [${want.shape}] is ${a}, expected ${b}`);
    }
  }
}

/** {@link expectClose}, and the distance of all numbers together relative to their norm is at most 1e-5. */
export function expectNear(
  got: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  want: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  what: string,
): void {
  expectClose(got, want, what);
  expect(distance(got.data, want.data), `${what}: distance relative to the norm`).toBeLessThanOrEqual(1e-5);
}
