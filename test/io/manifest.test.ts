/** TensorFlow.js weights manifests: random ones read back, and everything that is not exactly one is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/index.js";
import { type Bytes, readWeightsManifest } from "../../src/io.js";
import { sizeOf } from "../../src/shape/shape.js";
import { type DType, Tensor } from "../../src/tensor/tensor.js";
import {
  anyDamage,
  anyName,
  ascii,
  damage,
  expectFormatErrorOrResult,
  expectSameRecord,
  formatErrorOf,
} from "../support/files.js";

interface Weight {
  readonly shape: number[];
  readonly dtype: string;
  readonly quantization?: { dtype: string; scale?: number; min?: number };
}

/** How each kind lies in its file: bytes an element, and the double that the bytes at an offset stand for. */
const KINDS: Record<
  string,
  { weight: Omit<Weight, "shape">; width: number; value: (view: DataView, at: number) => number }
> = {
  float32: { weight: { dtype: "float32" }, width: 4, value: (v, at) => v.getFloat32(at, true) },
  int32: { weight: { dtype: "int32" }, width: 4, value: (v, at) => v.getInt32(at, true) },
  bool: { weight: { dtype: "bool" }, width: 1, value: (v, at) => (v.getUint8(at) ? 1 : 0) },
  uint8: {
    weight: { dtype: "float32", quantization: { dtype: "uint8", scale: 0.1, min: -3.3 } },
    width: 1,
    value: (v, at) => Math.fround(v.getUint8(at) * 0.1 + -3.3),
  },
  uint16: {
    weight: { dtype: "float32", quantization: { dtype: "uint16", scale: 0.007, min: -200.1 } },
    width: 2,
    value: (v, at) => Math.fround(v.getUint16(at, true) * 0.007 + -200.1),
  },
  "int32 as uint8": {
    weight: { dtype: "int32", quantization: { dtype: "uint8", scale: 0.5, min: -0.4 } },
    width: 1,
    value: (v, at) => Math.round(v.getUint8(at) * 0.5 + -0.4) + 0,
  },
};

const anyWeight = fc.record({
  kind: fc.constantFrom(...Object.keys(KINDS)),
  shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
  seed: fc.integer(),
});

/** Groups of weights, and how many files each group's bytes are cut into. */
const anyManifest = fc
  .array(
    fc.record({ weights: fc.array(anyWeight, { maxLength: 4 }), cuts: fc.array(fc.nat(1000), { maxLength: 3 }) }),
    { maxLength: 3 },
  )
  .chain((groups) =>
    fc.uniqueArray(anyName, { minLength: 12, maxLength: 12 }).map((names) => {
      const files: Record<string, Uint8Array<ArrayBuffer>> = {};
      const tensors: [string, { shape: number[]; values: number[] }][] = [];
      const manifest = groups.map(({ weights, cuts }, g) => {
        const bytes: number[] = [];
        const entries = weights.map(({ kind, shape, seed }) => {
          const { weight, width, value } = KINDS[kind]!;
          const part = Uint8Array.from(
            { length: sizeOf(shape) * width },
            (_, i) => Math.imul(seed + i, 0x9e3779b1) >>> 24,
          );
          bytes.push(...part);
          const view = new DataView(part.buffer);
          const name = names[tensors.length]!;
          tensors.push([
            name,
            { shape, values: Array.from({ length: sizeOf(shape) }, (_, i) => value(view, i * width)) },
          ]);
          return { name, shape, ...weight };
        });
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const paths = places.slice(1).map((end, i) => {
          files[`g${g}-${i}`] = Uint8Array.from(bytes.slice(places[i], end));
          return `g${g}-${i}`;
        });
        return { weights: entries, paths };
      });
      return { manifest, files, tensors };
    }),
  );

const from = (files: Record<string, Bytes>) => (path: string) => files[path];

/** The manifest of one tensor "x", and a file "f" of this many bytes. */
const one = (weight: object, bytes: number) =>
  readWeightsManifest(
    [{ weights: [{ name: "x", shape: [2], dtype: "float32", ...weight }], paths: ["f"] }],
    () => new Uint8Array(bytes),
  );

describe("random manifests", () => {
  const precisions: DType[] = ["float32", "float64"];
  test.each(precisions)("are read bit for bit as %s, whatever their files are cut into", async (dtype) => {
    await fc.assert(
      fc.asyncProperty(anyManifest, async ({ manifest, files, tensors }) => {
        const Array_ = dtype === "float32" ? Float32Array : Float64Array;
        const want = tensors.map(
          ([name, { shape, values }]) => [name, new Tensor(Array_.from(values), shape)] as const,
        );
        const got = await readWeightsManifest(manifest, from(files), { dtype });
        expect(Object.keys(got).sort()).toEqual(want.map(([name]) => name).sort());
        expectSameRecord(got, Object.fromEntries(want));
      }),
    );
  });

  test("the manifest may be text, bytes, parsed, or inside of a model.json", async () => {
    await fc.assert(
      fc.asyncProperty(anyManifest, async ({ manifest, files }) => {
        const want = await readWeightsManifest(manifest, from(files));
        const text = JSON.stringify(manifest);
        const model = { modelTopology: {}, weightsManifest: manifest };
        const bytes = new TextEncoder().encode(text);
        for (const form of [text, bytes, bytes.buffer, model, JSON.stringify(model)]) {
          expectSameRecord(await readWeightsManifest(form, async (path) => files[path]?.buffer), want);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("every truncation and every extension of every file is refused", async () => {
    await fc.assert(
      fc.asyncProperty(anyManifest, async ({ manifest, files }) => {
        for (const [path, bytes] of Object.entries(files)) {
          const lengths = [...Array(bytes.length).keys(), bytes.length + 1];
          for (const length of lengths) {
            const other = new Uint8Array(length);
            other.set(bytes.subarray(0, length));
            const message = await formatErrorOf(() => readWeightsManifest(manifest, from({ ...files, [path]: other })));
            expect(message).toContain(length < bytes.length ? "cut off" : "a manifest that lacks a tensor");
          }
          const without = Object.fromEntries(Object.entries(files).filter(([other]) => other !== path));
          expect(await formatErrorOf(() => readWeightsManifest(manifest, from(without)))).toBe(
            `readWeightsManifest expects the file "${path}", which the manifest names, but there is none. Usual cause: a path of another folder.`,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test("a damaged manifest is a FormatError or a result, never anything else", async () => {
    await fc.assert(
      fc.asyncProperty(anyManifest, anyDamage, async ({ manifest, files }, harm) => {
        const bytes = damage(new TextEncoder().encode(JSON.stringify(manifest)), harm);
        await expectFormatErrorOrResult(() => readWeightsManifest(bytes, from(files)));
      }),
    );
  });
});

describe("examples", () => {
  test("float16 has every kind of half-precision number", async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x3555);
    const weights = [{ name: "x", shape: [8], dtype: "float32", quantization: { dtype: "float16" } }];
    const { x } = await readWeightsManifest([{ weights, paths: ["f"] }], () => halves);
    expect([...x!.data]).toEqual([1, -2, 65504, 2 ** -24, -0, Infinity, -Infinity, 0.333251953125]);
  });

  test("product and sum are computed in double precision and rounded once", async () => {
    const scale = 0.0005260649557207145;
    const min = -0.07101876902229645;
    const weights = [{ name: "x", shape: [256], dtype: "float32", quantization: { dtype: "uint8", scale, min } }];
    const { x } = await readWeightsManifest([{ weights, paths: ["f"] }], () =>
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    const rounding = [...x!.data].filter(
      (value, q) => value !== Math.fround(Math.fround(q * Math.fround(scale)) + Math.fround(min)),
    );
    expect(rounding.length).toBeGreaterThan(0);
    expect([...x!.data]).toEqual(Array.from({ length: 256 }, (_, q) => Math.fround(q * scale + min)));
  });

  test("int32 is exact in float64", async () => {
    const manifest = [{ weights: [{ name: "x", shape: [], dtype: "int32" }], paths: ["f"] }];
    const file = () => Int32Array.of(2 ** 24 + 1);
    expect((await readWeightsManifest(manifest, file)).x!.data[0]).toBe(2 ** 24);
    expect((await readWeightsManifest(manifest, file, { dtype: "float64" })).x!.data[0]).toBe(2 ** 24 + 1);
  });

  test("what the reader of files throws is thrown on", async () => {
    const failing = () => Promise.reject(new RangeError("no such disk"));
    await expect(readWeightsManifest([{ weights: [], paths: ["f"] }], failing)).rejects.toThrow("no such disk");
  });

  test("a path instead of bytes is no file", async () => {
    await expect(
      readWeightsManifest([{ weights: [], paths: ["f"] }], ((path: string) => path) as never),
    ).rejects.toThrow(
      new ArgumentError(
        "readWeightsManifest expects the bytes of a file (a Uint8Array or ArrayBuffer), but got a string. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.",
      ),
    );
    await expect(readWeightsManifest([], () => undefined, { dtype: "int8" as never })).rejects.toThrow(
      new ArgumentError('readWeightsManifest expects dtype to be one of "float32", "float64", but got "int8".'),
    );
  });

  test("names of Object.prototype are names like others", async () => {
    const weights = ["__proto__", "constructor"].map((name) => ({ name, shape: [1], dtype: "bool" }));
    const read = await readWeightsManifest([{ weights, paths: ["f"] }], () => Uint8Array.of(1, 0));
    expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
  });
});

describe("bad manifests", () => {
  const json =
    "readWeightsManifest expects a manifest of JSON text, but it is no valid JSON. Usual cause: the file of the weights instead of its manifest, a path instead of the content, or a page that says “not found”.";
  const list = (got: string) =>
    `readWeightsManifest expects a list of groups { weights, paths }, or an object whose weightsManifest is one, but the manifest is ${got}. Usual cause: a JSON file of another kind.`;
  const group =
    "readWeightsManifest expects group 0 to have a list of weights and a list of paths, but they are not both there.";
  test.each<[string, unknown, string]>([
    ["no text at all", "", json],
    ["HTML", ascii("<html>"), json],
    ["bytes that are no UTF-8", Uint8Array.of(0xff), json],
    ["JSON that stops", '[{"weights":[', json],
    ["an object", "{}", list("an object")],
    ["an object with another weightsManifest", { weightsManifest: {} }, list("an object")],
    ["null", "null", list("null")],
    ["a number", 3, list("a number")],
    ["nothing", undefined, json],
    ["a group that is a list", [[]], group],
    ["a group without paths", [{ weights: [] }], group],
    ["a group without weights", [{ paths: [] }], group],
    [
      "a path that is no text",
      [{ weights: [], paths: [1] }],
      "readWeightsManifest expects each path of group 0 to be text, but one is a number.",
    ],
    [
      "a path twice",
      [
        { weights: [], paths: ["a"] },
        { weights: [], paths: ["a"] },
      ],
      'readWeightsManifest expects each path once, but "a" comes twice.',
    ],
    [
      "a weight that is no object",
      [{ weights: ["x"], paths: [] }],
      "readWeightsManifest expects group 0 to list tensors, but one is a string.",
    ],
    [
      "a weight without a name",
      [{ weights: [{}], paths: [] }],
      "readWeightsManifest expects each tensor name of group 0 to be text, but one is missing.",
    ],
    [
      "a name twice",
      [0, 1].map((i) => ({ weights: [{ name: "x", shape: [1], dtype: "bool" }], paths: [`${i}`] })),
      'readWeightsManifest expects each tensor name once, but "x" comes twice.',
    ],
    [
      "a group of tensors without files",
      [{ weights: [{ name: "x", shape: [1], dtype: "bool" }], paths: [] }],
      "readWeightsManifest expects no files to hold the 1 bytes of 1 tensors, but there are 0. Usual cause: a file that was cut off on its way here.",
    ],
  ])("%s", async (_, manifest, message) => {
    let reads = 0;
    const read = () => {
      reads++;
      return new Uint8Array();
    };
    expect(await formatErrorOf(() => readWeightsManifest(manifest, read))).toBe(message);
    expect(reads, "files read before the manifest was checked").toBe(0);
  });

  const shape = (got: string) =>
    `readWeightsManifest expects tensor "x" to have a shape of integers ≥ 0, but its shape is ${got}.`;
  const type = (got: string) =>
    `readWeightsManifest expects tensor "x" to have one of the types float32, int32, bool, but it has ${got}.`;
  const quantised = (got: string) =>
    `readWeightsManifest expects tensor "x" to be quantised to one of the types uint8, uint16, float16, but it is to ${got}.`;
  const scale = (dtype: string, got: string) =>
    `readWeightsManifest expects tensor "x" to be quantised by numbers scale and min whose results ${dtype} can hold, but they are ${got}.`;
  const kind = (stored: string, got: string) =>
    `readWeightsManifest expects tensor "x" to be of a type that ${stored} can stand for, but its type is ${got}.`;
  test.each<[string, object, number, string]>([
    ["a negative size", { shape: [3, -1] }, 0, shape("[3, -1]")],
    ["a fractional size", { shape: [1.5] }, 0, shape("[1.5]")],
    ["a size beyond 2⁵³", { shape: [2 ** 53] }, 0, shape("[9007199254740992]")],
    ["a size that is text", { shape: ["2"] }, 0, shape("a list")],
    ["no shape", { shape: undefined }, 0, shape("none")],
    ["a long bad shape", { shape: Array(100).fill(-1) }, 0, shape("a list")],
    [
      "a shape that no file can hold",
      { shape: [2 ** 30, 2 ** 30] },
      0,
      'readWeightsManifest expects tensor "x" to have a shape that a file can hold, but its shape is [1073741824, 1073741824].',
    ],
    [
      "an empty shape of huge sizes",
      { shape: [0, 2 ** 52, 2 ** 52] },
      0,
      'readWeightsManifest expects tensor "x" to have a shape that a file can hold, but its shape is [0, 4503599627370496, 4503599627370496].',
    ],
    ["text", { dtype: "string" }, 0, type('"string"')],
    ["complex numbers", { dtype: "complex64" }, 16, type('"complex64"')],
    ["no type", { dtype: undefined }, 0, type("none")],
    ["an unknown quantisation", { quantization: { dtype: "uint4", scale: 1, min: 0 } }, 1, quantised('"uint4"')],
    ["a quantisation that is none", { quantization: null }, 1, quantised("none")],
    ["no scale", { quantization: { dtype: "uint8", min: 0 } }, 2, scale("float32", "none and 0")],
    ["a min that is text", { quantization: { dtype: "uint8", scale: 1, min: "0" } }, 2, scale("float32", '1 and "0"')],
    [
      "a scale too large",
      { quantization: { dtype: "uint8", scale: 1e37, min: 3.4e38 } },
      2,
      scale("float32", "1e+37 and 3.4e+38"),
    ],
    [
      "a scale that is NaN",
      { quantization: { dtype: "uint8", scale: Number.NaN, min: 0 } },
      2,
      scale("float32", "NaN and 0"),
    ],
    [
      "integers too large",
      { dtype: "int32", quantization: { dtype: "uint16", scale: 2 ** 16, min: 0 } },
      4,
      scale("int32", "65536 and 0"),
    ],
    [
      "bool, quantised",
      { dtype: "bool", quantization: { dtype: "uint8", scale: 1, min: 0 } },
      2,
      kind("uint8", "bool"),
    ],
    ["int32 as float16", { dtype: "int32", quantization: { dtype: "float16" } }, 4, kind("float16", "int32")],
    [
      "a file too short",
      {},
      7,
      'readWeightsManifest expects "f" to hold the 8 bytes of 1 tensors, but there are 7. Usual cause: a file that was cut off on its way here.',
    ],
    [
      "a file too long",
      {},
      9,
      'readWeightsManifest expects "f" to hold the 8 bytes of 1 tensors, but there are 9. Usual cause: the files of another model, or a manifest that lacks a tensor.',
    ],
  ])("%s", async (_, weight, bytes, message) => {
    expect(await formatErrorOf(() => one(weight, bytes))).toBe(message);
  });
});
