/** PNG of every color type and depth, interlaced or not, against rows written straight from the specification. */
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/index.js";
import { upright } from "../../src/vision/orientation.js";
import { decodeImage, type Pixels } from "../../src/vision.js";
import { chunk, type Drawing, headerChunk, pngFile, SAMPLES } from "../support/png.js";

const kinds = (
  [
    [0, [1, 2, 4, 8, 16]],
    [2, [8, 16]],
    [3, [1, 2, 4, 8]],
    [4, [8, 16]],
    [6, [8, 16]],
  ] as const
).flatMap(([colorType, depths]) =>
  depths.flatMap((depth) => [false, true].map((interlaced) => ({ colorType, depth, interlaced }))),
);

type Kind = (typeof kinds)[number];

const anyDrawing = (kind: Kind, most = 20): fc.Arbitrary<Drawing> =>
  fc
    .record({ width: fc.integer({ min: 1, max: most }), height: fc.integer({ min: 1, max: most }) })
    .chain(({ width, height }) => {
      const length = width * height * SAMPLES[kind.colorType];
      return fc.record({
        samples: fc.array(fc.integer({ min: 0, max: 2 ** kind.depth - 1 }), { minLength: length, maxLength: length }),
        filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }),
        width: fc.constant(width),
        height: fc.constant(height),
        ...{
          colorType: fc.constant(kind.colorType),
          depth: fc.constant(kind.depth),
          interlaced: fc.constant(kind.interlaced),
        },
      });
    });

const palette = (depth: number) => Uint8Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 89 + 7) & 255);

/** What a viewer shows: `clear` is the color that is transparent, or of a palette the alphas of its first colors. */
function shown({ width, height, colorType, depth, samples }: Drawing, clear?: readonly number[]): Pixels {
  const count = SAMPLES[colorType];
  const eight = (v: number) => Math.round((v * 255) / (2 ** depth - 1));
  const data = Array.from({ length: width * height }, (_, i) => {
    const pixel = Array.from({ length: count }, (_, c) => samples[i * count + c] ?? 0);
    if (colorType === 3) {
      const [index = 0] = pixel;
      return [...palette(depth).subarray(3 * index, 3 * index + 3), ...(clear ? [clear[index] ?? 255] : [])];
    }
    const values = pixel.map(eight);
    const alpha = clear ? [pixel.every((value, c) => value === clear[c]) ? 0 : 255] : [];
    const gray = values[0] ?? 0;
    if (colorType === 4) return [gray, gray, gray, values[1] ?? 0];
    return colorType === 0 && clear ? [gray, gray, gray, ...alpha] : [...values, ...alpha];
  });
  return { width, height, data: Uint8Array.from(data.flat()) };
}

async function expectPixels(file: Uint8Array, want: Pixels): Promise<void> {
  const { width, height, data } = await decodeImage(file);
  expect([width, height]).toEqual([want.width, want.height]);
  expect(Array.from(data)).toEqual(Array.from(want.data));
}

async function refusal(file: Uint8Array, options = {}): Promise<string> {
  const error = await decodeImage(file, options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FormatError);
  return (error as Error).message;
}

const plte = ({ colorType, depth }: Kind) => (colorType === 3 ? [chunk("PLTE", palette(depth))] : []);

describe.each(kinds)("color type $colorType of $depth bits, interlaced: $interlaced", (kind) => {
  test("every pixel, of any size and by any filters", async () => {
    await fc.assert(
      fc.asyncProperty(anyDrawing(kind), (drawing) => expectPixels(pngFile(drawing, plte(kind)), shown(drawing))),
      { numRuns: 30 },
    );
  });

  if (kind.colorType === 4 || kind.colorType === 6) return;
  test("with what is transparent", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDrawing(kind, 6),
        fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 3 }),
        async (drawing, alphas) => {
          const indexed = kind.colorType === 3;
          const clear = indexed
            ? alphas.slice(0, 2 ** kind.depth)
            : drawing.samples && Array.from(drawing.samples).slice(0, SAMPLES[kind.colorType]);
          // Bits beyond the depth are to be ignored.
          const noise = kind.depth < 16 ? 1 << kind.depth : 0;
          const data = indexed ? clear : clear.flatMap((value) => [(value | noise) >> 8, (value | noise) & 255]);
          await expectPixels(
            pngFile(drawing, [...plte(kind), chunk("tRNS", Uint8Array.from(data))]),
            shown(drawing, clear),
          );
        },
      ),
      { numRuns: 10 },
    );
  });
});

const small = (more: Partial<Drawing> = {}): Drawing => ({
  ...{ width: 3, height: 2, colorType: 0, depth: 8, interlaced: false, filters: [0], samples: [1, 2, 3, 4, 5, 6] },
  ...more,
});

/** A chunk eXIf whose first directory has one entry: the orientation. */
function exif(orientation: number, little: boolean): Buffer {
  const tiff = Buffer.alloc(26);
  tiff.write(little ? "II" : "MM", "latin1");
  const short = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
  short(42, 2);
  tiff[little ? 4 : 7] = 8;
  short(1, 8);
  short(0x0112, 10);
  short(3, 12);
  tiff[little ? 14 : 17] = 1;
  short(orientation, 18);
  return chunk("eXIf", tiff);
}

describe("eXIf", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "orientation %i turns the picture, before and behind the pixels",
    async (orientation) => {
      const want = upright("test", shown(small()), orientation);
      for (const little of [true, false]) {
        await expectPixels(pngFile(small(), [exif(orientation, little)]), want);
        await expectPixels(pngFile(small(), [], [exif(orientation, little)]), want);
      }
      const asStored = await decodeImage(pngFile(small(), [exif(orientation, true)]), { exifOrientation: false });
      expect(asStored).toEqual(shown(small()));
    },
  );

  test("anything else in it leaves the picture as it is", async () => {
    const blocks = [
      new Uint8Array(),
      new Uint8Array(8),
      Buffer.from("II*\0\xff\xff\xff\xff", "latin1"),
      new Uint8Array(60_000).fill(255),
    ];
    for (const data of blocks) await expectPixels(pngFile(small(), [chunk("eXIf", data)]), shown(small()));
    for (const value of [0, 9, 65535]) await expectPixels(pngFile(small(), [exif(value, true)]), shown(small()));
  });
});

describe("hostile files", () => {
  const bomb = deflateSync(new Uint8Array(2 ** 26));
  const one = small({ width: 1, height: 1, samples: [7] });

  test("profiles, texts and frames that would become large are not decompressed", async () => {
    const named = (type: string) => chunk(type, Buffer.concat([Buffer.from("name\0\0"), bomb]));
    const text = chunk("iTXt", Buffer.concat([Buffer.from("name\0\x01\0\0\0"), bomb]));
    const frame = chunk("fdAT", Buffer.concat([Buffer.alloc(4), bomb]));
    const file = pngFile(one, [named("iCCP"), named("zTXt"), text], [frame]);
    expect(await decodeImage(file, { maxPixels: 1 })).toEqual({ width: 1, height: 1, data: Uint8Array.of(7) });
  });

  test("pixels are decompressed as far as there is room for them", async () => {
    const file = pngFile(one).subarray(0, 33);
    const end = [chunk("IDAT", bomb), chunk("IEND", Buffer.alloc(0))];
    expect(await refusal(Buffer.concat([file, ...end]), { maxPixels: 1 })).toBe(
      "decodeImage expects at most 2 bytes of decompressed data, but there are more. Usual cause: a file made to exhaust memory.",
    );
  });

  test("more pixels than allowed are refused by the header, whatever comes then", async () => {
    const header = headerChunk({ ...one, width: 2 ** 31, height: 2 ** 31 });
    expect(await refusal(Buffer.concat([pngFile(one).subarray(0, 8), header]))).toMatch(
      /^decodeImage expects at most 100000000 pixels, but the file says 2147483648×2147483648/,
    );
  });

  const CHANGED = "Usual cause: a file that was cut off or changed on its way here.";
  const iend = chunk("IEND", Buffer.alloc(0));
  const rows = (...values: number[]) => chunk("IDAT", deflateSync(Uint8Array.from(values)));
  const head = (more: Partial<Drawing> = {}) =>
    Buffer.concat([pngFile(one).subarray(0, 8), headerChunk({ ...one, ...more })]);
  const plain = pngFile(one);
  const changed = Uint8Array.from(plain);
  changed[45]! ^= 1;
  test.each([
    [
      "two palettes",
      [head({ colorType: 3 }), chunk("PLTE", palette(1)), chunk("PLTE", palette(1)), rows(0, 0), iend],
      "one chunk PLTE in a PNG file, but there are two",
    ],
    [
      "a palette of 257 colors",
      [head({ colorType: 3 }), chunk("PLTE", new Uint8Array(771)), rows(0, 0), iend],
      "a palette of 1 to 256 colors, 3 bytes each, in a PNG file, but there are 771 bytes",
    ],
    [
      "a palette of a third of a color",
      [head(), chunk("PLTE", new Uint8Array(4)), rows(0, 0), iend],
      "a palette of 1 to 256 colors, 3 bytes each, in a PNG file, but there are 4 bytes",
    ],
    [
      "a pixel of no color",
      [head({ colorType: 3 }), chunk("PLTE", palette(1)), rows(0, 2), iend],
      "colors 0 to 1 of a PNG file's palette, but one pixel has 2",
    ],
    [
      "more alphas than colors",
      [head({ colorType: 3 }), chunk("PLTE", palette(1)), chunk("tRNS", new Uint8Array(3)), rows(0, 0), iend],
      "a chunk tRNS that fits the colors of a PNG file, but it has 3 bytes",
    ],
    [
      "a clear color of another kind",
      [head(), chunk("tRNS", new Uint8Array(6)), rows(0, 0), iend],
      "a chunk tRNS that fits the colors of a PNG file, but it has 6 bytes",
    ],
    [
      "a clear color beside alpha",
      [head({ colorType: 6 }), chunk("tRNS", new Uint8Array(8)), rows(0, 0, 0, 0, 0), iend],
      "a chunk tRNS that fits the colors of a PNG file, but it has 8 bytes",
    ],
    ["a filter of 5", [head(), rows(5, 0), iend], "filters 0 to 4 in the rows of a PNG file, but one is 5"],
    [
      "a chunk that must be understood",
      [head(), chunk("IDOT", Buffer.alloc(0)), rows(0, 0), iend],
      'chunks of a PNG file that are known, but "IDOT" is not',
    ],
    [
      "3 bits",
      [head({ depth: 3 as 4 }), rows(0, 0), iend],
      "1, 2, 4, 8 or 16 bits per sample in a PNG file, but it says 3",
    ],
    [
      "a palette of 16 bits",
      [head({ colorType: 3, depth: 16 }), rows(0, 0, 0), iend],
      "1, 2, 4 or 8 bits per sample in a PNG file, but it says 16",
    ],
    [
      "interlacing of another kind",
      [head({ interlaced: 2 as unknown as boolean }), rows(0, 0), iend],
      "PNG compression 0, filter 0 and interlacing 0 or 1, but the file says 0, 0 and 2",
    ],
    ["another checksum", [changed], 'the checksum of the chunk "IDAT" of a PNG file, but its content has another'],
  ] as const)("%s", async (_, parts, message) => {
    expect(await refusal(Buffer.concat(parts))).toBe(`decodeImage expects ${message}. ${CHANGED}`);
  });

  test("a chunk that need not be understood is stepped over", async () => {
    await expectPixels(pngFile(one, [chunk("abCd", new Uint8Array(9))]), shown(one));
  });
});
