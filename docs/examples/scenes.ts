/** Scenes of handwritten digits on a dark canvas, with everything that detection and segmentation learn from. */
import { Random } from "faltung";
import { type Box, intersection, maskBox } from "faltung/vision";

export interface SceneObject {
  /** The digit, 0–9. */
  readonly label: number;
  /** The smallest box around its ink, what other digits hide of it included. */
  readonly box: Box;
}

export interface Scene {
  readonly size: number;
  /** Gray values, `[size, size]`. */
  readonly pixels: Uint8Array;
  readonly objects: readonly SceneObject[];
  /** The class of each pixel, `[size, size]`: 0 for the background, 1 + the digit. */
  readonly classes: Uint8Array;
  /** The object that each pixel shows, `[size, size]`: 0 for the background, 1 + the place in `objects`. */
  readonly instances: Uint8Array;
}

export interface SceneOptions {
  /** Sides of the canvas in pixels. Default 64. */
  readonly size?: number;
  /** Digits a scene, drawn uniformly between these. Default [1, 4]. */
  readonly objects?: readonly [fewest: number, most: number];
  /** Sides that the 28×28 digits are scaled to, drawn uniformly between these. Default [16, 32]. */
  readonly scale?: readonly [smallest: number, largest: number];
  /** How much of a new digit's box older ones may cover. Default 0.15. */
  readonly overlap?: number;
}

/** 28×28 gray values of one digit after the other, and what they are. */
export interface Digits {
  readonly pixels: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

const SIDE = 28;
/** Gray values from here on are ink. */
const INK = 64;

/** `count` scenes from these digits; the same seed makes the same scenes. Later digits lie over earlier ones. */
export function makeScenes(digits: Digits, count: number, seed: number, options: SceneOptions = {}): Scene[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => makeScene(digits, random, options));
}

function makeScene(digits: Digits, random: Random, options: SceneOptions): Scene {
  const {
    size = 64,
    objects: [fewest, most] = [1, 4],
    scale: [smallest, largest] = [16, 32],
    overlap = 0.15,
  } = options;
  const pixels = new Uint8Array(size * size);
  const classes = new Uint8Array(size * size);
  const instances = new Uint8Array(size * size);
  const objects: SceneObject[] = [];
  const wanted = fewest + random.integer(most - fewest + 1);
  // A crowded canvas may have no room left: then the scene stays with fewer digits.
  for (let attempt = 0; objects.length < wanted && attempt < 50; attempt++) {
    const side = smallest + random.integer(largest - smallest + 1);
    const index = random.integer(digits.labels.length);
    const digit = scaled(digits.pixels, index * SIDE * SIDE, side);
    const ink = maskBox({ width: side, height: side, data: digit.map((gray) => (gray < INK ? 0 : 1)) });
    if (!ink) continue;
    // The ink, not its frame, has to lie on the canvas.
    const left = random.integer(size - ink.width + 1) - ink.x;
    const top = random.integer(size - ink.height + 1) - ink.y;
    const box = { ...ink, x: ink.x + left, y: ink.y + top };
    if (objects.some((other) => intersection(box, other.box) > overlap * Math.min(area(box), area(other.box))))
      continue;
    const label = digits.labels[index] ?? 0;
    objects.push({ label, box });
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        const gray = digit[(y - top) * side + (x - left)] ?? 0;
        const at = y * size + x;
        pixels[at] = Math.max(gray, pixels[at] ?? 0);
        if (gray < INK) continue;
        pixels[at] = gray;
        classes[at] = 1 + label;
        instances[at] = objects.length;
      }
    }
  }
  return { size, pixels, objects, classes, instances };
}

/** One digit at another size: each pixel is the bilinear mix of its four neighbors in the original. */
function scaled(pixels: ArrayLike<number>, start: number, side: number): Uint8Array {
  const at = (y: number, x: number) =>
    pixels[start + Math.min(Math.max(y, 0), SIDE - 1) * SIDE + Math.min(Math.max(x, 0), SIDE - 1)] ?? 0;
  const result = new Uint8Array(side * side);
  for (let i = 0; i < side; i++) {
    const y = ((i + 0.5) * SIDE) / side - 0.5;
    const top = Math.floor(y);
    for (let j = 0; j < side; j++) {
      const x = ((j + 0.5) * SIDE) / side - 0.5;
      const left = Math.floor(x);
      const upper = at(top, left) + (x - left) * (at(top, left + 1) - at(top, left));
      const lower = at(top + 1, left) + (x - left) * (at(top + 1, left + 1) - at(top + 1, left));
      result[i * side + j] = Math.round(upper + (y - top) * (lower - upper));
    }
  }
  return result;
}

function area({ width, height }: Box): number {
  return width * height;
}
