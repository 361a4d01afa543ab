import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { centerTargets, findCenters, groupByCenter } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { distinct, integers } from "../support/layers.js";
import { drawn, mapOf, size } from "../support/maps.js";

const map = size.chain((s) => mapOf(s, 3));
const place = (at: number, width: number) => ({ x: at % width, y: Math.floor(at / width) });

describe("centerTargets", () => {
  test("every pixel of an object points to the mean of its pixels, and heat falls with the distance from it", () => {
    fc.assert(
      fc.property(map, fc.double({ min: 0.5, max: 4, noNaN: true }), (instances, sigma) => {
        const { width, height, data } = instances;
        const { heatmap, offsets } = centerTargets(instances, { sigma });
        expect(heatmap.shape).toEqual([1, height, width]);
        expect(offsets.shape).toEqual([2, height, width]);
        const pixels = [...data.keys()];
        const centers = new Map(
          [1, 2, 3].flatMap((id) => {
            const own = pixels.filter((at) => data[at] === id).map((at) => place(at, width));
            const mean = (dim: "x" | "y") => own.reduce((sum, pixel) => sum + pixel[dim], 0) / own.length;
            return own.length === 0 ? [] : [[id, { x: mean("x"), y: mean("y") }] as const];
          }),
        );
        for (const at of pixels) {
          const { x, y } = place(at, width);
          const own = centers.get(data[at]!) ?? { x, y };
          expect(offsets.data[at]).toBe(Math.fround(own.y - y));
          expect(offsets.data[pixels.length + at]).toBe(Math.fround(own.x - x));
          const heat = Math.max(
            0,
            ...[...centers.values()].map((c) => Math.exp(-((c.x - x) ** 2 + (c.y - y) ** 2) / (2 * sigma ** 2))),
          );
          expect(heatmap.data[at]).toBe(Math.fround(heat));
        }
      }),
    );
  });

  test("refuses a width of heat that is none", () => {
    expectError(
      () => centerTargets(drawn("1"), { sigma: 0 }),
      ArgumentError,
      "centerTargets expects sigma to be a number above 0, but got 0.",
    );
    expectError(
      () => centerTargets(drawn("1"), 2 as never),
      ArgumentError,
      "centerTargets expects its options to be an object of sigma, but got 2. Usual cause: torch's positional arguments are named here.",
    );
  });
});

describe("findCenters", () => {
  test("gives the pixels that are hotter than all around them, hottest first", () => {
    fc.assert(
      fc.property(size, fc.nat(3), fc.integer(), fc.nat(8), ({ width, height }, radius, seed, most) => {
        const heatmap = distinct([1, height, width], seed);
        const want = [...heatmap.data.keys()].filter((at) => {
          const { x, y } = place(at, width);
          const around = [...heatmap.data.keys()].filter((other) => {
            const near = place(other, width);
            return Math.max(Math.abs(near.x - x), Math.abs(near.y - y)) <= radius;
          });
          return heatmap.data[at]! >= 0.5 && around.every((other) => heatmap.data[other]! <= heatmap.data[at]!);
        });
        const sorted = want.sort((a, b) => heatmap.data[b]! - heatmap.data[a]!).slice(0, most);
        expect(findCenters(heatmap, { threshold: 0.5, radius, maxCenters: most })).toEqual(
          sorted.map((at) => ({ ...place(at, width), score: heatmap.data[at]! })),
        );
      }),
    );
  });

  test("two centers are never as near as the radius, also where all is equally hot", () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 3 }), fc.integer(), ({ width, height }, radius, seed) => {
        const centers = findCenters(integers([1, height, width], seed), { threshold: -4, radius });
        for (const [i, a] of centers.entries()) {
          for (const b of centers.slice(0, i)) {
            expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThan(radius);
          }
        }
        expect(centers.length).toBeGreaterThan(0);
      }),
    );
    expect(findCenters(tensor([[[1, 1, 1]]]))).toEqual([{ x: 0, y: 0, score: 1 }]);
  });

  test("finds nothing below the threshold, nor a NaN", () => {
    expect(findCenters(tensor([[[0.05, 0.09]]]))).toEqual([]);
    expect(findCenters(tensor([[[Number.NaN, 0.1]]]), { threshold: 0 })).toEqual([
      { x: 1, y: 0, score: Math.fround(0.1) },
    ]);
  });

  test("refuses another shape and options out of range", () => {
    for (const shape of [
      [2, 3, 3],
      [3, 3],
      [1, 1, 3, 3],
    ]) {
      expectError(
        () => findCenters(zeros(shape)),
        ShapeError,
        `findCenters expects an input [1, H, W], but got [${shape.join(", ")}]. Usual cause: a batch: give one picture of it, slice(n).squeeze(0).`,
      );
    }
    const heatmap = zeros([1, 2, 2]);
    expectError(
      () => findCenters(heatmap, { radius: 1.5 }),
      ArgumentError,
      "findCenters expects radius to be an integer ≥ 0, but got 1.5. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => findCenters(heatmap, { maxCenters: -1 }),
      ArgumentError,
      "findCenters expects maxCenters to be an integer ≥ 0, but got -1. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => findCenters(heatmap, { threshold: Number.NaN }),
      ArgumentError,
      "findCenters expects threshold to be a number ≥ -Infinity, but got NaN.",
    );
  });
});

describe("groupByCenter", () => {
  test("each pixel goes to the center that is nearest to where it points", () => {
    const centers = fc.array(fc.record({ x: fc.nat(6), y: fc.nat(6), score: fc.constant(1) }), { maxLength: 4 });
    fc.assert(
      fc.property(map, centers, fc.integer(), (foreground, centers, seed) => {
        const { width, height, data } = foreground;
        const offsets = integers([2, height, width], seed);
        const grouped = groupByCenter(foreground, offsets, centers);
        for (const [at, label] of data.entries()) {
          const { x, y } = place(at, width);
          const distances = centers.map(
            (c) => (c.x - x - offsets.data[data.length + at]!) ** 2 + (c.y - y - offsets.data[at]!) ** 2,
          );
          expect(grouped.data[at]).toBe(label === 0 ? 0 : 1 + distances.indexOf(Math.min(...distances)));
        }
      }),
    );
  });

  test("true offsets and true centers give the objects back", () => {
    fc.assert(
      fc.property(map, (instances) => {
        const { offsets } = centerTargets(instances);
        const { width, data } = instances;
        const ids = [...new Set(data)].filter((id) => id !== 0);
        const centers = ids.map((id) => {
          const at = data.indexOf(id);
          const { x, y } = place(at, width);
          return { x: x + offsets.data[data.length + at]!, y: y + offsets.data[at]!, score: 1 };
        });
        // Objects with one and the same center cannot be told apart.
        const apart = centers.every((a, i) =>
          centers.every((b, j) => i === j || Math.hypot(a.x - b.x, a.y - b.y) > 1e-3),
        );
        fc.pre(apart);
        const grouped = groupByCenter(instances, offsets, centers);
        expect([...grouped.data]).toEqual([...data].map((id) => 1 + ids.indexOf(id)));
      }),
    );
  });

  test("a whole picture, from targets and back", () => {
    const instances = drawn("11.......", "11....22.", "......22.", "......22.");
    const { heatmap, offsets } = centerTargets(instances, { sigma: 1 });
    const centers = findCenters(heatmap, { threshold: 0.5, radius: 2 });
    expect(centers).toHaveLength(2);
    const grouped = groupByCenter(instances, offsets, centers);
    const numbers = [0, 6 + 9].map((at) => grouped.data[at]);
    expect(new Set(numbers)).toEqual(new Set([1, 2]));
    for (const at of instances.data.keys()) expect(grouped.data[at]).toBe([0, ...numbers][instances.data[at]!]);
  });

  test("refuses offsets of another picture", () => {
    expectError(
      () => groupByCenter(drawn("11", "11", "11"), zeros([2, 2, 3]), []),
      ShapeError,
      "groupByCenter expects offsets [2, 3, 2] for a foreground of 2×3, but got [2, 2, 3]. Usual cause: a batch, or maps of another size than the network's.",
    );
  });
});
