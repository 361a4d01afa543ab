/** Pictures of digits and of segmented scenes: rows of views of them. */
import { writeFileSync } from "node:fs";
import type { Tensor } from "faltung";
import type { Box, LabelMap } from "faltung/vision";
import { encode } from "fast-png";
import type { Scene } from "./scenes.js";

type Colour = readonly [red: number, green: number, blue: number];

/** One view of a scene: a colour for each pixel, and boxes around things. */
export interface View {
  readonly size: number;
  readonly colourOf: (pixel: number) => Colour;
  readonly boxes?: readonly { readonly box: Box; readonly colour: Colour }[];
}

const ZOOM = 4;
const GAP = 4;

/** Far apart in hue, and as bright as each other: one for each digit, or for each object of a scene. */
const COLOURS: readonly Colour[] = [
  [230, 85, 85],
  [245, 160, 60],
  [225, 215, 70],
  [120, 200, 80],
  [60, 190, 160],
  [80, 180, 235],
  [95, 120, 240],
  [165, 100, 235],
  [235, 110, 200],
  [190, 190, 190],
];
const BACKGROUND: Colour = [24, 24, 28];

export const digitColour = (digit: number): Colour => COLOURS[digit % COLOURS.length] ?? BACKGROUND;

export function pictureView({ size, pixels }: Scene): View {
  return {
    size,
    colourOf: (pixel) => {
      const grey = pixels[pixel] ?? 0;
      return [grey, grey, grey];
    },
  };
}

/** Image `i` of `[N, 1, side, side]`, grey values from 0 to 1; a frame of this colour replaces its outermost pixels. */
export function imageView({ shape: [, , , size = 0], data }: Tensor, i: number, frame?: Colour): View {
  return {
    size,
    colourOf(pixel) {
      const [x, y] = [pixel % size, Math.floor(pixel / size)];
      if (frame && (Math.min(x, y) === 0 || Math.max(x, y) === size - 1)) return frame;
      const grey = Math.round(255 * (data[i * size * size + pixel] ?? 0));
      return [grey, grey, grey];
    },
  };
}

/** Green or red. */
export const verdictColour = (right: boolean): Colour => digitColour(right ? 3 : 0);

/** Each number of a map in a colour of its own, 0 in that of the background. */
export function mapView({ width, data }: LabelMap, boxes: View["boxes"] = []): View {
  return {
    size: width,
    boxes,
    colourOf: (pixel) => ((data[pixel] ?? 0) === 0 ? BACKGROUND : digitColour((data[pixel] ?? 0) - 1)),
  };
}

export function inRows(views: readonly View[], columns: number): View[][] {
  const rows = Math.ceil(views.length / columns);
  return Array.from({ length: rows }, (_, row) => views.slice(row * columns, (row + 1) * columns));
}

/** Writes the views side by side, row by row, four times as large. */
export function writeSheet(file: string, rows: readonly (readonly View[])[]): void {
  const side = (rows[0]?.[0]?.size ?? 0) * ZOOM;
  const columns = rows[0]?.length ?? 0;
  const width = columns * (side + GAP) - GAP;
  const height = rows.length * (side + GAP) - GAP;
  const data = new Uint8Array(width * height * 3).fill(255);
  rows.forEach((views, row) => {
    views.forEach((view, column) => {
      const put = (x: number, y: number, colour: Colour) =>
        data.set(colour, ((row * (side + GAP) + y) * width + column * (side + GAP) + x) * 3);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          put(x, y, view.colourOf(Math.floor(y / ZOOM) * view.size + Math.floor(x / ZOOM)));
        }
      }
      for (const { box, colour } of view.boxes ?? []) {
        const [left, top] = [box.x * ZOOM, box.y * ZOOM];
        const [right, bottom] = [left + box.width * ZOOM - 1, top + box.height * ZOOM - 1];
        for (let x = left; x <= right; x++) for (const y of [top, bottom]) put(x, y, colour);
        for (let y = top; y <= bottom; y++) for (const x of [left, right]) put(x, y, colour);
      }
    });
  });
  writeFileSync(file, encode({ width, height, data, channels: 3 }));
}
