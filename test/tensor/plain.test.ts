/** Tensors as plain data: through JSON, structuredClone and back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Linear, Tensor, tensor } from "../../src/index.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { expectError } from "../support/errors.js";

const special = fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 2 ** -149, 3.4028234663852886e38);

test.each(["float32", "float64"] as const)("%s: JSON and tensor() give the same bits back, in every shape", (dtype) => {
  const number = fc.oneof(dtype === "float32" ? fc.float() : fc.double(), special);
  const shaped = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc.record({
      shape: fc.constant(shape),
      numbers: fc.array(number, { minLength: length, maxLength: length }),
    });
  });
  fc.assert(
    fc.property(shaped, ({ shape, numbers }) => {
      const x = new Tensor(dtype === "float32" ? Float32Array.from(numbers) : Float64Array.from(numbers), shape);
      for (const back of [tensor(JSON.parse(JSON.stringify(x))), tensor(structuredClone(x.toJSON()))]) {
        expect([back.shape, back.dtype]).toEqual([x.shape, dtype]);
        for (let i = 0; i < x.size; i++) expect(back.data[i]).toBe(x.data[i]);
      }
    }),
  );
});

test("a state dict goes through JSON", () => {
  const [from, to] = [new Linear(2, 3), new Linear(2, 3)];
  const text = JSON.stringify(from.stateDict());
  to.loadStateDict(Object.fromEntries(Object.entries(JSON.parse(text)).map(([key, x]) => [key, tensor(x as never)])));
  expect(to.weight.value.data).toEqual(from.weight.value.data);
});

test("shape and data alone are float32; a typed array may hold them", () => {
  expect(tensor({ shape: [2, 1], data: [1, 2] }).toArray()).toEqual([[1], [2]]);
  const x = tensor({ shape: [2], data: Float64Array.of(1, 2) });
  expect([x.dtype, x.toArray()]).toEqual(["float32", [1, 2]]);
});

test.each<[string, unknown, new (text: string) => Error, string]>([
  [
    "what structuredClone and postMessage leave of a tensor",
    structuredClone(tensor([1])),
    ArgumentError,
    "tensor expects { shape, data } with an array of numbers, but got no data. Usual cause: a tensor that went through structuredClone or postMessage, which lose its numbers; send x.toJSON(), or the bytes that writeSafetensors makes.",
  ],
  [
    "null for NaN",
    { shape: [2], data: [1, null] },
    ArgumentError,
    'tensor expects numbers, or "NaN", "Infinity", "-Infinity" and "-0", but got null at 1 of its data. Usual cause: NaN or Infinity in another program\'s JSON, which it writes as null.',
  ],
  [
    "other text",
    { shape: [1], data: ["constructor"] },
    ArgumentError,
    'tensor expects numbers, or "NaN", "Infinity", "-Infinity" and "-0", but got "constructor" at 0 of its data. Usual cause: NaN or Infinity in another program\'s JSON, which it writes as null.',
  ],
  [
    "another number of numbers than the shape has",
    { shape: [3], data: [1, 2] },
    ShapeError,
    "tensor expects 3 numbers for the shape [3], but got 2. Usual cause: a shape with missing dimensions, or of another data set.",
  ],
  [
    "another precision",
    { shape: [1], data: [1], dtype: "int8" },
    ArgumentError,
    'tensor expects dtype to be one of "float32", "float64", but got "int8".',
  ],
])("refuses %s", (_, data, kind, text) => {
  expectError(() => tensor(data as never), kind, text);
});
