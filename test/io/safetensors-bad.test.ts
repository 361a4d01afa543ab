/** Files that are not valid safetensors: each is refused with its reason, before anything is allocated. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../../src/io.js";
import { anyDamage, anyRecord, ascii, damage, expectFormatErrorOrResult, formatErrorOf } from "../support/files.js";

/** A file with this header, padded or not as given, and this many bytes of data. */
function file(header: string, dataBytes = 0, length = ascii(header).length): Uint8Array {
  const text = ascii(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (shape: string, offsets: string, dtype = "F32") =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

describe("bad files", () => {
  const cause =
    "Usual cause: a truncated download, a program that was killed while it wrote, or another format, such as a .pt file (which torch can convert).";
  const types = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL";
  const at = (place: number, expected: string, found: string) =>
    `readSafetensors expects ${expected} at character ${place} of the header, but ${found}.`;
  test.each([
    ["nothing", new Uint8Array(), `readSafetensors expects at least 8 bytes, but the file has 0. ${cause}`],
    [
      "a header longer than the file",
      file("{}", 0, 3),
      `readSafetensors expects its first 8 bytes to be the length of a header inside the file, but they say 3 and the file has 10 bytes. ${cause}`,
    ],
    [
      "a header length of 2⁶⁴ − 1",
      new Uint8Array(20).fill(255),
      `readSafetensors expects its first 8 bytes to be the length of a header inside the file, but they say 18446744073709551615 and the file has 20 bytes. ${cause}`,
    ],
    [
      "a header that is no UTF-8",
      (() => {
        const bytes = file('{"x":1}');
        bytes[10] = 0xff;
        return bytes;
      })(),
      `readSafetensors expects a header of UTF-8 text, but the header is not valid UTF-8. ${cause}`,
    ],
    ["no header at all", file(""), at(0, '"{"', "the header ends there")],
    ["a list", file("[]"), at(0, '"{"', 'found "[]"')],
    ["text after the header", file("{} {}"), at(3, "the end of the header", 'found "{}"')],
    ["a header that stops", file('{"x":{'), at(6, "a field of a tensor", "the header ends there")],
    ["a name that stops", file('{"x'), at(1, "a tensor name that its closing quote ends", 'found "\\"x"')],
    [
      "a wrong escape",
      file('{"\\x":{}}'),
      at(1, "a tensor name with valid escapes and characters", 'found "\\"\\\\x\\":{}}"'),
    ],
    [
      "half a surrogate pair",
      file('{"\\ud800":{}}'),
      at(1, "a tensor name with valid escapes and characters", 'found "\\"\\\\ud800\\":{}}"'),
    ],
    [
      "a name twice",
      file(`{"x":${entry("[]", "[0,4]")},"x":${entry("[]", "[0,4]")}}`, 4),
      at(53, "each tensor name once", 'found "\\"x\\":{\\"dtype\\":\\"F32\\",\\"…"'),
    ],
    [
      "a field twice",
      file('{"x":{"shape":[],"shape":[]}}'),
      at(17, "each field of a tensor once", 'found "\\"shape\\":[]}}"'),
    ],
    [
      "metadata twice",
      file('{"__metadata__":{"a":"1","a":"2"}}'),
      at(25, "each metadata name once", 'found "\\"a\\":\\"2\\"}}"'),
    ],
    ["metadata that is no text", file('{"__metadata__":{"a":1}}'), at(21, "metadata text", 'found "1}}"')],
    ["a trailing comma", file(`{"x":${entry("[]", "[0,4]")},}`, 4), at(53, "a tensor name", 'found "}"')],
    [
      "an unknown field",
      file('{"x":{"offset":3}}'),
      'readSafetensors expects tensor "x" to have dtype, shape and data_offsets only, but it has "offset".',
    ],
    [
      "a missing field",
      file('{"x":{"dtype":"F32","shape":[1]}}', 4),
      'readSafetensors expects tensor "x" to have a dtype, a shape and two data_offsets, but they are not all there.',
    ],
    [
      "three offsets",
      file(`{"x":${entry("[1]", "[0,4,4]")}}`, 4),
      'readSafetensors expects tensor "x" to have a dtype, a shape and two data_offsets, but they are not all there.',
    ],
    [
      "an unknown type",
      file(`{"x":${entry("[1]", "[0,1]", "F8_E4M3")}}`, 1),
      `readSafetensors expects tensor "x" to have one of the types ${types}, but it has "F8_E4M3".`,
    ],
    [
      "a negative size",
      file(`{"x":${entry("[-1]", "[0,4]")}}`, 4),
      at(29, "each size of the shape to be a non-negative integer", 'found "-1],\\"data_offsets\\":[…"'),
    ],
    [
      "a fractional size",
      file(`{"x":${entry("[1.5]", "[0,4]")}}`, 4),
      at(29, "each size of the shape to be a non-negative integer", 'found "1.5],\\"data_offsets\\":…"'),
    ],
    [
      "a size written 1e0",
      file(`{"x":${entry("[1e0]", "[0,4]")}}`, 4),
      at(29, "each size of the shape to be a non-negative integer", 'found "1e0],\\"data_offsets\\":…"'),
    ],
    [
      "a size of 2⁵³",
      file(`{"x":${entry("[9007199254740992]", "[0,4]")}}`, 4),
      at(29, "each size of the shape to be a non-negative integer", 'found "9007199254740992],\\"d…"'),
    ],
    [
      "a negative offset",
      file(`{"x":${entry("[1]", "[-4,0]")}}`, 4),
      at(48, "each offset to be a non-negative integer", 'found "-4,0]}}"'),
    ],
    [
      "a shape that overflows",
      file(`{"x":${entry("[4294967296,4294967296]", "[0,4]")}}`, 4),
      'readSafetensors expects tensor "x" of at most 2147483647 elements, but the file says [4294967296, 4294967296]. Usual cause: a damaged file, or one made to exhaust memory.',
    ],
    [
      "a shape that is not its bytes",
      file(`{"x":${entry("[2]", "[0,4]")}}`, 4),
      'readSafetensors expects tensor "x" of shape [2] and 4 bytes per element to take 8 bytes, but its offsets [0, 4] hold 4.',
    ],
    [
      "offsets in the wrong order",
      file(`{"x":${entry("[1]", "[4,0]")}}`, 4),
      'readSafetensors expects tensor "x" of shape [1] and 4 bytes per element to take 4 bytes, but its offsets [4, 0] hold -4.',
    ],
    [
      "a tensor beyond the end",
      file(`{"x":${entry("[2000000000]", "[0,8000000000]")}}`, 4),
      "readSafetensors expects 8000000000 bytes of data after the header, but the file has 4. Usual cause: a truncated download, or a program that was killed while it wrote.",
    ],
    [
      "bytes after the last tensor",
      file(`{"x":${entry("[1]", "[0,4]")}}`, 5),
      "readSafetensors expects 4 bytes of data after the header, but the file has 5. Usual cause: something appended to the file.",
    ],
    [
      "bytes without any tensor",
      file("{}", 1),
      "readSafetensors expects 0 bytes of data after the header, but the file has 1. Usual cause: something appended to the file.",
    ],
    [
      "overlapping tensors",
      file(`{"x":${entry("[2]", "[0,8]")},"y":${entry("[2]", "[4,12]")}}`, 12),
      'readSafetensors expects tensors back to back, but "y" starts at 4 and overlaps the one before it, which ends at 8.',
    ],
    [
      "the same bytes twice",
      file(`{"x":${entry("[1]", "[0,4]")},"y":${entry("[1]", "[0,4]")}}`, 4),
      'readSafetensors expects tensors back to back, but "y" starts at 0 and overlaps the one before it, which ends at 4.',
    ],
    [
      "a hole",
      file(`{"x":${entry("[1]", "[0,4]")},"y":${entry("[1]", "[8,12]")}}`, 12),
      'readSafetensors expects tensors back to back, but "y" starts at 8 and leaves a hole after the one before it, which ends at 4.',
    ],
  ])("%s is refused with its reason", async (_, bytes, message) => {
    expect(await formatErrorOf(() => readSafetensors(bytes))).toBe(message);
    expect(await formatErrorOf(() => readSafetensorsMetadata(bytes))).toBe(message);
  });

  test("any damage gives a FormatError or a result", async () => {
    await fc.assert(
      fc.asyncProperty(anyRecord, anyDamage, async ({ __metadata__, ...tensors }, harm) => {
        const damaged = damage(writeSafetensors(tensors, { metadata: { a: "b" } }), harm);
        await expectFormatErrorOrResult(() => readSafetensors(damaged));
      }),
      { numRuns: 1000 },
    );
  });
  test("any text as a header gives a FormatError or a result", async () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\ 019-.eE+',
      '"x"',
      '"dtype"',
      '"F32"',
      '"shape"',
      '"data_offsets"',
      "null",
      '"__metadata__"',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) =>
        expectFormatErrorOrResult(() => readSafetensors(file(pieces.join("")))),
      ),
      { numRuns: 1000 },
    );
  });
  test("a long hostile header is read in linear time", async () => {
    for (const text of [
      "{".repeat(1e6),
      `{"${"\\".repeat(1e6)}`,
      `{"${"a".repeat(1e6)}`,
      `{"x":{"shape":[${"9".repeat(1e6)}`,
      " ".repeat(1e6),
    ]) {
      const start = performance.now();
      await formatErrorOf(() => readSafetensors(file(text)));
      expect(performance.now() - start).toBeLessThan(10_000); // a quadratic reader would take minutes
    }
  });
});
