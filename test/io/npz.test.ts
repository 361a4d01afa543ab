import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gunzip, readNpz, writeNpz } from "../../src/io.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  anyDamage,
  anyRecord,
  ascii,
  damage,
  expectFormatErrorOrResult,
  expectPython,
  expectSame,
  expectSameRecord,
  formatErrorOf,
  fromBase64,
  python,
} from "../support/files.js";

const { files, arrays } = python.npz;
const packed = fromBase64(files.savez_compressed ?? "");
const small = writeNpz({ a: new Tensor(Float32Array.of(1, 2), [2]), b: new Tensor(Float32Array.of(3), []) });

/** `small` with numbers of one of its records overwritten: `[offset in the record, bytes, value]`. */
function changed(
  record: "local" | "central" | "end",
  ...changes: readonly [at: number, width: 2 | 4, value: number][]
) {
  const bytes = small.slice();
  const view = new DataView(bytes.buffer);
  const end = bytes.length - 22;
  const start = { local: 0, central: view.getUint32(end + 16, true), end }[record];
  for (const [at, width, value] of changes) {
    if (width === 2) view.setUint16(start + at, value, true);
    else view.setUint32(start + at, value, true);
  }
  return bytes;
}

/** `small` with its first entry said to be deflated, though it starts with a block of the reserved type 3. */
function invalidBlock(): Uint8Array {
  const bytes = changed("central", [10, 2, 8]);
  bytes[30 + "a.npy".length] = 7;
  return bytes;
}

describe("round trip", () => {
  test("reading what was written gives the same bits under the same names", async () => {
    await fc.assert(
      fc.asyncProperty(anyRecord, async (tensors) => expectSameRecord(await readNpz(writeNpz(tensors)), tensors)),
    );
  });
  test("double precision survives when it is asked for", async () => {
    const x = new Tensor(Float64Array.of(1 / 3, -0), [2]);
    expectSame((await readNpz(writeNpz({ x }), { dtype: "float64" })).x, x);
  });
  test("the same tensors give the same bytes", () => {
    const tensors = { x: new Tensor(Float32Array.of(1), [1]) };
    expect(writeNpz(tensors)).toEqual(writeNpz(tensors));
  });
  test("what is read shares no memory with the file", async () => {
    const bytes = small.slice();
    const { a } = await readNpz(bytes);
    bytes.fill(0);
    expect(a?.data).toEqual(Float32Array.of(1, 2));
  });
});

describe("files that NumPy wrote", () => {
  test.each(Object.entries(files))("%s has NumPy's arrays", async (_, text) => {
    const got = await readNpz(fromBase64(text));
    expect(Object.keys(got)).toEqual(Object.keys(arrays));
    for (const [name, want] of Object.entries(arrays)) expectPython(got[name], want);
  });
});

describe("bad files", () => {
  const cut = "Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.";
  test.each([
    [
      "nothing",
      new Uint8Array(),
      `readNpz expects a zip file, which ends with its directory, but there is none at the end. ${cut}`,
    ],
    [
      "a .npy file",
      fromBase64(python.npy[0]?.file ?? ""),
      "readNpz expects a zip file, which ends with its directory, but there is none at the end. Usual cause: a .npy file: use readNpy.",
    ],
    [
      "a file without its directory",
      small.subarray(0, 200),
      `readNpz expects a zip file, which ends with its directory, but there is none at the end. ${cut}`,
    ],
    [
      "bytes after the end",
      Uint8Array.of(...small, 0),
      `readNpz expects a zip file, which ends with its directory, but there is none at the end. ${cut}`,
    ],
    [
      "one of several parts",
      changed("end", [4, 2, 1]),
      "readNpz expects a zip file in one part, but it is one part of several.",
    ],
    [
      "a zip64 directory that is not there",
      changed("end", [16, 4, 0xffffffff]),
      "readNpz expects the zip directory inside the file, but it is said to span 4294967295 to 4294967397 of 440 bytes.",
    ],
    [
      "a zip64 entry without its sizes",
      changed("central", [24, 4, 0xffffffff]),
      `readNpz expects the entry "a.npy" to have its zip64 sizes, but they are not there. ${cut}`,
    ],
    [
      "a directory beyond the file",
      changed("end", [12, 4, 5000]),
      "readNpz expects the zip directory inside the file, but it is said to span 338 to 5338 of 440 bytes.",
    ],
    [
      "more entries than there are",
      changed("end", [8, 2, 3], [10, 2, 3]),
      `readNpz expects a zip directory of 3 entries, but entry 3 is not there. ${cut}`,
    ],
    [
      "fewer entries than there are",
      changed("end", [8, 2, 1], [10, 2, 1]),
      "readNpz expects a zip directory of 102 bytes, but its entries take 51.",
    ],
    [
      "a name beyond the directory",
      changed("central", [28, 2, 999]),
      "readNpz expects each name inside the zip directory, but that of entry 1 is not.",
    ],
    [
      "a name that is no UTF-8",
      changed("central", [46, 2, 0x61ff]),
      'readNpz expects the entry "�anpy" under the name that the zip directory gives it, but its own header has another.',
    ],
    [
      "a name that is no array's",
      changed("central", [49, 2, 0x7878]),
      'readNpz expects the entry "a.nxx" under the name that the zip directory gives it, but its own header has another.',
    ],
    [
      "an encrypted entry",
      changed("central", [8, 2, 1]),
      'readNpz, entry "a.npy", expects an entry without a password, but it is encrypted.',
    ],
    [
      "an unknown compression",
      changed("central", [10, 2, 12]),
      'readNpz, entry "a.npy", expects an entry that is stored or deflated, but its compression method is 12.',
    ],
    [
      "an entry that is not where it should be",
      changed("central", [42, 4, 3]),
      `readNpz expects the entry "a.npy" at offset 3, but there is none. ${cut}`,
    ],
    [
      "an entry beyond the file",
      changed("central", [42, 4, 0xfffffff0]),
      `readNpz expects the entry "a.npy" at offset 4294967280, but there is none. ${cut}`,
    ],
    [
      "an entry that runs into the directory",
      changed("central", [20, 4, 400], [24, 4, 400]),
      `readNpz expects the entry "a.npy" to end before the zip directory at 338, but it is said to end at 435. ${cut}`,
    ],
    [
      "entries that overlap",
      changed("central", [20, 4, 200], [24, 4, 200]),
      'readNpz expects entries that do not overlap, but "b.npy" overlaps the one before it.',
    ],
    [
      "an entry in another one's place",
      changed("central", [42, 4, 171], [20, 4, 100], [24, 4, 100]),
      'readNpz expects the entry "a.npy" under the name that the zip directory gives it, but its own header has another.',
    ],
    [
      "a stored entry of another size",
      changed("central", [24, 4, 5]),
      'readNpz, entry "a.npy", expects an entry of 136 bytes to hold what they can, but it is said to hold 5.',
    ],
    [
      "a deflated entry of an absurd size",
      changed("central", [10, 2, 8], [24, 4, 0xfffffffe]),
      'readNpz, entry "a.npy", expects an entry of 136 bytes to hold what they can, but it is said to hold 4294967294.',
    ],
    [
      "a deflated entry that is not deflated",
      invalidBlock(),
      `readNpz, entry "a.npy", expects valid deflate-raw data, but it cannot be decompressed. ${cut}`,
    ],
    [
      "a wrong checksum",
      changed("central", [16, 4, 1]),
      'readNpz, entry "a.npy", expects the checksum in the zip directory, but the content has another. Usual cause: damaged data.',
    ],
  ])("%s is refused with its reason", async (_, bytes, message) => {
    expect(await formatErrorOf(() => readNpz(bytes))).toBe(message);
  });

  /** The compressed fixture's first entry with another decompressed size in the directory. */
  function claim(size: (real: number) => number) {
    const bytes = packed.slice();
    const view = new DataView(bytes.buffer);
    const at = view.getUint32(bytes.length - 22 + 16, true) + 24;
    const real = view.getUint32(at, true);
    view.setUint32(at, size(real), true);
    return { bytes, real };
  }
  test("a deflated entry that gives more than it says is refused before it is all there", async () => {
    const { bytes, real } = claim((size) => size - 1);
    expect(await formatErrorOf(() => readNpz(bytes))).toBe(
      `readNpz, entry "a.npy", expects at most ${real - 1} bytes of decompressed data, but there are more. Usual cause: a file made to exhaust memory.`,
    );
  });
  test("a deflated entry that gives less than it says is refused", async () => {
    const { bytes, real } = claim((size) => size + 1);
    expect(await formatErrorOf(() => readNpz(bytes))).toBe(
      `readNpz, entry "a.npy", expects ${real + 1} bytes, but decompressing gives ${real}. ${cut}`,
    );
  });

  test("a name that comes twice is refused", async () => {
    const text = Buffer.from(small).toString("latin1").replaceAll("b.npy", "a.npy");
    expect(await formatErrorOf(() => readNpz(Buffer.from(text, "latin1")))).toBe(
      'readNpz, entry "a.npy", expects each name once, but it comes twice.',
    );
  });
  test("a name in another encoding than UTF-8 is refused where it is an array's", async () => {
    const text = Buffer.from(small).toString("latin1").replaceAll("b.npy", "\xff.npy");
    expect(await formatErrorOf(() => readNpz(Buffer.from(text, "latin1")))).toBe(
      'readNpz, entry "�.npy", expects a name in UTF-8, but it is in another encoding.',
    );
  });

  test("any damage gives a FormatError or a result", async () => {
    const anyFile = fc.constantFrom(small, ...Object.values(files).map(fromBase64));
    await fc.assert(
      fc.asyncProperty(anyFile, anyDamage, (bytes, harm) =>
        expectFormatErrorOrResult(() => readNpz(damage(bytes, harm))),
      ),
      { numRuns: 1000 },
    );
  });
  test("damage to the directory alone gives a FormatError or a result", async () => {
    const tail = fc.integer({ min: 1, max: 350 }); // the last entries' data, the directory and its end
    const flips = fc.array(fc.tuple(tail, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, (changes) => {
        const bytes = packed.slice();
        for (const [back, xor] of changes) bytes[bytes.length - back]! ^= xor;
        return expectFormatErrorOrResult(() => readNpz(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("gunzip", () => {
  test("gives back what was compressed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (content) => {
        expect(await gunzip(gzipSync(content))).toEqual(new Uint8Array(content));
      }),
    );
  });
  test("the largest ratio of deflate is not taken for an attack", async () => {
    expect((await gunzip(gzipSync(new Uint8Array(3e6), { level: 9 }))).length).toBe(3e6);
  });
  test.each([
    [
      "nothing",
      new Uint8Array(),
      "gunzip expects a gzip file, which starts with the bytes 1f 8b, but the file starts differently. Usual cause: a file that is not compressed, or was decompressed on its way here.",
    ],
    [
      "a truncated file",
      new Uint8Array(gzipSync(ascii("some content"))).subarray(0, 20),
      "gunzip expects valid gzip data, but it cannot be decompressed. Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.",
    ],
  ])("%s is refused", async (_, bytes, message) => {
    expect(await formatErrorOf(() => gunzip(bytes))).toBe(message);
  });
  test("any damage gives a FormatError or a result", async () => {
    const file = new Uint8Array(gzipSync(ascii("content, content, content")));
    await fc.assert(
      fc.asyncProperty(anyDamage, (harm) => expectFormatErrorOrResult(() => gunzip(damage(file, harm)))),
      { numRuns: 500 },
    );
  });
});

describe("bad arguments", () => {
  test.each([
    [
      () => writeNpz({ x: 1 as never }),
      'writeNpz expects tensors by name, but "x" is no Tensor. Usual cause: the model itself instead of model.stateDict().',
    ],
    [
      () => writeNpz({ "\ud800": new Tensor(new Float32Array(1), []) }),
      'writeNpz expects tensors by name, but "\\ud800" is no valid Unicode. Usual cause: the model itself instead of model.stateDict().',
    ],
    [
      () => writeNpz({ ["x".repeat(70000)]: new Tensor(new Float32Array(1), []) }),
      `writeNpz expects names below 64 KiB, but got "${"x".repeat(40)}…".`,
    ],
  ])("%s", (call, message) => {
    expect(call).toThrow(new ArgumentError(message));
  });
  test("an unknown precision", async () => {
    await expect(readNpz(small, { dtype: "f4" as never })).rejects.toThrow(
      new ArgumentError('readNpz expects dtype to be one of "float32", "float64", but got "f4".'),
    );
  });
  test("a path instead of bytes", async () => {
    await expect(readNpz("x.npz" as never)).rejects.toThrow(
      new ArgumentError(
        "readNpz expects the bytes of a file (a Uint8Array or ArrayBuffer), but got a string. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.",
      ),
    );
  });
});
