/** What the tests of file formats share: the Python fixtures, bit-for-bit comparison, and damaging valid files. */
import fc from "fast-check";
import { expect } from "vitest";
import { FormatError } from "../../src/shape/errors.js";
import { sizeOf } from "../../src/shape/shape.js";
import { type DType, Tensor } from "../../src/tensor/tensor.js";
import { readFixture } from "./fixtures.js";

/** An array as Python has it: its bytes after conversion to float32 and float64. */
export interface PythonArray {
  readonly shape: number[];
  readonly float32: string;
  readonly float64: string;
}

interface PythonFiles {
  readonly npy: readonly (PythonArray & { readonly name: string; readonly file: string })[];
  readonly npz: { readonly files: Record<string, string>; readonly arrays: Record<string, PythonArray> };
  readonly safetensors: {
    readonly file: string;
    readonly metadata: Record<string, string>;
    readonly tensors: Record<string, PythonArray>;
  };
}

export const python = readFixture<PythonFiles>("python_files.json");

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "base64"));
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function expectPython(got: Tensor | undefined, want: PythonArray, dtype: DType = "float32"): void {
  const bytes = fromBase64(want[dtype]).buffer;
  const data = dtype === "float64" ? new Float64Array(bytes) : new Float32Array(bytes);
  expectSame(got, new Tensor(data, want.shape));
}

/** Same shape, precision and bits; any NaN equals any other. */
export function expectSame(got: Tensor | undefined, want: Tensor): void {
  expect(got?.shape).toEqual(want.shape);
  expect(got?.dtype).toBe(want.dtype);
  const differs = want.data.findIndex((value, i) => !Object.is(value, got?.data[i]));
  if (differs >= 0) expect.fail(`element ${differs} is ${got?.data[differs]}, expected ${want.data[differs]}`);
}

export function expectSameRecord(got: Record<string, Tensor>, want: Record<string, Tensor>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  for (const [name, tensor] of Object.entries(want)) expectSame(got[name], tensor);
}

/** Tensors of up to four dimensions, some empty, some scalar, with every kind of float32. */
export const anyTensor: fc.Arbitrary<Tensor> = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) =>
    fc
      .array(fc.float(), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
      .map((values) => new Tensor(Float32Array.from(values), shape)),
  );

/** Names as users and other tools choose them: Unicode, empty, keys of Object.prototype. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "__proto__", "constructor", "0.weight", "10", "größe", "a/b", '"', "\\", "\n", "🦆"),
);

export const anyRecord: fc.Arbitrary<Record<string, Tensor>> = fc
  .uniqueArray(fc.tuple(anyName, anyTensor), { maxLength: 5, selector: ([name]) => name })
  .map((entries) => Object.fromEntries(entries));

/** One way to damage a file: up to three bytes changed, then cut off or extended. */
export const anyDamage = fc.record({
  flips: fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min: 1, max: 255 })),
    {
      maxLength: 3,
    },
  ),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
  extra: fc.oneof(
    { weight: 3, arbitrary: fc.constant(new Uint8Array()) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
  ),
});

type Damage = typeof anyDamage extends fc.Arbitrary<infer T> ? T : never;

export function damage(file: Uint8Array, { flips, keep, extra }: Damage): Uint8Array {
  const damaged = file.slice(0, Math.round(keep * file.length));
  for (const [where, xor] of flips) {
    const at = Math.floor(where * damaged.length);
    if (at < damaged.length) damaged[at]! ^= xor;
  }
  const extended = new Uint8Array(damaged.length + extra.length);
  extended.set(damaged);
  extended.set(extra, damaged.length);
  return extended;
}

/** Runs `read`; any error but a FormatError fails the test. */
export async function expectFormatErrorOrResult(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

/** The message of the FormatError that `read` throws. */
export async function formatErrorOf(read: () => unknown): Promise<string> {
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  return expect.fail("nothing was thrown");
}
