/** Pictures of digits and of segmented scenes: rows of views of them. */
import { writeFileSync } from "node:fs";
import type { Tensor } from "faltung";
import { type Box, type Color, drawBox, encodePng, type LabelMap, type Pixels, palette, tile } from "faltung/vision";
import type { Scene } from "./scenes.js";

/** One view of a scene: a color for each pixel, and boxes around things. */
export interface View {
  readonly size: number;
  readonly colorOf: (pixel: number) => Color;
  readonly boxes?: readonly { readonly box: Box; readonly color: Color; readonly label?: string }[];
}

const ZOOM = 4;
const GAP = 4;

/** One for each digit, or for each object of a scene. */
const COLORS = palette(10);
const BACKGROUND: Color = [24, 24, 28];

export const digitColor = (digit: number): Color => COLORS[digit % COLORS.length] ?? BACKGROUND;

/** Green or red. */
export const verdictColor = (right: boolean): Color => (right ? [90, 230, 90] : [255, 90, 90]);

export function pictureView({ size, pixels }: Scene): View {
  return {
    size,
    colorOf: (pixel) => {
      const gray = pixels[pixel] ?? 0;
      return [gray, gray, gray];
    },
  };
}

/** Image `i` of `[N, 1, side, side]`, gray values from 0 to 1; a frame of this color replaces its outermost pixels. */
export function imageView({ shape: [, , , size = 0], data }: Tensor, i: number, frame?: Color): View {
  return {
    size,
    colorOf(pixel) {
      const [x, y] = [pixel % size, Math.floor(pixel / size)];
      if (frame && (Math.min(x, y) === 0 || Math.max(x, y) === size - 1)) return frame;
      const gray = Math.round(255 * (data[i * size * size + pixel] ?? 0));
      return [gray, gray, gray];
    },
  };
}

/** Each number of a map in a color of its own, 0 in that of the background. */
export function mapView({ width, data }: LabelMap, boxes: View["boxes"] = []): View {
  return {
    size: width,
    boxes,
    colorOf: (pixel) => ((data[pixel] ?? 0) === 0 ? BACKGROUND : digitColor((data[pixel] ?? 0) - 1)),
  };
}

export function inRows(views: readonly View[], columns: number): View[][] {
  const rows = Math.ceil(views.length / columns);
  return Array.from({ length: rows }, (_, row) => views.slice(row * columns, (row + 1) * columns));
}

/** Writes the views side by side, row by row, four times as large. */
export async function writeSheet(file: string, rows: readonly (readonly View[])[]): Promise<void> {
  const sheet = tile(rows.flat().map(drawn), { columns: rows[0]?.length ?? 1, gap: GAP });
  writeFileSync(file, await encodePng(sheet));
}

function drawn({ size, colorOf, boxes = [] }: View): Pixels {
  const data = Uint8Array.from({ length: 3 * size * size }, (_, i) => colorOf(Math.floor(i / 3))[i % 3] ?? 0);
  const picture = tile([{ width: size, height: size, data }], { zoom: ZOOM });
  for (const { box, ...style } of boxes) {
    const { x, y, width, height } = box;
    const zoomed = { x: ZOOM * x, y: ZOOM * y, width: ZOOM * width, height: ZOOM * height };
    drawBox(picture, zoomed, { ...style, thickness: 2, scale: 2 });
  }
  return picture;
}
