import { readFile } from "node:fs/promises";
import { posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readWeightsManifest } from "../../src/io.js";
import { ArgumentError, FormatError } from "../../src/shape/errors.js";
import { sizeOf } from "../../src/shape/shape.js";
import { anyName, expectFormatErrorOrResult, expectSame, formatErrorOf } from "../support/files.js";
import { readFixture } from "../support/fixtures.js";

const folder = new URL("../../node_modules/@vladmandic/face-api/model/", import.meta.url);
const load = async (net: string) =>
  readWeightsManifest(await readFile(new URL(`${net}-weights_manifest.json`, folder)), (path) =>
    readFile(new URL(path, folder)),
  );

type Summary = [shape: number[], mean: number, min: number, max: number, first4: number[]];

describe("the weights of face-api", () => {
  const nets = Object.entries(readFixture<Record<string, Record<string, Summary>>>("face_weights.json"));

  test.each(nets)("%s: every tensor has the shape and the numbers that face-api decodes", async (net, expected) => {
    const tensors = await load(net);
    expect(Object.keys(tensors)).toEqual(Object.keys(expected));
    for (const [name, [shape, mean, min, max, first4]] of Object.entries(expected)) {
      const { data, shape: got } = tensors[name]!;
      expect(got, name).toEqual(shape);
      expect([...data.subarray(0, 4)], name).toEqual(first4);
      expect(
        data.reduce((a, b) => Math.min(a, b)),
        name,
      ).toBe(min);
      expect(
        data.reduce((a, b) => Math.max(a, b)),
        name,
      ).toBe(max);
      // Sums in double precision differ by the order of their terms only.
      const size = Math.max(Math.abs(min), Math.abs(max));
      expect(Math.abs(data.reduce((a, b) => a + b, 0) / data.length - mean), name).toBeLessThanOrEqual(1e-11 * size);
    }
  });
});

const raw = { float32: 4, int32: 4, bool: 1 } as const;
const anyScale = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const anyQuantization = fc.record({
  dtype: fc.constantFrom("uint8" as const, "uint16" as const),
  scale: anyScale,
  min: anyScale,
});
const anyKind = fc.oneof(
  fc.record({ dtype: fc.constantFrom("float32" as const, "int32" as const, "bool" as const) }),
  fc.record({ dtype: fc.constantFrom("float32" as const, "int32" as const), quantization: anyQuantization }),
  fc.constant({ dtype: "float32" as const, quantization: { dtype: "float16" as const } }),
);
type Kind = typeof anyKind extends fc.Arbitrary<infer T> ? T : never;
const stored = (kind: Kind) => ("quantization" in kind ? kind.quantization : undefined);
const widthOf = (kind: Kind) => {
  const quantized = stored(kind);
  return quantized ? (quantized.dtype === "uint8" ? 1 : 2) : raw[kind.dtype];
};

const anyWeight = fc
  .record({ shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }), kind: anyKind })
  .chain(({ shape, kind }) => {
    const length = sizeOf(shape) * widthOf(kind);
    return fc.record({
      shape: fc.constant(shape),
      kind: fc.constant(kind),
      bytes: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  });

/** Groups of tensors, each group's bytes cut into as many files as it has paths. */
const anyGroups = fc
  .uniqueArray(anyName, { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.record({
      weights: fc.tuple(...names.map((name) => anyWeight.map((weight) => ({ name, ...weight })))),
      split: fc.nat({ max: names.length }),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  )
  .map(({ weights, split, cut }) => {
    const files = new Map<string, Uint8Array>();
    const groups = [weights.slice(0, split), weights.slice(split)].map((group, i) => {
      const bytes = Uint8Array.from(group.flatMap((weight) => [...weight.bytes]));
      const middle = Math.round(cut * bytes.length);
      files.set(`${i}a`, bytes.slice(0, middle)).set(`${i}b`, bytes.slice(middle));
      return { paths: [`${i}a`, `${i}b`], weights: group.map(({ name, shape, kind }) => ({ name, shape, ...kind })) };
    });
    return { weights, files, json: JSON.stringify(groups) };
  });

/** One element, decoded by a DataView. */
function element(bytes: Uint8Array, kind: Kind, i: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const quantized = stored(kind);
  if (!quantized) {
    if (kind.dtype === "float32") return view.getFloat32(4 * i, true);
    return kind.dtype === "int32" ? view.getInt32(4 * i, true) : Math.min(1, view.getUint8(i));
  }
  if (quantized.dtype === "float16") {
    const half = view.getUint16(2 * i, true);
    const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  }
  const q = quantized.dtype === "uint8" ? view.getUint8(i) : view.getUint16(2 * i, true);
  const value = q * quantized.scale + quantized.min;
  return kind.dtype === "int32" ? Math.round(value) + 0 : Math.fround(value);
}

describe("random manifests", () => {
  test("every element is decoded by its type and quantization, wherever the files are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyGroups,
        fc.constantFrom("float32" as const, "float64" as const),
        async ({ weights, files, json }, dtype) => {
          for (const manifest of [
            json,
            new TextEncoder().encode(json),
            JSON.parse(json),
            { weightsManifest: JSON.parse(json) },
          ]) {
            const tensors = await readWeightsManifest(manifest, (path) => files.get(path), { dtype });
            expect(new Set(Object.keys(tensors))).toEqual(new Set(weights.map(({ name }) => name)));
            for (const { name, shape, kind, bytes } of weights) {
              const got = tensors[name]!;
              expect(got.shape).toEqual(shape);
              expect(got.dtype).toBe(dtype);
              const round = dtype === "float32" ? Math.fround : Number;
              expect([...got.data]).toEqual(
                Array.from({ length: sizeOf(shape) }, (_, i) => round(element(bytes, kind, i))),
              );
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("files that hold a byte more or less are refused", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyGroups,
        fc.constantFrom("0a", "0b", "1a", "1b"),
        fc.boolean(),
        async ({ files, json }, path, more) => {
          const bytes = files.get(path)!;
          fc.pre(more || bytes.length > 0);
          files.set(path, more ? new Uint8Array(bytes.length + 1) : bytes.slice(0, -1));
          await expect(readWeightsManifest(json, (path) => files.get(path))).rejects.toThrow(FormatError);
        },
      ),
    );
  });

  test("text cut off or changed anywhere gives a FormatError or a result", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyGroups,
        fc.nat(),
        fc.string({ maxLength: 3 }),
        fc.boolean(),
        async ({ files, json }, at, text, cut) => {
          const place = at % json.length;
          const changed = json.slice(0, place) + text + (cut ? "" : json.slice(place + 1));
          await expectFormatErrorOrResult(() => readWeightsManifest(changed, (path) => files.get(path)));
        },
      ),
    );
  });
});

const entry = (more: object = {}) => ({ name: "w", shape: [2], dtype: "float32", ...more });
const group = (more: object = {}, paths = ["a.bin"]) => [{ paths, weights: [entry(more)] }];
const message = (manifest: unknown, bytes: Uint8Array | undefined = new Uint8Array(8)) =>
  formatErrorOf(() => readWeightsManifest(manifest, () => bytes));

describe("memory and errors", () => {
  test("tensors share no memory with the file, at odd offsets of a Buffer as well", async () => {
    const buffer = Buffer.alloc(11);
    buffer.writeFloatLE(1.5, 3);
    const { w } = await readWeightsManifest(group(), () => buffer.subarray(3));
    buffer.fill(255);
    expectSame(w, (await readWeightsManifest(group(), () => Float32Array.of(1.5, 0))).w!);
  });

  test("each path is asked for once, after the whole manifest was checked", async () => {
    const asked: string[] = [];
    const read = (path: string) => {
      asked.push(path);
      return new Uint8Array(4);
    };
    await readWeightsManifest(group({}, ["a", "b"]), read);
    expect(asked).toEqual(["a", "b"]);
    const bad = [...group({}, ["c", "d"]), ...group({ name: "v", dtype: "string" }, ["e"])];
    await expect(readWeightsManifest(bad, read)).rejects.toThrow(FormatError);
    expect(asked).toEqual(["a", "b"]);
  });

  test("what read throws is thrown on; something else than bytes is an ArgumentError", async () => {
    const fail = () => Promise.reject(new Error("offline"));
    await expect(readWeightsManifest(group(), fail)).rejects.toThrow("offline");
    const text = () => "text" as unknown as Uint8Array;
    await expect(readWeightsManifest(group(), text)).rejects.toThrow(ArgumentError);
    await expect(readWeightsManifest(group(), () => undefined, { dtype: "int8" as "float32" })).rejects.toThrow(
      'readWeightsManifest expects dtype to be one of "float32", "float64", but got "int8".',
    );
  });

  const structure: [unknown, string][] = [
    [
      "{",
      "a manifest of JSON text, but it is not valid JSON. Usual cause: the file of the weights instead of its manifest, a path instead of the content, or a page that says “not found”.",
    ],
    [
      Uint8Array.of(255),
      "a manifest of JSON text, but it is not valid JSON. Usual cause: the file of the weights instead of its manifest, a path instead of the content, or a page that says “not found”.",
    ],
    [
      undefined,
      "a manifest of JSON text, but it is not valid JSON. Usual cause: the file of the weights instead of its manifest, a path instead of the content, or a page that says “not found”.",
    ],
    [
      "{}",
      "a list of groups { weights, paths }, or an object whose weightsManifest is one, but the manifest is an object. Usual cause: a JSON file of another kind.",
    ],
    [
      "7",
      "a list of groups { weights, paths }, or an object whose weightsManifest is one, but the manifest is a number. Usual cause: a JSON file of another kind.",
    ],
    [
      "null",
      "a list of groups { weights, paths }, or an object whose weightsManifest is one, but the manifest is null. Usual cause: a JSON file of another kind.",
    ],
    [[{ weights: [] }], "group 0 to have a list of weights and a list of paths, but they are not both there."],
    [[{ weights: [[]], paths: [] }], "group 0 to list tensors, but one is a list."],
    [[{ weights: [{}], paths: [] }], "each tensor name of group 0 to be text, but one is missing."],
    [[{ weights: [], paths: [1] }], "each path of group 0 to be text, but one is a number."],
    [[{ weights: [entry(), entry()], paths: [] }], 'each tensor name once, but "w" comes twice.'],
    [group({}, ["a", "a"]), 'each path once, but "a" comes twice.'],
    [group({ shape: [-1] }), 'tensor "w" to have a shape of integers ≥ 0, but its shape is [-1].'],
    [group({ shape: "2" }), 'tensor "w" to have a shape of integers ≥ 0, but its shape is "2".'],
    [
      group({ shape: [2 ** 40, 2 ** 40] }),
      'tensor "w" of at most 2147483647 elements, but the file says [1099511627776, 1099511627776]. Usual cause: a damaged file, or one made to exhaust memory.',
    ],
    [group({ dtype: "string" }), 'tensor "w" to have one of the types float32, int32, bool, but it has "string".'],
    [
      group({ quantization: 1 }),
      'tensor "w" to be quantized to one of the types uint8, uint16, float16, but it is to none.',
    ],
    [
      group({ quantization: { dtype: "int4" } }),
      'tensor "w" to be quantized to one of the types uint8, uint16, float16, but it is to "int4".',
    ],
    [
      group({ dtype: "bool", quantization: { dtype: "uint8" } }),
      'tensor "w" to be of a type that uint8 can stand for, but its type is bool.',
    ],
    [
      group({ dtype: "int32", quantization: { dtype: "float16" } }),
      'tensor "w" to be of a type that float16 can stand for, but its type is int32.',
    ],
    [
      group({ quantization: { dtype: "uint8", scale: 1 } }),
      'tensor "w" to be quantized by numbers scale and min whose results float32 can hold, but they are 1 and none.',
    ],
    [
      group({ quantization: { dtype: "uint8", scale: 1e38, min: 0 } }),
      'tensor "w" to be quantized by numbers scale and min whose results float32 can hold, but they are 1e+38 and 0.',
    ],
    [
      group({ dtype: "int32", quantization: { dtype: "uint16", scale: 1e6, min: 0 } }),
      'tensor "w" to be quantized by numbers scale and min whose results int32 can hold, but they are 1000000 and 0.',
    ],
  ];
  test.each(structure)("manifest %#", async (manifest, expected) => {
    expect(await message(manifest)).toBe(`readWeightsManifest expects ${expected}`);
  });

  test("files", async () => {
    expect(await formatErrorOf(() => readWeightsManifest(group(), () => undefined))).toBe(
      'readWeightsManifest expects the file "a.bin", which the manifest names, but there is none. Usual cause: a path of another folder.',
    );
    expect(await message(group(), new Uint8Array(7))).toBe(
      'readWeightsManifest expects "a.bin" to hold the 8 bytes of 1 tensors, but there are 7. Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.',
    );
    expect(await message(group({}, ["a", "b"]), new Uint8Array(7))).toBe(
      'readWeightsManifest expects "a" + "b" to hold the 8 bytes of 1 tensors, but there are 14. Usual cause: the files of another model, or a manifest that lacks a tensor.',
    );
  });
});

describe("paths", () => {
  const refused = (path: string) =>
    `readWeightsManifest expects paths of files in the manifest's folder or below it, but one is ${JSON.stringify(path)}. Usual cause: a manifest made to read other files than its own, or one of a tool that writes whole paths: edit it.`;

  test.each(
    [
      ["..", "../secret.txt", "a/../../b", "a/..", "../../../../etc/passwd"],
      [".", "./a", "a/./b", "...", "a/.../b"],
      ["/etc/passwd", "//host/share", "a//b", "a/", "/", ""],
      ["..\\secret.txt", "a\\..\\..\\b", "C:\\Windows\\win.ini", "C:secret", "a/C:b", "\\\\host\\share"],
      ["https://example.org/a", "file:///etc/passwd", "data:,x", "javascript:alert(1)", "a:stream"],
      ["%2e%2e/secret", "a/%2E%2E/%2e./b", ".%2e/b", "a%2fb", "%5c..", "a%00"],
      // URLs lose tabs and line breaks, and spaces at their ends; Windows loses dots and spaces at the ends of names.
      [
        ".\t./secret",
        ".\n./b",
        "a/.\r./b",
        " ../secret",
        "../secret ",
        ".. /secret",
        "a./b",
        "a /b",
        " a",
        "a\u0000.bin",
        "\u0085a",
      ],
      ["a?b", "a#b", "a*", 'a"b', "a<b", "a|b"],
    ].flat(),
  )("%j is refused, before any file is read", async (path) => {
    let asked = 0;
    const read = () => {
      asked++;
      return new Uint8Array(8);
    };
    expect(await formatErrorOf(() => readWeightsManifest(group({}, [path]), read))).toBe(refused(path));
    const second = [
      { paths: ["a.bin"], weights: [entry()] },
      { paths: ["sub/b.bin", path], weights: [entry({ name: "v" })] },
    ];
    expect(await formatErrorOf(() => readWeightsManifest({ weightsManifest: second }, read))).toBe(refused(path));
    expect(asked).toBe(0);
  });

  test.each([
    "a",
    "group1-shard1of2.bin",
    "sub/folder/a.bin",
    ".hidden",
    "..a",
    "a..b",
    "größe.bin",
    "a b (1), [2] {3}.bin",
    "~a",
    "$a",
    "🦆",
  ])("%j is read", async (path) => {
    const asked: string[] = [];
    await readWeightsManifest(group({}, [path]), (file) => {
      asked.push(file);
      return new Uint8Array(8);
    });
    expect(asked).toEqual([path]);
  });

  test("whatever is read stays in its folder, as a path of either kind of system and as a URL", async () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "\\",
      "%2e",
      "%2F",
      "a",
      "b",
      " ",
      "\t",
      "\n",
      ":",
      "C:",
      "//",
      "..",
      "?",
      "#",
      "\u0000",
      "．",
      "file:",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        await readWeightsManifest(group({}, [pieces.join("")]), (path) => {
          expect(posix.join("/folder/model", path).startsWith("/folder/model/")).toBe(true);
          expect(win32.join("C:\\folder\\model", path).startsWith("C:\\folder\\model\\")).toBe(true);
          expect(new URL(path, "https://example.org/folder/model/").href).toMatch(
            /^https:\/\/example\.org\/folder\/model\/./,
          );
          return new Uint8Array(8);
        }).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("bounds", () => {
  test("maxBytes is what the files and what the tensors may take, checked before any file is read", async () => {
    const read = () => expect.fail("a file was read");
    const bytes = { dtype: "float32", quantization: { dtype: "uint8", scale: 1, min: 0 } };
    const message = (most: number, takes: number) =>
      `readWeightsManifest expects at most ${most} bytes, what maxBytes leaves for it, but it takes ${takes}. Usual cause: a file made to exhaust memory, or a larger one than planned: raise maxBytes if the memory is there.`;
    const of = (manifest: unknown, options = {}) => formatErrorOf(() => readWeightsManifest(manifest, read, options));
    expect(await of(group({ ...bytes, shape: [1000] }), { maxBytes: 3999 })).toBe(message(3999, 4000));
    expect(await of(group({ ...bytes, shape: [1000] }), { maxBytes: 4000, dtype: "float64" })).toBe(
      message(4000, 8000),
    );
    expect(await of(group({ ...bytes, shape: [2 ** 28 + 1] }))).toBe(message(2 ** 30, 2 ** 30 + 4));
    const many = Array.from({ length: 5 }, (_, i) => ({
      paths: [`${i}`],
      weights: [entry({ name: `${i}`, shape: [2 ** 26] })],
    }));
    expect(await of(many)).toBe(message(2 ** 30, 5 * 2 ** 28));
    expect(Object.keys(await readWeightsManifest(group(), () => new Uint8Array(8), { maxBytes: 8 }))).toEqual(["w"]);
  });

  test("one file under many names is not read for each of them", async () => {
    let asked = 0;
    const paths = Array.from({ length: 10_000 }, (_, i) => `a${i}`);
    const error = await formatErrorOf(() =>
      readWeightsManifest(group({}, paths), () => {
        asked++;
        return new Uint8Array(1000);
      }),
    );
    expect(asked).toBeLessThan(20);
    expect(error).toBe(
      'readWeightsManifest expects "a0" + "a1" + "a2" + … to hold the 8 bytes of 1 tensors, but there are 8000. Usual cause: the files of another model, or a manifest that lacks a tensor.',
    );
  });

  test("files of many groups come back in their places", async () => {
    const groups = Array.from({ length: 30 }, (_, i) => ({
      paths: [`${i}`, `${i}b`],
      weights: [entry({ name: `w${i}`, shape: [3], dtype: "bool" })],
    }));
    const read = async (path: string) =>
      Uint8Array.from({ length: path.endsWith("b") ? 1 : 2 }, (_, i) => (Number.parseInt(path, 10) >> i) & 1);
    for (const [i, { data }] of Object.values(await readWeightsManifest(groups, read)).entries()) {
      expect([...data]).toEqual([i & 1, (i >> 1) & 1, i & 1]);
    }
  });

  test.each([
    [undefined, "undefined"],
    [new Uint8Array(8), "a Uint8Array"],
  ])("no function to read by: %s", async (read, got) => {
    await expect(readWeightsManifest(group(), read as never)).rejects.toThrow(
      new ArgumentError(
        `readWeightsManifest expects a function that gives the bytes of a file by its path, but got ${got}. Usual cause: the bytes themselves: write (path) => bytes.`,
      ),
    );
  });
});
