/** Drawing: boxes, labels, masks and points into a picture, and pictures side by side. */
import {
  checkFinite,
  checkInteger,
  checkList,
  checkObject,
  checkRange,
  checkText,
  readOptions,
} from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { blank } from "./blank.js";
import { type Box, clipBox } from "./box.js";
import { type Color, changeChannels, inkOf } from "./channels.js";
import { checkBox } from "./crop.js";
import type { Point } from "./faces.js";
import { CELL, isInk, LINE } from "./font.js";
import { checkLabelMap } from "./label-map.js";
import type { Mask } from "./mask.js";
import { channelsOf, type Pixels } from "./pixels.js";

/** Options of what draws onto pictures. */
export interface DrawOptions {
  /** Default red; a label's black or white, whichever stands out. */
  readonly color?: Color;
  /** Of a box's lines, inwards from its edges. Default 1. */
  readonly thickness?: number;
  /** Text above a box's left top corner, moved into the picture where some of the box is in it. */
  readonly label?: string;
  /** Pixels of the picture for one of the font. Default 1. */
  readonly scale?: number;
  /** Behind a label. Default black. */
  readonly background?: Color;
  /** Of a mask. Default 0.5. */
  readonly opacity?: number;
  /** Of points; 0 is one pixel. Default 1. */
  readonly radius?: number;
}

export interface TileOptions {
  /** Pictures per row. Default all. */
  readonly columns?: number;
  /** Pixels between pictures. Default 0. */
  readonly gap?: number;
  /** Between pictures and behind transparent ones. Default white. */
  readonly background?: Color;
  /** How many times as large pictures become. Default 1. */
  readonly zoom?: number;
}

const RED = [255, 0, 0] as const;
const BLACK = [0, 0, 0] as const;
const WHITE = [255, 255, 255] as const;

/**
 * Outlines a box whose edges are rounded to whole pixels. Like all that draws, it changes the picture itself, its
 * transparent pixels too, leaves out what lies beyond it, and is gray in a gray picture: `toChannels(picture, 3)` first.
 * @throws ArgumentError for a box with a side below 0 or that is not finite, or options out of range.
 * @example
 * const copy = { ...photo, data: photo.data.slice() };
 * drawBox(copy, box, { thickness: 2, label: "cat 0.93" });
 */
export function drawBox(
  picture: Pixels,
  box: Box,
  options: Pick<DrawOptions, "color" | "thickness" | "label" | "scale"> = {},
): void {
  const who = "drawBox";
  const defaults = { color: RED, thickness: 1, label: undefined, scale: 1 };
  const { color, thickness, label, scale } = readOptions(who, options, defaults);
  const ink = inkOf(who, "color", color, channelsOf(who, picture));
  const { x, y } = checkBox(who, box);
  checkInteger(who, "thickness", thickness, 1);
  checkInteger(who, "scale", scale, 1);
  if (label !== undefined) checkText(who, "label", label);
  const [left, top] = [Math.round(x), Math.round(y)];
  const [right, bottom] = [Math.round(x + box.width), Math.round(y + box.height)];
  paint(picture, [left, right, top, bottom], (i, j) =>
    Math.min(i - left, right - 1 - i, j - top, bottom - 1 - j) < thickness ? ink : undefined,
  );
  const seen = clipBox(box, picture.width, picture.height);
  if (!label || seen.width * seen.height === 0) return;
  const room = picture.width - textWidth([...label], scale);
  const at = { x: Math.max(Math.min(left, room), 0), y: Math.max(top - LINE * scale, 0) };
  drawLabel(picture, label, at, { background: color, scale });
}

/**
 * Writes text in a font of 5×8 pixels with a pixel around it, its left top corner at a point: the printable characters of
 * ASCII, and a box for each other.
 * @throws ArgumentError for a point that is not finite, or options out of range.
 * @example drawLabel(picture, "unknown (0.71)", { x: 4, y: 4 }, { scale: 2 });
 */
export function drawLabel(
  picture: Pixels,
  text: string,
  at: Point,
  options: Pick<DrawOptions, "color" | "background" | "scale"> = {},
): void {
  const who = "drawLabel";
  const defaults = { color: undefined, background: BLACK, scale: 1 };
  const { color, background, scale } = readOptions(who, options, defaults);
  const channels = channelsOf(who, picture);
  const bar = inkOf(who, "background", background, channels);
  const [gray = 0] = inkOf(who, "background", background, 1);
  const ink = inkOf(who, "color", color === undefined ? (gray > 127 ? BLACK : WHITE) : color, channels);
  checkInteger(who, "scale", scale, 1);
  checkText(who, "text", text);
  checkObject(who, "at", "{ x, y }", at);
  checkFinite(who, "at.x", at.x);
  checkFinite(who, "at.y", at.y);
  const [left, top] = [Math.round(at.x), Math.round(at.y)];
  const characters = [...text];
  const right = left + textWidth(characters, scale);
  paint(picture, [left, right, top, top + LINE * scale], (x, y) =>
    isInk(characters, Math.floor((x - left) / scale), Math.floor((y - top) / scale)) ? ink : bar,
  );
}

/**
 * Mixes a color into the pixels of a mask: (1 − opacity) · pixel + opacity · color.
 * @throws ShapeError for a mask of another size than the picture's, ArgumentError for options out of range.
 */
export function drawMask(picture: Pixels, mask: Mask, options: Pick<DrawOptions, "color" | "opacity"> = {}): void {
  const who = "drawMask";
  const { color, opacity } = readOptions(who, options, { color: RED, opacity: 0.5 });
  const ink = inkOf(who, "color", color, channelsOf(who, picture));
  checkRange(who, "opacity", opacity, 0, 1);
  checkLabelMap(who, mask);
  const { width, height } = picture;
  if (mask.width !== width || mask.height !== height) {
    throw new ShapeError(
      `${who} expects a mask of the picture's ${width}×${height} pixels, but got ${mask.width}×${mask.height}. Usual cause: a mask at the network's size.`,
    );
  }
  paint(picture, [0, width, 0, height], (x, y) => (mask.data[y * width + x] === 0 ? undefined : ink), opacity);
}

/**
 * Draws a dot at each point: the pixels whose distance from the point's pixel is at most `radius`.
 * @throws ArgumentError for a point that is not finite, or options out of range.
 */
export function drawPoints(
  picture: Pixels,
  points: readonly Point[],
  options: Pick<DrawOptions, "color" | "radius"> = {},
): void {
  const who = "drawPoints";
  const { color, radius } = readOptions(who, options, { color: RED, radius: 1 });
  const ink = inkOf(who, "color", color, channelsOf(who, picture));
  checkRange(who, "radius", radius, 0, Number.MAX_VALUE);
  checkList(who, "points", points);
  for (const [i, point] of points.entries()) {
    checkObject(who, `points[${i}]`, "{ x, y }", point);
    checkFinite(who, `points[${i}].x`, point.x);
    checkFinite(who, `points[${i}].y`, point.y);
  }
  for (const point of points) {
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    paint(picture, [x - radius, x + radius + 1, y - radius, y + radius + 1], (i, j) =>
      (i - x) * (i - x) + (j - y) * (j - y) <= radius * radius ? ink : undefined,
    );
  }
}

/**
 * As many colors, easy to tell apart: hues that turn by the golden ratio, in two shades. More colors start with the same.
 * @throws ArgumentError for a count that is not an integer of at least 0.
 */
export function palette(count: number): Color[] {
  checkRange("palette", "count", checkInteger("palette", "count", count, 0), 0, 2 ** 24);
  return Array.from({ length: count }, (_, i): Color => {
    const part = (turn: number) => {
      const hue = (6 * 0.618034 * i + turn) % 6;
      return Math.round((i % 2 ? 175 : 245) * (1 - 0.75 * Math.min(Math.max(Math.min(hue, 4 - hue), 0), 1)));
    };
    return [part(5), part(3), part(1)];
  });
}

/**
 * The pictures side by side, row by row, in one RGB picture: each at the left top of a cell as large as the largest.
 * @throws ArgumentError for no pictures, or options out of range.
 * @example await writeFile("both.png", await encodePng(tile([photo, drawn], { gap: 4 })));
 */
export function tile(pictures: readonly Pixels[], options: TileOptions = {}): Pixels {
  const who = "tile";
  checkList(who, "pictures", pictures);
  const defaults = { columns: pictures.length, gap: 0, background: WHITE, zoom: 1 };
  const { columns, gap, background, zoom } = readOptions(who, options, defaults);
  if (pictures.length === 0) throw new ArgumentError(`${who} expects at least one picture, but got none.`);
  checkInteger(who, "columns", columns, 1);
  checkInteger(who, "gap", gap, 0);
  checkInteger(who, "zoom", zoom, 1);
  const ink = inkOf(who, "background", background, 3);
  const tiles = pictures.map((picture) => changeChannels(who, picture, 3, { background }));
  const stepX = zoom * Math.max(...tiles.map(({ width }) => width)) + gap;
  const stepY = zoom * Math.max(...tiles.map(({ height }) => height)) + gap;
  const [across, down] = [Math.min(columns, tiles.length), Math.ceil(tiles.length / columns)];
  const sheet = blank(who, across * stepX - gap, down * stepY - gap, 3);
  paint(sheet, [0, sheet.width, 0, sheet.height], () => ink);
  for (const [i, { width, height, data }] of tiles.entries()) {
    const [left, top] = [(i % columns) * stepX, Math.floor(i / columns) * stepY];
    paint(sheet, [left, left + zoom * width, top, top + zoom * height], (x, y) =>
      data.subarray(3 * (Math.floor((y - top) / zoom) * width + Math.floor((x - left) / zoom))),
    );
  }
  return sheet;
}

function textWidth(characters: readonly string[], scale: number): number {
  return (CELL * characters.length + 1) * scale;
}

type Edges = readonly [left: number, right: number, top: number, bottom: number];

/** Mixes into each pixel between these edges the color that `inkAt` gives for it. */
function paint(
  picture: Pixels,
  [left, right, top, bottom]: Edges,
  inkAt: (x: number, y: number) => Uint8Array | Uint8ClampedArray | undefined,
  opacity = 1,
): void {
  const { width, height, data } = picture;
  const channels = data.length / (width * height);
  for (let y = Math.max(Math.ceil(top), 0); y < Math.min(bottom, height); y++) {
    for (let x = Math.max(Math.ceil(left), 0); x < Math.min(right, width); x++) {
      const ink = inkAt(x, y);
      if (!ink) continue;
      const at = (y * width + x) * channels;
      const alpha = channels === 4 ? (data[at + 3] ?? 0) / 255 : 1;
      for (let c = 0; c < channels; c++) {
        const old = data[at + c] ?? 0;
        // Where the picture is transparent, only the ink shows.
        const share = c < 3 ? opacity / (opacity + (1 - opacity) * alpha || 1) : opacity;
        data[at + c] = Math.round(old + share * ((ink[c] ?? 0) - old));
      }
    }
  }
}
