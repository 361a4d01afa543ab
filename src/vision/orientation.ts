import { blank } from "./blank.js";
import { channelsOf, type Pixels } from "./pixels.js";

/**
 * Turns a picture as EXIF's orientation says:
 *
 *     1 as it is    2 mirrored left-right    3 turned by 180°    4 mirrored top-bottom
 *     5 transposed  6 turned right           7 transversed       8 turned left
 *
 * Source: CIPA DC-008 (EXIF 2.32), 4.6.4, tag 0112
 */
export function upright(who: string, pixels: Pixels, orientation: number): Pixels {
  if (orientation === 1) return pixels;
  const channels = channelsOf(who, pixels);
  const { width: w, height: h, data } = pixels;
  const swaps = orientation >= 5;
  const result = swaps ? blank(who, h, w, channels) : blank(who, w, h, channels);
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  for (let i = 0; i < result.height; i++) {
    for (let j = 0; j < result.width; j++) {
      const [row, column] = swaps ? [j, i] : [i, j];
      const y = fromBottom ? h - 1 - row : row;
      const x = fromRight ? w - 1 - column : column;
      for (let c = 0; c < channels; c++) {
        result.data[(i * result.width + j) * channels + c] = data[(y * w + x) * channels + c] ?? 0;
      }
    }
  }
  return result;
}
