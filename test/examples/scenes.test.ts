/** The scenes that the examples of detection and segmentation learn from: everything that they say of a pixel agrees. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digits, makeScenes, type Scene } from "../../docs/examples/scenes.js";
import { Random } from "../../src/tensor/random.js";
import { intersection } from "../../src/vision.js";

/** From here on, a gray value is ink. */
const INK = 64;

/** Blots of random sizes and grays instead of digits, one of which is blank: nothing can be seen of it. */
function blots(seed: number): Digits {
  const random = new Random(seed);
  const labels = Uint8Array.from({ length: 12 }, () => random.integer(10));
  const pixels = new Uint8Array(labels.length * 28 * 28);
  for (let digit = 1; digit < labels.length; digit++) {
    const [left, top] = [random.integer(20), random.integer(20)];
    const [right, bottom] = [left + 4 + random.integer(25 - left), top + 4 + random.integer(25 - top)];
    for (let y = top; y < Math.min(bottom, 28); y++)
      for (let x = left; x < Math.min(right, 28); x++) pixels[(digit * 28 + y) * 28 + x] = random.integer(256);
  }
  return { pixels, labels };
}

/** The smallest box around the pixels that `holds` of; undefined if there are none. */
function boxAround(size: number, holds: (at: number) => boolean) {
  const at = Array.from({ length: size * size }, (_, i) => i).filter(holds);
  if (at.length === 0) return undefined;
  const [xs, ys] = [at.map((i) => i % size), at.map((i) => Math.floor(i / size))];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x + 1, height: Math.max(...ys) - y + 1 };
}

const seeds = fc.record({ digits: fc.integer(), seed: fc.integer() });

function forAllScenes(options: Parameters<typeof makeScenes>[3], holds: (scene: Scene) => void): void {
  fc.assert(
    fc.property(seeds, ({ digits, seed }) => {
      for (const scene of makeScenes(blots(digits), 3, seed, options)) holds(scene);
    }),
    { numRuns: 40 },
  );
}

describe("makeScenes", () => {
  test("the same seed makes the same scenes, another one others", () => {
    fc.assert(
      fc.property(seeds, ({ digits, seed }) => {
        const scenes = makeScenes(blots(digits), 3, seed);
        expect(makeScenes(blots(digits), 3, seed)).toEqual(scenes);
        expect(makeScenes(blots(digits), 3, seed + 1)).not.toEqual(scenes);
        // Fewer scenes are the first of more.
        expect(makeScenes(blots(digits), 2, seed)).toEqual(scenes.slice(0, 2));
      }),
      { numRuns: 20 },
    );
  });

  test("what is ink shows an object, of whose class it is; the rest is background", () => {
    forAllScenes({}, ({ size, pixels, objects, classes, instances }) => {
      expect([pixels.length, classes.length, instances.length]).toEqual([size * size, size * size, size * size]);
      expect(instances.map((instance) => Number(instance !== 0))).toEqual(pixels.map((gray) => Number(gray >= INK)));
      expect(classes).toEqual(instances.map((id) => (id === 0 ? 0 : 1 + objects[id - 1]!.label)));
    });
  });

  test("as many objects as asked for, wholly on the canvas, of the sizes asked for", () => {
    const options = { size: 80, objects: [1, 3], scale: [14, 20] } as const;
    const counts = new Set<number>();
    forAllScenes(options, ({ size, objects }) => {
      expect(size).toBe(80);
      counts.add(objects.length);
      for (const { box, label } of objects) {
        expect(label).toBeGreaterThanOrEqual(0);
        expect(label).toBeLessThan(10);
        for (const [start, extent] of [
          [box.x, box.width],
          [box.y, box.height],
        ] as const) {
          expect(Number.isInteger(start) && Number.isInteger(extent)).toBe(true);
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start + extent).toBeLessThanOrEqual(80);
          expect(extent).toBeGreaterThanOrEqual(1);
          expect(extent).toBeLessThanOrEqual(20);
        }
      }
    });
    expect([...counts].sort()).toEqual([1, 2, 3]); // 120 scenes: each is missed once in 10^21 runs
  });

  test("boxes are tight around the ink where nothing hides it", () => {
    forAllScenes({ overlap: 0 }, ({ size, objects, instances }) => {
      for (const [i, { box }] of objects.entries())
        expect(boxAround(size, (at) => instances[at] === i + 1)).toEqual(box);
    });
  });

  test("digits cover each other's boxes by 15 % of the smaller one at most, and hide nothing outside of their own", () => {
    forAllScenes({ objects: [4, 6] }, ({ size, objects, instances }) => {
      for (const [i, { box }] of objects.entries()) {
        for (const { box: other } of objects.slice(0, i)) {
          const smaller = Math.min(box.width * box.height, other.width * other.height);
          expect(intersection(box, other)).toBeLessThanOrEqual(0.15 * smaller);
        }
        const seen = boxAround(size, (at) => instances[at] === i + 1);
        if (seen) expect(intersection(seen, box)).toBe(seen.width * seen.height);
        else expect(i).toBeLessThan(objects.length - 1); // Of the last one, nothing is hidden.
      }
    });
  });
});
