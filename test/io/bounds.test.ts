/** What small files say about large arrays: dimensions without end, sizes beside a dimension of 0, arrays of arrays. */
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imagesToTensor, readIdx } from "../../src/data.js";
import { PixelUnshuffle, tensor, zeros } from "../../src/index.js";
import { readNpy, readNpz, readSafetensors, readWeightsManifest, writeNpy, writeNpz } from "../../src/io.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { showShape } from "../../src/shape/shape.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { ascii, expectSame, formatErrorOf } from "../support/files.js";
import { withEnds, zipFile } from "../support/zip.js";

function npy(shape: string, bytes = 0, { fortran = false, descr = "|u1" } = {}): Uint8Array {
  const header = ascii(`{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }\n`);
  const start = Buffer.alloc(12);
  start.set([0x93, ...ascii("NUMPY"), 2, 0]);
  start.writeUInt32LE(header.length, 8);
  return new Uint8Array(Buffer.concat([start, header, Uint8Array.from({ length: bytes }, (_, i) => i)]));
}

function idx(sizes: readonly number[], bytes = 0): Uint8Array {
  const file = Buffer.alloc(4 + 4 * sizes.length + bytes);
  file.set([0, 0, 8, sizes.length]);
  for (const [dim, size] of sizes.entries()) file.writeUInt32BE(size, 4 + 4 * dim);
  return file;
}

function safetensors(shape: readonly number[], bytes = 0): Uint8Array {
  const header = ascii(`{"w":{"dtype":"U8","shape":[${shape}],"data_offsets":[0,${bytes}]}}`);
  const file = Buffer.alloc(8 + header.length + bytes);
  file.writeBigUInt64LE(BigInt(header.length));
  file.set(header, 8);
  return file;
}

const manifest = (shape: readonly number[]) => [
  {
    paths: ["a"],
    weights: [{ name: "w", shape, dtype: "float32", quantization: { dtype: "uint8", scale: 1, min: 0 } }],
  },
];

/** Reads an array of this shape and this many bytes from each format. */
const readers: Record<string, (shape: readonly number[], bytes?: number) => unknown> = {
  readNpy: (shape, bytes) => readNpy(npy(`(${shape.map((size) => `${size},`).join("")})`, bytes)),
  readIdx: (shape, bytes) => readIdx(idx(shape, bytes)),
  readSafetensors: (shape, bytes) => readSafetensors(safetensors(shape, bytes)),
  readWeightsManifest: (shape, bytes = 0) => readWeightsManifest(manifest(shape), () => new Uint8Array(bytes)),
};

describe.each(Object.entries(readers))("%s", (_, read) => {
  test("64 dimensions are read, 65 are refused", async () => {
    await read(new Array<number>(64).fill(1), 1);
    expect(await formatErrorOf(() => read(new Array<number>(65).fill(1), 1))).toMatch(/at most 64 dimensions/);
  });

  test("a message is short, however many dimensions, and whatever the sizes", async () => {
    for (const shape of [
      new Array<number>(250).fill(1),
      new Array<number>(64).fill(2 ** 31),
      new Array<number>(64).fill(0),
    ]) {
      expect((await formatErrorOf(() => read(shape, 3))).length).toBeLessThan(500);
    }
  });

  test("a dimension of size 0 beside a huge one is refused, in either order", async () => {
    for (const shape of [
      [1e9, 0],
      [0, 1e9],
      [2048, 2049, 0],
      [4_294_967_295, 0, 28],
      [2, 0, 2 ** 28],
      [100_000, 0, 100_000],
    ]) {
      expect(await formatErrorOf(() => read(shape))).toMatch(
        /at most 4194304 positions before a dimension of size 0 and 268435456 around it/,
      );
    }
    await read([2048, 2048, 0]);
    await read([0, 3, 4096, 4096]);
    await read([0]);
  });
});

test("a header of megabytes is refused", async () => {
  expect(await formatErrorOf(() => readNpy(npy(`(3,${"1,".repeat(100_000)})`, 3)))).toBe(
    "readNpy expects a header of at most 65535 bytes, but it has 200058.",
  );
  expect(await formatErrorOf(() => readNpy(npy(`(${"0,".repeat(30_000)})`)))).toMatch(
    /^readNpy expects a shape of at most 64 dimensions at character \d+ of the header/,
  );
  expect(await formatErrorOf(() => readSafetensors(safetensors(new Array<number>(300_001).fill(2), 1)))).toMatch(
    /^readSafetensors expects a shape of at most 64 dimensions at character \d+ of the header/,
  );
});

describe("tensors", () => {
  test.each([
    [
      () => new Tensor(new Float32Array(1), new Array(65).fill(1)),
      "at most 64 dimensions, but got [1, 1, 1, 1, 1, 1, 1, 1, … 65 dimensions]",
    ],
    [
      () => zeros([1e9, 0]),
      "at most 4194304 positions before a dimension of size 0 and 268435456 around it, but got [1000000000, 0]",
    ],
    [
      () => zeros([0, 1e9]),
      "at most 4194304 positions before a dimension of size 0 and 268435456 around it, but got [0, 1000000000]",
    ],
    [() => zeros([Number.MAX_VALUE, Number.MAX_VALUE, 0]), "at most 4194304 positions before a dimension of size 0"],
    [() => zeros([2 ** 16, 2 ** 15]), "at most 2147483647 elements, but got [65536, 32768], which has 2147483648"],
    [
      () => imagesToTensor({ shape: [1e9, 0, 28], data: new Uint8Array() }),
      "at most 4194304 positions before a dimension of size 0",
    ],
    [
      () => new PixelUnshuffle(2).forward(new Tensor(new Float32Array(), [1e8, 1, 2, 0])),
      "at most 4194304 positions before",
    ],
    [() => zeros([0, 1000]).reshape([1e9, 0]), "at most 4194304 positions before"],
    [() => zeros([5, 4000, 0]).permute([1, 0, 2]).unsqueeze(0).reshape([0, 1e10]), "and 268435456 around it"],
  ])("%s is refused", (make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  test("what walks over positions that hold nothing ends", () => {
    const x = zeros([2 ** 18, 2, 0]);
    expect(x.toArray().length).toBe(2 ** 18);
    expect(String(x)).toBe("Tensor [262144, 2, 0] (empty)");
    expect(x.permute([1, 0, 2]).shape).toEqual([2, 2 ** 18, 0]);
    expect(x.add(zeros([2, 0])).shape).toEqual(x.shape);
    expect(x.sum(2).shape).toEqual([2 ** 18, 2]);
    expect(x.slice([1, 1000]).shape).toEqual([999, 2, 0]);
  });

  test("64 dimensions of size 1 are printed, permuted and made arrays of like one", () => {
    const x = tensor([7, 8]).reshape([2, ...new Array<number>(63).fill(1)]);
    expect(String(x)).toMatch(/^Tensor \[2, 1, 1, 1, 1, 1, 1, 1, … 64 dimensions\]/);
    expect(JSON.stringify(x.toArray()).replace(/[[\]]/g, "")).toBe("7,8");
    expect(x.permute([...x.shape.keys()].reverse()).at(...new Array<number>(63).fill(0), 1)).toBe(8);
  });

  test("a long dimension is printed without walking over it", () => {
    expect(String(zeros([2 ** 24]))).toMatch(/^Tensor \[16777216\]\n\[0, 0, 0, \.\.\., 0, 0, 0\]$/);
  });
});

test("shapes are written in full up to 16 dimensions", () => {
  expect(showShape(new Array<number>(16).fill(3))).toBe(`[${new Array(16).fill(3).join(", ")}]`);
  expect(showShape(new Array<number>(17).fill(3))).toBe("[3, 3, 3, 3, 3, 3, 3, 3, … 17 dimensions]");
});

test("Fortran order is read as NumPy orders it, also with dimensions of size 1 in between", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 }), (shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      const text = `(${shape.map((extent) => `${extent},`).join("")})`;
      const back = [...shape.keys()].reverse();
      // Column-major elements are the row-major ones of the dimensions in reverse.
      const want = readNpy(npy(`(${back.map((dim) => `${shape[dim]},`).join("")})`, size)).permute(back);
      expectSame(readNpy(npy(text, size, { fortran: true })), want);
    }),
  );
});

describe("readNpz", () => {
  const zerosOf = (n: number) => npy(`(${n},)`, n);

  test("maxBytes is what compressed arrays may take, decompressed and as tensors, together", async () => {
    const file = zipFile([
      { name: "a.npy", content: npy("(1000,)", 1000), deflated: true },
      { name: "b.npy", content: npy("(500,)", 500), deflated: true },
    ]);
    // The numbers 0 to 255 over and over: 4 and 8 bytes each as tensors.
    expect(Object.keys(await readNpz(file, { maxBytes: 6000 }))).toEqual(["a", "b"]);
    const message = (name: string, most: number, bytes: number) =>
      `readNpz, entry "${name}.npy", expects at most ${most} bytes, what maxBytes leaves for it, but it takes ${bytes}. Usual cause: a file made to exhaust memory, or a larger one than planned: raise maxBytes if the memory is there.`;
    expect(await formatErrorOf(() => readNpz(file, { maxBytes: 5999 }))).toBe(message("b", 1999, 2000));
    expect(await formatErrorOf(() => readNpz(file, { maxBytes: 3999 }))).toBe(message("a", 3999, 4000));
    expect(await formatErrorOf(() => readNpz(file, { maxBytes: 100 }))).toMatch(
      /^readNpz, entry "a.npy", expects at most 100 bytes/,
    );
    expect(await formatErrorOf(() => readNpz(file, { maxBytes: 8000, dtype: "float64" }))).toBe(message("b", 0, 572));
  });

  test("what is stored as it is needs no allowance", async () => {
    const x = zeros([1000]);
    expectSame((await readNpz(writeNpz({ x }), { maxBytes: 1 })).x, x);
  });

  test("1 GiB by default, refused before anything is decompressed", async () => {
    const packed = deflateRawSync(new Uint8Array(2e6));
    const file = zipFile([
      {
        name: "a.npy",
        content: new Uint8Array(),
        deflated: true,
        packed: Buffer.concat([packed, Buffer.alloc(2e6)]),
        size: 2 ** 30 + 1,
      },
    ]);
    expect(await formatErrorOf(() => readNpz(file))).toMatch(
      /^readNpz, entry "a.npy", expects at most 1073741824 bytes, what maxBytes leaves for it, but it takes 1073741825\./,
    );
  });

  test("other files beside the arrays are left alone, whatever is in them", async () => {
    const content = zerosOf(3);
    const file = zipFile([
      { name: "readme.txt", content: ascii("text") },
      { name: "folder/", content: new Uint8Array() },
      { name: "secret.bin", content: ascii("…"), method: 99, encrypted: true },
      { name: Buffer.of(0xff, 0xfe), content: ascii("not UTF-8") },
      { name: "x.npy", content, deflated: true },
      { name: "folder/y.npy", content },
    ]);
    expect(Object.keys(await readNpz(file))).toEqual(["x", "folder/y"]);
    expect(await formatErrorOf(() => readNpz(zipFile([{ name: "data.pkl", content }])))).toBe(
      "readNpz expects an array, a .npy file, in the zip file, but there is none. Usual cause: a zip file of another kind, such as a .pt file (which torch can convert).",
    );
    expect(await readNpz(zipFile([]))).toEqual({});
  });

  test("zip64 is read: sizes and offsets in the entries' own fields, counts and offsets at the end", async () => {
    const x = tensor([1, 2, 3]);
    const other = { id: 0x5455, data: Buffer.alloc(5) }; // a time stamp before and after it
    const entries = (["size", "packedSize", "offset"] as const).flatMap((first, i) =>
      (["size", "packedSize", "offset"] as const).map((second, j) => ({
        name: `w${i}${j}.npy`,
        content: writeNpy(x),
        deflated: j === 1,
        zip64: [...new Set([first, second])],
        extra: i === j ? [other] : [],
      })),
    );
    for (const ends of ["both", "zip64"] as const) {
      const tensors = await readNpz(zipFile(entries, ends));
      expect(Object.keys(tensors)).toEqual(entries.map(({ name }) => name.slice(0, -4)));
      for (const tensor of Object.values(tensors)) expectSame(tensor, x);
    }
  });

  test.each([
    [
      "an end that is not where it should be",
      { end64At: 1 },
      "readNpz expects the end of a zip64 directory at 1, but there is none.",
    ],
    [
      "an end beyond the file",
      { end64At: 2n ** 40n },
      "readNpz expects the end of a zip64 directory at 1099511627776, but there is none.",
    ],
    [
      "an offset of 2⁶⁴ − 1",
      { start64: 2n ** 64n - 1n },
      "readNpz expects sizes that a file can have, but it says 18446744073709551615.",
    ],
    [
      "two directories",
      { start64: 0n },
      "readNpz expects one directory in a zip file, but its two ends speak of different ones.",
    ],
    [
      "another count",
      { count64: 3n },
      "readNpz expects one directory in a zip file, but its two ends speak of different ones.",
    ],
    ["several parts", { disks: 1n }, "readNpz expects a zip file in one part, but it is one part of several."],
  ])("zip64 with %s is refused", async (_, change, message) => {
    expect(await formatErrorOf(() => readNpz(withEnds([{ name: "a.npy", content: zerosOf(3) }], change)))).toMatch(
      message,
    );
  });

  test("more entries than the zip64 directory has room for are refused at once", async () => {
    const file = withEnds([{ name: "a.npy", content: zerosOf(3) }], { count64: 2n ** 52n, hidden: true });
    expect(await formatErrorOf(() => readNpz(file))).toMatch(
      /^readNpz expects a zip directory of 4503599627370496 entries, but entry 2 is not there/,
    );
  });
});
