import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { encode as encodeJpeg } from "jpeg-js";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError } from "../../src/index.js";
import { decodeImage, encodePng, type Pixels } from "../../src/vision.js";
import { CHANNELS, picture, plain } from "../support/pictures.js";

const { resolve } = createRequire(import.meta.url);
const photographs = join(dirname(resolve("@vladmandic/face-api/package.json")), "demo");

/** A JPEG file of a smooth picture, whose values survive the compression nearly. */
function jpeg(width: number, height: number): Uint8Array {
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.set([(255 * (i % width)) / width, (255 * Math.floor(i / width)) / height, 128, 255], 4 * i);
  }
  return new Uint8Array(encodeJpeg({ width, height, data }, 95).data);
}

async function errorOf(bytes: Uint8Array, options = {}): Promise<Error | undefined> {
  try {
    await decodeImage(bytes, options);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

describe("PNG", () => {
  test("what is written is read again, every value", async () => {
    await fc.assert(
      fc.asyncProperty(picture(), async (pixels) => {
        const { width, height, data } = await decodeImage(await encodePng(pixels));
        expect({ width, height, data: Array.from(data) }).toEqual({ ...pixels, data: Array.from(pixels.data) });
      }),
    );
  });

  test.for(CHANNELS)("one pixel, and a row of 20,000, of %i channels", async (channels) => {
    for (const [width, height] of [
      [1, 1],
      [20_000, 1],
    ] as const) {
      const pixels = plain(width, height, channels, 77);
      expect(await decodeImage(await encodePng(pixels))).toEqual(pixels);
    }
  });

  test("cut off anywhere it is refused", async () => {
    const file = await encodePng(plain(5, 4, 3, 9));
    for (let length = 8; length < file.length; length++) {
      const error = await errorOf(file.subarray(0, length));
      expect(error, `${length} bytes`).toBeInstanceOf(FormatError);
      expect(error?.message).toMatch(/^decodeImage expects .+, but the file ends before/);
    }
  });

  test("one changed byte is refused or changes nothing", async () => {
    const pixels = plain(5, 4, 3, 9);
    const file = await encodePng(pixels);
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Uint8Array.from(file);
        changed[at] = (changed[at] ?? 0) ^ by;
        const error = await errorOf(changed);
        if (error) expect(error).toBeInstanceOf(FormatError);
        else expect(await decodeImage(changed)).toEqual(pixels);
      }),
    );
  });

  test("of more pixels than the caller allows it is refused before it takes memory", async () => {
    expect((await errorOf(await encodePng(plain(20, 10, 1, 0)), { maxPixels: 199 }))?.message).toBe(
      "decodeImage expects at most 199 pixels, but the file says 20×10 = 200. Usual cause: a corrupt file, or a larger picture than planned: raise maxPixels if the memory is there.",
    );
  });
});

describe("JPEG", () => {
  test("a smooth picture comes back nearly as it was", async () => {
    const { width, height, data } = await decodeImage(jpeg(64, 48));
    expect([width, height, data.length]).toEqual([64, 48, 3 * 64 * 48]);
    for (let i = 0; i < width * height; i++) {
      expect(Math.abs((data[3 * i] ?? 0) - (255 * (i % width)) / width)).toBeLessThan(12);
      expect(Math.abs((data[3 * i + 1] ?? 0) - (255 * Math.floor(i / width)) / height)).toBeLessThan(12);
    }
  });

  test("cut off anywhere it is refused", async () => {
    const file = jpeg(9, 7);
    for (let length = 3; length < file.length; length++) {
      expect(await errorOf(file.subarray(0, length)), `${length} bytes`).toBeInstanceOf(FormatError);
    }
  });

  test("a row of 20,000 pixels, and one pixel", async () => {
    expect(await decodeImage(jpeg(20_000, 1))).toMatchObject({ width: 20_000, height: 1 });
    expect(await decodeImage(jpeg(1, 1))).toMatchObject({ width: 1, height: 1 });
  });

  test("a photograph", async () => {
    const { width, height, data } = await decodeImage(readFileSync(join(photographs, "sample1.jpg")));
    expect(data.length).toBe(3 * width * height);
    expect(Array.from(data).reduce((sum, value) => sum + value, 0) / data.length).toBeGreaterThan(30);
  });

  test("is turned upright as its camera says, unless told not to", async () => {
    const plainFile = jpeg(16, 8);
    // An Exif segment with the orientation 6: turned right.
    const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const segment = [0xff, 0xe1, 0, 8 + tiff.length, ...Buffer.from("Exif\0\0"), ...tiff];
    const turned = Uint8Array.from([...plainFile.subarray(0, 2), ...segment, ...plainFile.subarray(2)]);
    const [upright, asItIs] = [await decodeImage(turned), await decodeImage(turned, { exifOrientation: false })];
    expect([upright.width, upright.height]).toEqual([8, 16]);
    expect([asItIs.width, asItIs.height]).toEqual([16, 8]);
    const red = ({ width, data }: Pixels, x: number, y: number) => data[3 * (y * width + x)];
    expect(red(upright, 7, 5)).toBe(red(asItIs, 5, 0));
  });
});

describe("what is no picture", () => {
  test.for([
    ["the file is empty", []],
    ["it starts with the bytes 47 49 46 38", [0x47, 0x49, 0x46, 0x38, 0x39]],
    ["it starts with the bytes 3c", [0x3c]],
  ] as const)("%s", async ([what, bytes]) => {
    const error = await errorOf(Uint8Array.from(bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect(error?.message).toBe(
      `decodeImage expects a JPEG or PNG file, but ${what}. Usual cause: another format (WebP, GIF, HEIC, SVG), or an error page instead of the picture.`,
    );
  });

  test("a path in place of bytes, a limit of 0, data that does not fit", async () => {
    await expect(decodeImage("photo.jpg" as never)).rejects.toThrow(ArgumentError);
    await expect(decodeImage(new Uint8Array(), { maxPixels: 0 })).rejects.toThrow(ArgumentError);
    await expect(encodePng({ width: 0, height: 0, data: new Uint8Array() })).rejects.toThrow(
      "encodePng expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got 0×0 with 0 values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.",
    );
  });
});
