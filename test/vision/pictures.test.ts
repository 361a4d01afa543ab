/** Pictures to tensors and back, other channels, other sizes, parts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, tensor, zeros } from "../../src/index.js";
import {
  centerCrop,
  crop,
  IMAGENET,
  imageToTensor,
  letterbox,
  type Pixels,
  resize,
  tensorToImage,
  toChannels,
  toImageData,
  unletterbox,
} from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { CHANNELS, picture, plain } from "../support/pictures.js";

const channelsOf = ({ width, height, data }: Pixels) => data.length / (width * height);

/** Every function that takes a picture, with arguments that fit any. */
const FUNCTIONS: Readonly<Record<string, (pixels: Pixels) => unknown>> = {
  toChannels: (pixels) => toChannels(pixels, 3),
  toImageData,
  imageToTensor: (pixels) => imageToTensor(pixels),
  resize: (pixels) => resize(pixels, 5, 3),
  letterbox: (pixels) => letterbox(pixels, 8, 8),
  crop: (pixels) => crop(pixels, { x: 0, y: 0, width: 1, height: 1 }),
  centerCrop: (pixels) => centerCrop(pixels, 3, 3),
};

describe.for(Object.entries(FUNCTIONS))("%s", ([name, run]) => {
  test.for([
    [0, 0, 0],
    [2, 2, 8],
    [2.5, 2, 5],
    [-1, 3, 9],
    [3, 3, 26],
  ] as const)("refuses %i×%i pixels of %i values", ([width, height, length]) => {
    expectError(
      () => run({ width, height, data: new Uint8Array(length) }),
      ArgumentError,
      `${name} expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got ${width}×${height} with ${length} values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.`,
    );
  });

  test.for(CHANNELS)("takes one pixel and rows and columns of 20,000 with %i channels", (channels) => {
    for (const [width, height] of [
      [1, 1],
      [20_000, 1],
      [1, 20_000],
    ] as const) {
      expect(() => run(plain(width, height, channels, 3))).not.toThrow();
    }
  });

  test("does not change its picture", () => {
    fc.assert(
      fc.property(picture(), (pixels) => {
        const before = Array.from(pixels.data);
        run(pixels);
        expect(Array.from(pixels.data)).toEqual(before);
      }),
    );
  });
});

describe("tensors", () => {
  test("a picture becomes a tensor and again the same picture", () => {
    fc.assert(
      fc.property(picture(), (pixels) => {
        const x = imageToTensor(pixels);
        expect(x.shape).toEqual([channelsOf(pixels), pixels.height, pixels.width]);
        expect(Array.from(tensorToImage(x).data)).toEqual(Array.from(pixels.data));
      }),
    );
  });

  test("channels lie one after the other, normalized as ImageNet's", () => {
    const x = imageToTensor({ width: 2, height: 1, data: Uint8Array.of(0, 51, 255, 102, 153, 204) }, IMAGENET);
    const expected = [0, 0.4, 0.2, 0.6, 1, 0.8].map((value, i) => {
      const c = Math.floor(i / 2);
      return (value - (IMAGENET.mean[c] ?? 0)) / (IMAGENET.std[c] ?? 1);
    });
    expect(x.allClose(tensor(expected, [3, 1, 2]), { rtol: 1e-5, atol: 1e-6 })).toBe(true);
  });

  test("values outside of 0 to 1 are clamped, NaN is black, a map has one channel", () => {
    const { width, height, data } = tensorToImage(tensor([-1, 2, Number.NaN, 0.5], [2, 2]));
    expect([width, height, ...data]).toEqual([2, 2, 0, 255, 0, 128]);
  });

  test("other shapes are refused", () => {
    expectError(
      () => tensorToImage(zeros([1, 3, 2, 2])),
      ShapeError,
      "tensorToImage expects [H, W] or [C, H, W] with 1, 3 or 4 channels, but got [1, 3, 2, 2]. Usual cause: a batch: take one picture of it.",
    );
    expect(() => tensorToImage(zeros([2, 4, 4]))).toThrow(ShapeError);
    expect(() => tensorToImage(zeros([3, 0, 4]))).toThrow(ShapeError);
  });
});

describe("channels", () => {
  test("gray, RGB and RGBA of one gray agree", () => {
    fc.assert(
      fc.property(fc.nat(255), fc.constantFrom(...CHANNELS), fc.constantFrom(...CHANNELS), (gray, from, to) => {
        const pixels = plain(1, 1, from, gray);
        if (from === 4) pixels.data[3] = 255;
        const expected = new Array(to).fill(gray);
        if (to === 4) expected[3] = 255;
        expect(Array.from(toChannels(pixels, to).data)).toEqual(expected);
      }),
    );
  });

  test("Pillow's gray values, and what shows through", () => {
    const rgb = { width: 4, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 200, 30) };
    expect(Array.from(toChannels(rgb, 1).data)).toEqual([76, 150, 29, 124]);
    const half = { width: 1, height: 1, data: Uint8Array.of(200, 100, 0, 51) };
    expect(Array.from(toChannels(half, 3).data)).toEqual([244, 224, 204]);
    expect(Array.from(toChannels(half, 3, { background: [0, 0, 0] }).data)).toEqual([40, 20, 0]);
  });
});

describe("sizes", () => {
  test("the same size is the same picture, and one color stays one color", () => {
    fc.assert(
      fc.property(picture(), fc.integer({ min: 1, max: 20 }), fc.nat(255), (pixels, size, value) => {
        expect(Array.from(resize(pixels, pixels.width, pixels.height).data)).toEqual(Array.from(pixels.data));
        const grown = resize(plain(pixels.width, pixels.height, 1, value), size, size);
        expect(new Set(grown.data)).toEqual(new Set([value]));
      }),
    );
  });

  test("values lie between the smallest and the largest; nearest makes no new ones", () => {
    fc.assert(
      fc.property(
        picture(),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        (pixels, width, height) => {
          const known = new Set(pixels.data);
          const bilinear = resize(pixels, width, height);
          expect(channelsOf(bilinear)).toBe(channelsOf(pixels));
          expect(Math.min(...bilinear.data)).toBeGreaterThanOrEqual(Math.min(...known));
          expect(Math.max(...bilinear.data)).toBeLessThanOrEqual(Math.max(...known));
          expect([...resize(pixels, width, height, { mode: "nearest" }).data].every((value) => known.has(value))).toBe(
            true,
          );
        },
      ),
    );
  });

  /*
   * import torch; x = torch.tensor([[0., 40, 80, 120, 250], [10, 20, 200, 40, 0], [255, 0, 255, 0, 255]])[None, None]
   * f = torch.nn.functional.interpolate
   * f(x, (2, 3), mode="bilinear", antialias=True); f(x, (2, 3), mode="bilinear"); f(x, (4, 7), mode="bilinear")
   */
  test("torch's values", () => {
    const pixels = {
      width: 5,
      height: 3,
      data: Uint8Array.of(0, 40, 80, 120, 250, 10, 20, 200, 40, 0, 255, 0, 255, 0, 255),
    };
    const smaller = [16.0714, 96.6667, 127.8571, 96.4286, 135.2083, 97.5];
    const aliased = [13.3333, 110, 158.3333, 130.8333, 241.25, 130.8333];
    const larger = [
      ...[0, 22.8571, 51.4286, 80, 108.5714, 175.7143, 250, 6.25, 18.3929, 63.9286, 155, 94.2857, 80.1786, 93.75],
      ...[101.875, 50.8036, 71.9643, 220.625, 80.8929, 55.2679, 95.625],
      ...[255, 109.2857, 72.8572, 255, 72.8571, 109.2857, 255],
    ];
    for (const [resized, expected] of [
      [resize(pixels, 3, 2), smaller],
      [resize(pixels, 3, 2, { antialias: false }), aliased],
      [resize(pixels, 7, 4), larger],
    ] as const) {
      expect(resized.data.length).toBe(expected.length);
      // Half a gray level is what rounding takes.
      for (const [k, value] of expected.entries()) expect(Math.abs((resized.data[k] ?? 0) - value)).toBeLessThan(0.501);
    }
  });

  test("a letterbox keeps proportions, and boxes find their way back", () => {
    fc.assert(
      fc.property(
        picture(40),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        (pixels, width, height) => {
          const framed = letterbox(pixels, width, height);
          expect([framed.pixels.width, framed.pixels.height]).toEqual([width, height]);
          const inside = { width: pixels.width * framed.scaleX, height: pixels.height * framed.scaleY };
          expect(Math.max(inside.width - width, inside.height - height)).toBeCloseTo(0, 6);
          const whole = unletterbox({ x: framed.left, y: framed.top, ...inside }, framed);
          for (const [side, expected] of Object.entries({ x: 0, y: 0, width: pixels.width, height: pixels.height })) {
            expect(whole[side as keyof typeof whole]).toBeCloseTo(expected, 6);
          }
        },
      ),
    );
  });

  test("bad sizes and modes", () => {
    const pixels = plain(2, 2, 1, 0);
    expectError(
      () => resize(pixels, 0, 2),
      ArgumentError,
      "resize expects width to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expect(() => resize(pixels, 2, 2, { mode: "cubic" as never })).toThrow(ArgumentError);
    expect(() => letterbox(pixels, 2, 1.5)).toThrow(ArgumentError);
    expect(() => resize(pixels, 100_000, 100_000)).toThrow(
      "resize expects fewer than 2^31 values in a picture, but 100000×100000 with 1 channels are 10000000000. Usual cause: a scale where a size belongs, or a box in other units than pixels.",
    );
  });
});

describe("parts", () => {
  test("a crop holds the pixels of its box, and nothing outside of the picture", () => {
    const anywhere = fc.integer({ min: -10, max: 20 });
    const size = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(picture(), anywhere, anywhere, size, size, (pixels, x, y, width, height) => {
        const channels = channelsOf(pixels);
        const [left, top] = [Math.max(0, x), Math.max(0, y)];
        const [right, bottom] = [Math.min(pixels.width, x + width), Math.min(pixels.height, y + height)];
        if (right <= left || bottom <= top) {
          expectError(
            () => crop(pixels, { x, y, width, height }),
            ArgumentError,
            `crop expects a box that covers pixels of the ${pixels.width}×${pixels.height} picture, but { x: ${x}, y: ${y}, width: ${width}, height: ${height} } covers none. Usual cause: a box of another picture or scale, or one in fractions of the picture's sides.`,
          );
          return;
        }
        const part = crop(pixels, { x, y, width, height });
        expect([part.width, part.height]).toEqual([right - left, bottom - top]);
        for (let i = 0; i < part.data.length; i++) {
          const [at, c] = [Math.floor(i / channels), i % channels];
          const [row, column] = [top + Math.floor(at / part.width), left + (at % part.width)];
          expect(part.data[i]).toBe(pixels.data[(row * pixels.width + column) * channels + c]);
        }
      }),
    );
  });

  test("the middle", () => {
    const { width, height, data } = centerCrop({ width: 4, height: 1, data: Uint8Array.of(1, 2, 3, 4) }, 2, 9);
    expect([width, height, ...data]).toEqual([2, 1, 2, 3]);
  });
});
