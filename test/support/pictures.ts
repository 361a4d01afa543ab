/** Pictures that are drawn at random. */
import fc from "fast-check";
import type { Pixels } from "../../src/vision.js";

export const CHANNELS = [1, 3, 4] as const;

export function picture(most = 12): fc.Arbitrary<Pixels> {
  return fc
    .record({
      width: fc.integer({ min: 1, max: most }),
      height: fc.integer({ min: 1, max: most }),
      channels: fc.constantFrom(...CHANNELS),
    })
    .chain(({ width, height, channels }) => {
      const length = width * height * channels;
      return fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        data: fc.uint8Array({ minLength: length, maxLength: length }),
      });
    });
}

/** Every value alike. */
export function plain(width: number, height: number, channels: number, value: number): Pixels {
  return { width, height, data: new Uint8Array(width * height * channels).fill(value) };
}
