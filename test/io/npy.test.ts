import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../../src/io.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  anyDamage,
  anyTensor,
  ascii,
  damage,
  expectFormatErrorOrResult,
  expectPython,
  expectSame,
  formatErrorOf,
  fromBase64,
  python,
} from "../support/files.js";

/** A file of version 1.0 with this header and this many bytes of data. */
function file(header: string, dataBytes = 0, length = header.length): Uint8Array {
  return Uint8Array.of(
    0x93,
    ...ascii("NUMPY"),
    1,
    0,
    length & 255,
    length >> 8,
    ...ascii(header),
    ...new Uint8Array(dataBytes),
  );
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

describe("round trip", () => {
  test("reading what was written gives the same bits", () => {
    fc.assert(fc.property(anyTensor, (tensor) => expectSame(readNpy(writeNpy(tensor)), tensor)));
  });
  test("double precision survives when it is asked for", () => {
    const x = new Tensor(Float64Array.of(1 / 3, -0, Number.NaN, -Infinity), [4]);
    expectSame(readNpy(writeNpy(x), { dtype: "float64" }), x);
    expectSame(readNpy(writeNpy(x)), x.to("float32"));
  });
});

describe("files that NumPy wrote", () => {
  test.each(python.npy)("$name has NumPy's numbers", ({ file, ...want }) => {
    const bytes = fromBase64(file);
    expectPython(readNpy(bytes), want);
    expectPython(readNpy(bytes, { dtype: "float64" }), want, "float64");
  });
  test.each(python.npy.filter(({ name }) => ["<f4", "C order", "one dimension", "empty", "scalar"].includes(name)))(
    "$name is written byte for byte as NumPy writes it",
    ({ file }) => {
      const bytes = fromBase64(file);
      expect(writeNpy(readNpy(bytes))).toEqual(bytes);
    },
  );
  test("double precision is written byte for byte as NumPy writes it", () => {
    const bytes = fromBase64(python.npy.find(({ name }) => name === "<f8")?.file ?? "");
    expect(writeNpy(readNpy(bytes, { dtype: "float64" }))).toEqual(bytes);
  });
});

describe("bad files", () => {
  const types = "f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1";
  const cut = "Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.";
  const noType = (descr: string) =>
    `readNpy expects elements of one of the types ${types}, but its descr is "${descr}". Usual cause: an array of text, complex numbers or Python objects: convert it with astype before saving.`;
  const at = (place: number, expected: string, found: string) =>
    `readNpy expects ${expected} at character ${place} of the header, but ${found}.`;
  const versionOf = (major: number, minor: number) => {
    const bytes = file(header("'<f4'", "()"), 4);
    bytes.set([major, minor], 6);
    return bytes;
  };
  test.each([
    [
      "nothing",
      new Uint8Array(),
      "readNpy expects the magic string \\x93NUMPY, but the file starts differently. Usual cause: another format than .npy.",
    ],
    [
      "a zip file",
      ascii("PK\x03\x04 and so on"),
      "readNpy expects the magic string \\x93NUMPY, but the file starts with PK, as zip files do. Usual cause: a .npz file: use readNpz.",
    ],
    [
      "a file that ends after the magic",
      file("").subarray(0, 9),
      `readNpy expects at least 10 bytes, but the file has 9. ${cut}`,
    ],
    ["version 4.0", versionOf(4, 0), "readNpy expects version 1.0, 2.0 or 3.0 of the format, but the file says 4.0."],
    ["version 0.0", versionOf(0, 0), "readNpy expects version 1.0, 2.0 or 3.0 of the format, but the file says 0.0."],
    ["version 1.1", versionOf(1, 1), "readNpy expects version 1.0, 2.0 or 3.0 of the format, but the file says 1.1."],
    [
      "a header beyond the end",
      file("{}", 0, 60000),
      `readNpy expects a header of 60000 bytes, but only 2 bytes follow its length. ${cut}`,
    ],
    ["an empty header", file(""), at(0, '"{"', "the header ends there")],
    ["code", file("__import__('os')"), at(0, '"{"', `found "__import__('os')"`)],
    [
      "code as a value",
      file("{'shape': (exit(), )}"),
      at(11, "each size of the shape to be a non-negative integer", 'found "exit(), )}"'),
    ],
    [
      "a missing key",
      file("{'descr': '<f4', 'shape': (), }"),
      "readNpy expects a header with descr, fortran_order and shape, but they are not all there.",
    ],
    [
      "another key",
      file("{'more': 1}"),
      'readNpy expects a header of descr, fortran_order and shape only, but it has "more".',
    ],
    ["a key twice", file("{'shape': (), 'shape': ()}"), at(14, "each key of the header once", `found "'shape': ()}"`)],
    [
      "a structured type",
      file(header("[('a', '<f4')]", "()")),
      at(10, "descr to be the name of one type, as a string", `found "[('a', '<f4')], 'for…"`),
    ],
    [
      "an escape in a string",
      file("{'desc\\162': '<f4'}"),
      at(1, "a key of the header with valid escapes and characters", `found "'desc\\\\162': '<f4'}"`),
    ],
    ["complex numbers", file(header("'<c8'", "()"), 8), noType("<c8")],
    ["text", file(header("'<U3'", "()"), 12), noType("<U3")],
    ["Python objects", file(header("'|O'", "()"), 12), noType("|O")],
    ["no byte order where there must be one", file(header("'|f4'", "()"), 4), noType("|f4")],
    ["half a type", file(header("'<'", "()"), 4), noType("<")],
    ["no type", file(header("''", "()"), 4), noType("")],
    [
      "an order that is no bool",
      file(header("'<f4'", "()", "0"), 4),
      at(34, "fortran_order to be True or False", `found "0, 'shape': (), }\\n"`),
    ],
    ["a shape that is no tuple", file(header("'<f4'", "3"), 12), at(50, '"("', 'found "3, }\\n"')],
    [
      "a number in parentheses",
      file(header("'<f4'", "(3)"), 12),
      at(52, '"," after the only size of the shape', 'found "), }\\n"'),
    ],
    [
      "an empty tuple with a comma",
      file(header("'<f4'", "(,)"), 12),
      at(51, "each size of the shape to be a non-negative integer", 'found ",), }\\n"'),
    ],
    [
      "a negative size",
      file(header("'<f4'", "(-3,)"), 12),
      at(51, "each size of the shape to be a non-negative integer", 'found "-3,), }\\n"'),
    ],
    [
      "a fractional size",
      file(header("'<f4'", "(3.,)"), 12),
      at(51, "each size of the shape to be a non-negative integer", 'found "3.,), }\\n"'),
    ],
    [
      "a shape that overflows",
      file(header("'<f4'", "(4294967296, 4294967296)"), 12),
      "readNpy expects a shape of at most 2147483647 elements, but the file says [4294967296, 4294967296]. Usual cause: a damaged file, or one made to exhaust memory.",
    ],
    [
      "a shape larger than the file",
      file(header("'<f4'", "(2000000000,)"), 12),
      `readNpy expects 8000000000 bytes of data for the shape [2000000000] of "<f4", but the file has 12 bytes of data. ${cut}`,
    ],
    [
      "bytes after the data",
      file(header("'<f4'", "(2,)"), 9),
      'readNpy expects 8 bytes of data for the shape [2] of "<f4", but the file has 9 bytes of data. Usual cause: several arrays saved into one file.',
    ],
  ])("%s is refused with its reason", async (_, bytes, message) => {
    expect(await formatErrorOf(() => readNpy(bytes))).toBe(message);
  });

  test("a version 2 header length of 4 GiB is refused", async () => {
    const bytes = Uint8Array.of(0x93, ...ascii("NUMPY"), 2, 0, 255, 255, 255, 255, ...ascii("{}"));
    expect(await formatErrorOf(() => readNpy(bytes))).toBe(
      "readNpy expects a header of at most 65535 bytes, but it has 4294967295.",
    );
  });

  test("any damage gives a FormatError or a result", async () => {
    const anyFile = fc.constantFrom(...python.npy.map(({ file }) => fromBase64(file)));
    await fc.assert(
      fc.asyncProperty(anyFile, anyDamage, (bytes, harm) =>
        expectFormatErrorOrResult(() => readNpy(damage(bytes, harm))),
      ),
      { numRuns: 2000 },
    );
  });
});

describe("bad arguments", () => {
  test.each([
    [
      () => readNpy(writeNpy(new Tensor(new Float32Array(1), [])), { dtype: "f4" as never }),
      'readNpy expects dtype to be one of "float32", "float64", but got "f4".',
    ],
    [
      () => readNpy([1, 2] as never),
      "readNpy expects the bytes of a file (a Uint8Array or ArrayBuffer), but got [1, 2]. Usual cause: a path instead of the file's content, a missing await, or readFile with an encoding.",
    ],
    [
      () => writeNpy({} as never),
      "writeNpy expects a Tensor, but got an object. Usual cause: a state dict: write it with writeNpz.",
    ],
  ])("%s", (call, message) => {
    expect(call).toThrow(new ArgumentError(message));
  });
});
