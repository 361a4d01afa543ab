/** Boxes of whole pixels, small enough that they often overlap and that their pixels can be counted. */
import fc from "fast-check";
import type { Box } from "../../src/vision/box.js";

const place = fc.integer({ min: -6, max: 12 });
const size = fc.nat(8);

export const box: fc.Arbitrary<Box> = fc.record({ x: place, y: place, width: size, height: size });

/** The pixels of a box of whole pixels, as "x,y". */
export function pixelsOf({ x, y, width, height }: Box): Set<string> {
  const pixels = new Set<string>();
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) pixels.add(`${x + j},${y + i}`);
  }
  return pixels;
}
