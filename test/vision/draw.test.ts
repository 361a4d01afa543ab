/** Drawing: what changes, what stays, how it is clipped, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/index.js";
import {
  type Box,
  type Color,
  crop,
  drawBox,
  drawLabel,
  drawMask,
  drawPoints,
  type Pixels,
  palette,
  resize,
  tile,
  toChannels,
} from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { CHANNELS, picture, plain } from "../support/pictures.js";

/** Whole and broken numbers that sums keep exact, in and around a small picture. */
const place = fc.integer({ min: -80, max: 160 }).map((eighths) => eighths / 8);
const size = fc.integer({ min: 0, max: 160 }).map((eighths) => eighths / 8);
const point = fc.record({ x: place, y: place });
const color = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 255 }))) as unknown as fc.Arbitrary<Color>;
const text = fc.string({ maxLength: 5, unit: fc.constantFrom("a", "Q", "~", " ", "é", "😀", "\n") });

/** Something drawn, moved by whole pixels, and the pixels that it may change. */
interface Drawing {
  readonly draw: (picture: Pixels, dx: number, dy: number) => void;
  readonly bounds: Box;
}

const boxes = fc
  .record({ x: place, y: place, width: size, height: size, color, thickness: fc.integer({ min: 1, max: 9 }) })
  .map(({ color, thickness, ...bounds }): Drawing => {
    const moved = (dx: number, dy: number) => ({ ...bounds, x: bounds.x + dx, y: bounds.y + dy });
    return { bounds, draw: (picture, dx, dy) => drawBox(picture, moved(dx, dy), { color, thickness }) };
  });

const labels = fc
  .record({ text, at: point, color, background: color, scale: fc.integer({ min: 1, max: 3 }) })
  .map(({ text, at, ...options }): Drawing => {
    const width = (6 * [...text].length + 1) * options.scale;
    return {
      bounds: { ...at, width, height: 10 * options.scale },
      draw: (picture, dx, dy) => drawLabel(picture, text, { x: at.x + dx, y: at.y + dy }, options),
    };
  });

const dots = fc.record({ at: point, color, radius: size }).map(({ at, ...options }): Drawing => {
  const [x, y, radius] = [Math.floor(at.x), Math.floor(at.y), Math.floor(options.radius)];
  return {
    bounds: { x: x - radius, y: y - radius, width: 2 * radius + 1, height: 2 * radius + 1 },
    draw: (picture, dx, dy) => drawPoints(picture, [{ x: at.x + dx, y: at.y + dy }], options),
  };
});

const drawings = fc.oneof(boxes, labels, dots);

function copyOf(original: Pixels): Pixels {
  return { ...original, data: original.data.slice() };
}

function drawn(original: Pixels, draw: (copy: Pixels) => void): Pixels {
  const copy = copyOf(original);
  draw(copy);
  return copy;
}

/** The rows as text: "#" where the red channel, or the gray, is not 0. */
function art({ width, height, data }: Pixels): string[] {
  const channels = data.length / (width * height);
  const row = (y: number) => Array.from({ length: width }, (_, x) => (data[(y * width + x) * channels] ? "#" : "."));
  return Array.from({ length: height }, (_, y) => row(y).join(""));
}

describe("boxes, labels and points", () => {
  test("draw nothing outside of their bounds, and the same every time", () => {
    fc.assert(
      fc.property(picture(), drawings, (original, { draw, bounds }) => {
        const once = drawn(original, (copy) => draw(copy, 0, 0));
        const channels = once.data.length / (once.width * once.height);
        const [left, right] = [bounds.x, bounds.x + bounds.width].map(Math.round) as [number, number];
        const [top, bottom] = [bounds.y, bounds.y + bounds.height].map(Math.round) as [number, number];
        for (const [i, value] of once.data.entries()) {
          const x = Math.floor(i / channels) % once.width;
          const y = Math.floor(i / channels / once.width);
          if (x >= left && x < right && y >= top && y < bottom) continue;
          expect(value).toBe(original.data[i]);
        }
        expect(drawn(once, (copy) => draw(copy, 0, 0))).toEqual(once);
      }),
    );
  });

  test("are cut off at the picture's edges: as if drawn on a larger one, then cropped", () => {
    fc.assert(
      fc.property(picture(), drawings, (original, { draw }) => {
        const channels = original.data.length / (original.width * original.height);
        const margin = 40;
        const large = plain(original.width + 2 * margin, original.height + 2 * margin, channels, 7);
        const frame = { x: margin, y: margin, width: original.width, height: original.height };
        for (let y = 0; y < original.height; y++) {
          const row = original.width * channels;
          const start = ((y + margin) * large.width + margin) * channels;
          large.data.set(original.data.subarray(y * row, (y + 1) * row), start);
        }
        draw(large, margin, margin);
        expect(drawn(original, (copy) => draw(copy, 0, 0))).toEqual(crop(large, frame));
      }),
    );
  });

  test("on one pixel", () => {
    for (const channels of CHANNELS) {
      const red = [...toChannels({ width: 1, height: 1, data: Uint8Array.of(255, 0, 0) }, channels).data];
      const one = plain(1, 1, channels, 9);
      expect([...drawn(one, (copy) => drawBox(copy, { x: -3, y: 0, width: 4, height: 9 })).data]).toEqual(red);
      expect([...drawn(one, (copy) => drawPoints(copy, [{ x: 0.9, y: 0.1 }], { radius: 0 })).data]).toEqual(red);
      expect([...drawn(one, (copy) => drawBox(copy, { x: 1, y: 0, width: 4, height: 9 })).data]).toEqual([...one.data]);
      const black = channels === 4 ? [0, 0, 0, 255] : Array.from({ length: channels }, () => 0);
      expect([...drawn(one, (copy) => drawLabel(copy, "", { x: 0, y: 0 })).data]).toEqual(black);
    }
  });
});

describe("drawBox", () => {
  test("draws lines of the thickness inside of the rounded edges", () => {
    const blank = plain(8, 6, 3, 0);
    expect(art(drawn(blank, (copy) => drawBox(copy, { x: 0.6, y: 0.4, width: 5, height: 5 })))).toEqual([
      ".#####..",
      ".#...#..",
      ".#...#..",
      ".#...#..",
      ".#####..",
      "........",
    ]);
    const thick = drawn(blank, (copy) => drawBox(copy, { x: -2, y: 1, width: 9, height: 9 }, { thickness: 2 }));
    expect(art(thick)).toEqual(["........", "#######.", "#######.", ".....##.", ".....##.", ".....##."]);
    const flat = drawn(blank, (copy) => drawBox(copy, { x: 1, y: 2, width: 3, height: 0.4 }));
    expect(flat).toEqual(blank);
  });

  test("puts a label above the box, and moves it into the picture", () => {
    const red: Color = [200, 0, 0];
    const wide = plain(40, 40, 3, 30);
    const labeled = (x: number, y: number) =>
      drawn(wide, (copy) => drawBox(copy, { x, y, width: 20, height: 20 }, { color: red, label: "A b", scale: 1 }));
    const apart = (x: number, y: number, at: { x: number; y: number }) =>
      drawn(wide, (copy) => {
        drawBox(copy, { x, y, width: 20, height: 20 }, { color: red });
        drawLabel(copy, "A b", at, { background: red, color: [255, 255, 255] });
      });
    expect(labeled(10, 15)).toEqual(apart(10, 15, { x: 10, y: 5 }));
    expect(labeled(10, 9)).toEqual(apart(10, 9, { x: 10, y: 0 }));
    expect(labeled(-3, 4)).toEqual(apart(-3, 4, { x: 0, y: 0 }));
    expect(labeled(25.4, 50)).toEqual(wide);
    expect(labeled(-20, 15)).toEqual(wide);
    expect(labeled(30, 15)).toEqual(apart(30, 15, { x: 40 - 19, y: 5 }));
    expect(drawn(wide, (copy) => drawBox(copy, { x: 0, y: 0, width: 20, height: 20 }, { label: "" }))).toEqual(
      drawn(wide, (copy) => drawBox(copy, { x: 0, y: 0, width: 20, height: 20 })),
    );
  });
});

describe("drawLabel", () => {
  const written = (text: string, scale = 1) => {
    const width = (6 * [...text].length + 1) * scale;
    return drawn(plain(width, 10 * scale, 1, 9), (copy) => drawLabel(copy, text, { x: 0, y: 0 }, { scale }));
  };

  test("writes in a font of 5×8 pixels, white on black", () => {
    expect(art(written("Ag"))).toEqual([
      ".............",
      "..###........",
      ".#...#.......",
      ".#...#..####.",
      ".#####.#...#.",
      ".#...#.#...#.",
      ".#...#..####.",
      ".#...#.....#.",
      "........###..",
      ".............",
    ]);
    expect(new Set(written("Ag").data)).toEqual(new Set([0, 255]));
  });

  test("has a glyph of its own for every printable character, and a box for others", () => {
    const glyphs = Array.from({ length: 95 }, (_, i) => art(written(String.fromCharCode(32 + i))).join());
    expect(new Set(glyphs).size).toBe(95);
    expect(glyphs[0]).not.toContain("#");
    const other = art(written("é")).join();
    expect(glyphs).not.toContain(other);
    for (const character of ["\0", "\n", "\x1f", "\x7f", "ÿ", "€", "😀"]) {
      expect(art(written(character)).join()).toBe(other);
    }
  });

  test("is larger by its scale", () => {
    const small = written("x?");
    expect(written("x?", 3)).toEqual(resize(small, 3 * small.width, 3 * small.height, { mode: "nearest" }));
  });

  test("is black on what is bright", () => {
    const on = (background: Color) =>
      drawn(plain(7, 9, 1, 0), (copy) => drawLabel(copy, "I", { x: 0, y: 0 }, { background })).data[7 + 3];
    expect(on([90, 230, 90])).toBe(0);
    expect(on([40, 60, 250])).toBe(255);
    const colored = drawn(plain(7, 9, 3, 0), (copy) => drawLabel(copy, "I", { x: 0, y: 0 }, { color: [1, 2, 3] }));
    expect([...colored.data.subarray(3 * 10, 3 * 11)]).toEqual([1, 2, 3]);
  });
});

describe("drawPoints", () => {
  test("draws discs around the pixels that the points lie in", () => {
    const points = [
      { x: 1.9, y: 1 },
      { x: 5, y: 2.5 },
    ];
    expect(art(drawn(plain(8, 5, 3, 0), (copy) => drawPoints(copy, points)))).toEqual([
      ".#......",
      "###..#..",
      ".#..###.",
      ".....#..",
      "........",
    ]);
    expect(art(drawn(plain(5, 5, 3, 0), (copy) => drawPoints(copy, [{ x: 2, y: 2 }], { radius: 2 })))).toEqual([
      "..#..",
      ".###.",
      "#####",
      ".###.",
      "..#..",
    ]);
    expect(art(drawn(plain(3, 2, 3, 0), (copy) => drawPoints(copy, points, { radius: 1e200 })))).toEqual([
      "###",
      "###",
    ]);
    expect(drawn(plain(3, 2, 3, 0), (copy) => drawPoints(copy, []))).toEqual(plain(3, 2, 3, 0));
  });
});

describe("drawMask", () => {
  test("mixes the color into the mask's pixels and leaves the others", () => {
    const opacity = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
    fc.assert(
      fc.property(
        picture(),
        color,
        opacity,
        fc.uint8Array({ minLength: 144, maxLength: 144, max: 2 }),
        (original, color, opacity, bits) => {
          const rgb = toChannels(original, 3);
          const { width, height } = rgb;
          const mask = { width, height, data: bits.slice(0, width * height) };
          const mixed = drawn(rgb, (copy) => drawMask(copy, mask, { color, opacity }));
          for (const [i, value] of mixed.data.entries()) {
            const [old, ink] = [rgb.data[i] ?? 0, color[i % 3] ?? 0];
            const inside = mask.data[Math.floor(i / 3)] !== 0;
            expect(value).toBe(inside ? Math.round(old + opacity * (ink - old)) : old);
          }
        },
      ),
    );
  });

  test("of a transparent pixel, only the color shows", () => {
    const mask = { width: 3, height: 1, data: Uint8Array.of(1, 1, 1) };
    const data = Uint8Array.of(100, 100, 100, 0, 100, 100, 100, 255, 100, 100, 100, 85);
    const mixed = (opacity: number) =>
      drawn({ width: 3, height: 1, data }, (copy) => drawMask(copy, mask, { color: [200, 200, 200], opacity })).data;
    // 0.5 over a third: 0.5 / (0.5 + 0.5 / 3) = 3/4 of the color, and 2/3 of opaque.
    expect([...mixed(0.5)]).toEqual([200, 200, 200, 128, 150, 150, 150, 255, 175, 175, 175, 170]);
    expect(mixed(0)).toEqual(data);
    expect([...mixed(1)]).toEqual([200, 200, 200, 255, 200, 200, 200, 255, 200, 200, 200, 255]);
  });
});

describe("tile", () => {
  test("puts every picture into its cell, enlarged, and the background elsewhere", () => {
    const options = fc.record({
      columns: fc.integer({ min: 1, max: 5 }),
      gap: fc.integer({ min: 0, max: 3 }),
      zoom: fc.integer({ min: 1, max: 3 }),
      background: color,
    });
    fc.assert(
      fc.property(fc.array(picture(4), { minLength: 1, maxLength: 5 }), options, (pictures, options) => {
        const { columns, gap, zoom, background } = options;
        const sheet = tile(pictures, options);
        const cellWidth = zoom * Math.max(...pictures.map(({ width }) => width));
        const cellHeight = zoom * Math.max(...pictures.map(({ height }) => height));
        const rows = Math.ceil(pictures.length / columns);
        expect(sheet.width).toBe(Math.min(columns, pictures.length) * (cellWidth + gap) - gap);
        expect(sheet.height).toBe(rows * (cellHeight + gap) - gap);
        const covered = new Set<number>();
        for (const [i, picture] of pictures.entries()) {
          const [width, height] = [zoom * picture.width, zoom * picture.height];
          const x = (i % columns) * (cellWidth + gap);
          const y = Math.floor(i / columns) * (cellHeight + gap);
          const flat = toChannels(picture, 3, { background });
          expect(crop(sheet, { x, y, width, height })).toEqual(resize(flat, width, height, { mode: "nearest" }));
          for (let at = 0; at < width * height; at++) {
            covered.add((y + Math.floor(at / width)) * sheet.width + x + (at % width));
          }
        }
        for (let at = 0; at < sheet.width * sheet.height; at++) {
          if (!covered.has(at)) expect([...sheet.data.subarray(3 * at, 3 * at + 3)]).toEqual(background);
        }
      }),
    );
  });

  test("by default all in one row, on white", () => {
    const sheet = tile([plain(1, 1, 1, 0), plain(1, 2, 3, 9)]);
    expect(sheet).toEqual({
      width: 2,
      height: 2,
      data: Uint8Array.of(0, 0, 0, 9, 9, 9, 255, 255, 255, 9, 9, 9),
    });
  });
});

describe("palette", () => {
  test("has different colors, the first of which stay when there are more", () => {
    expect(palette(0)).toEqual([]);
    expect(palette(100).slice(0, 7)).toEqual(palette(7));
    expect(new Set(palette(100).map(String)).size).toBe(100);
    for (const value of palette(100).flat()) expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
    const distance = (a: Color, b: Color) => Math.hypot(...a.map((value, c) => value - (b[c] ?? 0)));
    const first = palette(10);
    for (const [i, a] of first.entries()) for (const b of first.slice(0, i)) expect(distance(a, b)).toBeGreaterThan(40);
  });
});

describe("refused with a sentence, and the picture stays as it was", () => {
  const blank = plain(4, 3, 3, 1);
  const box = { x: 0, y: 0, width: 2, height: 2 };
  const origin = { x: 0, y: 0 };
  const mask = { width: 4, height: 3, data: new Uint8Array(12).fill(1) };
  const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";
  const EMPTY = { width: 0, height: 0, data: new Uint8Array() };
  const NO_PICTURE =
    "expects a picture of at least 1×1 pixels with 1, 3 or 4 channels, but got 0×0 with 0 values. Usual cause: width and height swapped or taken from another picture, or a canvas that has no size yet.";
  const cases: [string, () => unknown, string][] = [
    ["box on 0×0", () => drawBox(EMPTY, box), `drawBox ${NO_PICTURE}`],
    ["label on 0×0", () => drawLabel(EMPTY, "a", origin), `drawLabel ${NO_PICTURE}`],
    ["mask on 0×0", () => drawMask(EMPTY, mask), `drawMask ${NO_PICTURE}`],
    ["points on 0×0", () => drawPoints(EMPTY, [origin]), `drawPoints ${NO_PICTURE}`],
    ["0×0 in tiles", () => tile([blank, EMPTY]), `tile ${NO_PICTURE}`],
    [
      "a box that is NaN",
      () => drawBox(blank, { ...box, x: Number.NaN }),
      `drawBox expects the box's x to be a finite number, but got NaN. ${ARITHMETIC}`,
    ],
    [
      "a box of a negative size",
      () => drawBox(blank, { ...box, height: -1 }),
      "drawBox expects the box's height to be a number from 0 to 1.7976931348623157e+308, but got -1.",
    ],
    [
      "a color in CSS",
      () => drawBox(blank, box, { color: "red" as unknown as Color }),
      'drawBox expects color to be [red, green, blue], but got "red". Usual cause: a CSS color, or one number for a gray.',
    ],
    [
      "a color out of range",
      () => drawLabel(blank, "a", origin, { background: [0, 0, 256] }),
      "drawLabel expects background to be a number from 0 to 255, but got 256.",
    ],
    [
      "no thickness",
      () => drawBox(blank, box, { thickness: 0 }),
      `drawBox expects thickness to be a positive integer, but got 0. ${ARITHMETIC}`,
    ],
    [
      "half a scale",
      () => drawBox(blank, box, { label: "a", scale: 0.5 }),
      `drawBox expects scale to be a positive integer, but got 0.5. ${ARITHMETIC}`,
    ],
    [
      "no scale",
      () => drawLabel(blank, "a", origin, { scale: 0 }),
      `drawLabel expects scale to be a positive integer, but got 0. ${ARITHMETIC}`,
    ],
    [
      "a label at infinity",
      () => drawLabel(blank, "a", { x: 0, y: Infinity }),
      `drawLabel expects at.y to be a finite number, but got Infinity. ${ARITHMETIC}`,
    ],
    [
      "a point that is NaN",
      () => drawPoints(blank, [origin, { x: Number.NaN, y: 0 }]),
      `drawPoints expects points[1].x to be a finite number, but got NaN. ${ARITHMETIC}`,
    ],
    [
      "a negative radius",
      () => drawPoints(blank, [origin], { radius: -1 }),
      "drawPoints expects radius to be a number from 0 to 1.7976931348623157e+308, but got -1.",
    ],
    [
      "an opacity in percent",
      () => drawMask(blank, mask, { opacity: 50 }),
      "drawMask expects opacity to be a number from 0 to 1, but got 50.",
    ],
    [
      "a mask without its data",
      () => drawMask(blank, { ...mask, data: new Uint8Array(3) }),
      "drawMask expects a map of at least 1×1 pixels with one value each, but got 4×3 with 3 values. Usual cause: width and height taken from another picture, or a picture with several channels.",
    ],
    [
      "colors that cannot be counted",
      () => palette(-1),
      `palette expects count to be an integer ≥ 0, but got -1. ${ARITHMETIC}`,
    ],
    ["no pictures", () => tile([]), "tile expects at least one picture, but got none."],
    [
      "no columns",
      () => tile([blank], { columns: 0 }),
      `tile expects columns to be a positive integer, but got 0. ${ARITHMETIC}`,
    ],
    [
      "half a gap",
      () => tile([blank], { gap: 0.5 }),
      `tile expects gap to be an integer ≥ 0, but got 0.5. ${ARITHMETIC}`,
    ],
    [
      "half a zoom",
      () => tile([blank], { zoom: 0.5 }),
      `tile expects zoom to be a positive integer, but got 0.5. ${ARITHMETIC}`,
    ],
    [
      "a zoom far too large",
      () => tile([blank], { zoom: 100_000 }),
      "tile expects fewer than 2^31 values in a picture, but 400000×300000 with 3 channels are 360000000000. Usual cause: a scale where a size belongs, or a box in other units than pixels.",
    ],
  ];
  test.each(cases)("%s", (_, draw, sentence) => {
    expectError(draw, ArgumentError, sentence);
    expect(blank).toEqual(plain(4, 3, 3, 1));
  });

  test("a mask of another size", () => {
    expectError(
      () => drawMask(blank, { width: 3, height: 4, data: new Uint8Array(12) }),
      ShapeError,
      "drawMask expects a mask of the picture's 4×3 pixels, but got 3×4. Usual cause: a mask at the network's size.",
    );
  });
});
