/** Decompression against Node's own zlib, files of several members, and how much a file may become. */
import { constants, deflateRawSync, gzipSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate, Output } from "../../src/io/inflate.js";
import { gunzip } from "../../src/io.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { ascii, formatErrorOf } from "../support/files.js";

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

/** Text, noise and long runs, so that blocks of all three types, all lengths and far distances come up. */
const anyContent = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 5000 }))
        .map(([byte, n]) => new Uint8Array(n).fill(byte)),
      fc
        .tuple(fc.constantFrom("abc", "the same again, ", "xy"), fc.integer({ min: 1, max: 400 }))
        .map(([text, n]) => ascii(text.repeat(n))),
      fc.integer({ min: 1, max: 40_000 }).map((n) => Uint8Array.from({ length: n }, (_, i) => (i * i) >> 3)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)));

const anySettings = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

/** The content, or undefined where it is refused. */
function ours(packed: Uint8Array, most = 1e7): Uint8Array | undefined {
  const output = new Output("test", most, 0);
  return inflate(packed, 0, output) === undefined ? undefined : output.content();
}

function zlibs(packed: Uint8Array): Uint8Array | undefined {
  try {
    return new Uint8Array(inflateRawSync(packed));
  } catch {
    return undefined;
  }
}

describe("inflate", () => {
  test("gives back what zlib compressed, at every level and by every strategy", () => {
    fc.assert(
      fc.property(anyContent, anySettings, (content, settings) => {
        expect(Buffer.compare(ours(deflateRawSync(content, settings)) ?? new Uint8Array(1), content)).toBe(0);
      }),
    );
  });

  test("takes the changed streams that zlib takes, for the same bytes, and no others", () => {
    const anyChange = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.integer({ min: 1, max: 255 }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        anySettings,
        fc.array(anyChange, { minLength: 1, maxLength: 4 }),
        (content, settings, changes) => {
          const packed = new Uint8Array(deflateRawSync(content, settings));
          for (const [where, xor] of changes) packed[Math.floor(where * packed.length)]! ^= xor;
          expect(ours(packed)).toEqual(zlibs(packed));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("takes the headers of blocks that zlib takes, and no others: codes too many, too few, without an end", () => {
    // A block of type 2 and nothing but noise: nearly all are refused for their codes.
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 60 }), (noise) => {
        noise[0] = (noise[0]! & 0xf8) | 5;
        expect(ours(noise)).toEqual(zlibs(noise));
      }),
      { numRuns: 5000 },
    );
  });

  test("stops where the input ends, cut off anywhere", () => {
    const packed = new Uint8Array(deflateRawSync(ascii("some text, some more text, and the same text again")));
    for (let length = 0; length < packed.length; length++) expect(ours(packed.subarray(0, length))).toBeUndefined();
  });

  test("has no more room than it was given", () => {
    const packed = new Uint8Array(deflateRawSync(new Uint8Array(1e6)));
    const output = new Output("test", 1000, 1e9);
    expect(output.bytes.length).toBe(1000);
    expect(() => inflate(packed, 0, output)).toThrow(
      "test expects at most 1000 bytes of decompressed data, but there are more.",
    );
    expect(output.bytes.length).toBe(1000);
  });
});

describe("gzip files", () => {
  const [hello, world] = [gzipSync("hello"), gzipSync(" world")];
  const text = async (file: Uint8Array) => new TextDecoder().decode(await gunzip(file));

  test("several members are one content, and zeros may follow them", async () => {
    expect(await text(Buffer.concat([hello, world]))).toBe("hello world");
    expect(await text(Buffer.concat([hello, gzipSync(""), world, Buffer.alloc(1000)]))).toBe("hello world");
    const many = Array.from({ length: 5000 }, () => gzipSync("x"));
    expect(await text(Buffer.concat(many))).toBe("x".repeat(5000));
  });

  test("the optional fields of a header are stepped over", async () => {
    const body = hello.subarray(10);
    const start = (flags: number) => Buffer.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3);
    const extra = Buffer.from([3, 0, 1, 2, 3]);
    const name = Buffer.from("name\0");
    const all = Buffer.concat([start(0x1f), extra, name, Buffer.from("comment\0"), Buffer.of(0, 0), body]);
    for (const file of [
      Buffer.concat([start(1), body]),
      Buffer.concat([start(4), extra, body]),
      Buffer.concat([start(8), name, body]),
      Buffer.concat([start(2), Buffer.of(0, 0), body]),
      all,
    ]) {
      expect(await text(file)).toBe("hello");
    }
    for (let length = 0; length < all.length; length++) await formatErrorOf(() => gunzip(all.subarray(0, length)));
  });

  const cut = "Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.";
  const invalid = `gunzip expects valid gzip data, but it cannot be decompressed. ${cut}`;
  const damaged =
    "gunzip expects the size and the checksum that the gzip file says, but the content has others. Usual cause: damaged data.";
  const changed = (file: Uint8Array, at: number) => {
    const copy = Uint8Array.from(file);
    copy[at < 0 ? copy.length + at : at]! ^= 0x20;
    return copy;
  };
  test.each([
    [
      "something behind the members",
      Buffer.concat([hello, Buffer.from("garbage!")]),
      `gunzip expects nothing after a gzip file's content but another member or zeros, but there is something. ${cut}`,
    ],
    ["a second member cut off", Buffer.concat([hello, world.subarray(0, 15)]), invalid],
    ["a second member cut off in its header", Buffer.concat([hello, world.subarray(0, 3)]), invalid],
    ["a wrong checksum", changed(hello, -6), damaged],
    ["a wrong checksum of the second member", Buffer.concat([hello, changed(world, -6)]), damaged],
    ["a wrong size", changed(hello, -1), damaged],
    ["a flag that nobody knows", changed(hello, 3), invalid],
    ["another method", changed(hello, 2), invalid],
    // Its first length reaches back by one byte, before its own start.
    [
      "a member that reaches into the one before it",
      Buffer.concat([hello, hello.subarray(0, 10), Buffer.of(0x03, 0x02, 0x00), Buffer.alloc(8)]),
      invalid,
    ],
  ])("%s: refused", async (_, file, message) => {
    expect(await formatErrorOf(() => gunzip(file))).toBe(message);
  });

  test("maxBytes is how large the content may be, whatever the file says about its size", async () => {
    const bomb = Buffer.from(gzipSync(new Uint8Array(3e6)));
    expect((await gunzip(bomb, { maxBytes: 3e6 })).length).toBe(3e6);
    const message =
      "gunzip expects at most 2999999 bytes of decompressed data, but there are more. Usual cause: a file made to exhaust memory.";
    expect(await formatErrorOf(() => gunzip(bomb, { maxBytes: 2_999_999 }))).toBe(message);
    for (const size of [0, 1, 0xffffffff]) {
      bomb.writeUInt32LE(size, bomb.length - 4);
      expect(await formatErrorOf(() => gunzip(bomb, { maxBytes: 2_999_999 }))).toBe(message);
    }
    expect(await formatErrorOf(() => gunzip(Buffer.concat([hello, hello]), { maxBytes: 9 }))).toMatch(
      /^gunzip expects at most 9 bytes/,
    );
  });

  test.each([
    [{ maxBytes: 0 }, "gunzip expects maxBytes to be a positive integer, but got 0."],
    [{ maxBytes: "1 GB" }, 'gunzip expects maxBytes to be a positive integer, but got "1 GB".'],
    [{ maxByte: 5 }, 'gunzip expects each option to be maxBytes, but got "maxByte".'],
    [null, "gunzip expects its options to be an object of maxBytes, but got null."],
    [1e9, "gunzip expects its options to be an object of maxBytes, but got 1000000000."],
  ])("options %j are refused", async (options, message) => {
    const error = await gunzip(hello, options as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toContain(message);
  });
});
