import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { classMaps, connectedComponents, type LabelMap } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { integers } from "../support/layers.js";
import { drawn, mapOf, size } from "../support/maps.js";

describe("classMaps", () => {
  test("gives each pixel the first class with its highest score", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 5 }),
        size,
        fc.integer(),
        (n, c, s, seed) => {
          const scores = integers([n, c, s.height, s.width], seed);
          const maps = classMaps(scores);
          expect(maps).toHaveLength(n);
          maps.forEach((map, i) => {
            expect({ width: map.width, height: map.height, length: map.data.length }).toEqual({
              ...s,
              length: s.width * s.height,
            });
            map.data.forEach((label, at) => {
              const [y, x] = [Math.floor(at / s.width), at % s.width];
              const row = Array.from({ length: c }, (_, k) => scores.at(i, k, y, x));
              expect(label).toBe(row.indexOf(Math.max(...row)));
            });
          });
        },
      ),
    );
  });

  test("refuses scores without a batch dimension", () => {
    expectError(
      () => classMaps(zeros([3, 4, 5])),
      ShapeError,
      "classMaps expects an input [N, C, H, W], but got [3, 4, 5]. Usual cause: scores of one picture: add its batch dimension with unsqueeze(0).",
    );
    expect(classMaps(tensor([[[[1, 0]], [[0, 1]]]]))).toEqual([{ width: 2, height: 1, data: Int32Array.of(0, 1) }]);
  });
});

/** By repeated minima: every pixel takes the smallest place among its own and its neighbors' until nothing changes. */
function naiveComponents({ width, height, data }: LabelMap, connectivity: 4 | 8): number[] {
  const place = [...data.keys()];
  const neighbors = (at: number) =>
    [...place.keys()].filter((other) => {
      const dy = Math.abs(Math.floor(at / width) - Math.floor(other / width));
      const dx = Math.abs((at % width) - (other % width));
      return (connectivity === 8 ? Math.max(dx, dy) : dx + dy) === 1 && data[at] === data[other];
    });
  for (let round = 0; round < width * height; round++) {
    for (const at of data.keys()) for (const other of neighbors(at)) place[at] = Math.min(place[at]!, place[other]!);
  }
  const firsts = [...new Set(place.filter((_, at) => data[at] !== 0))].sort((a, b) => a - b);
  return place.map((first, at) => (data[at] === 0 ? 0 : 1 + firsts.indexOf(first)));
}

describe("connectedComponents", () => {
  test("numbers what a flood of minima finds, in the order of first pixels", () => {
    const map = size.chain((s) => mapOf(s, 2));
    fc.assert(
      fc.property(map, fc.constantFrom(4 as const, 8 as const), (map, connectivity) => {
        const { width, height, data, count } = connectedComponents(map, { connectivity });
        expect({ width, height }).toEqual({ width: map.width, height: map.height });
        expect([...data]).toEqual(naiveComponents(map, connectivity));
        expect(count).toBe(Math.max(0, ...data));
      }),
    );
  });

  test("neighbors at a corner are one region by default, and labels side by side are two", () => {
    const map = drawn("1..", ".12", "..2");
    expect(connectedComponents(map)).toEqual({ ...drawn("1..", ".12", "..2"), count: 2 });
    expect(connectedComponents(map, { connectivity: 4 })).toEqual({ ...drawn("1..", ".23", "..3"), count: 3 });
    expect(connectedComponents(drawn("..", "..")).count).toBe(0);
  });

  test("one region as large as a photograph overflows no stack", () => {
    const [width, height] = [2000, 1000];
    const { count, data } = connectedComponents({ width, height, data: new Uint8Array(width * height).fill(7) });
    expect(count).toBe(1);
    expect(data.every((region) => region === 1)).toBe(true);
  });

  test("refuses sizes that do not fit the data, and another connectivity", () => {
    expectError(
      () => connectedComponents({ width: 2, height: 3, data: new Uint8Array(5) }),
      ArgumentError,
      "connectedComponents expects a map of at least 1×1 pixels with one value each, but got 2×3 with 5 values. Usual cause: width and height taken from another picture, or a picture with several channels.",
    );
    expectError(
      () => connectedComponents({ width: 0, height: 0, data: new Uint8Array() }),
      ArgumentError,
      "connectedComponents expects a map of at least 1×1 pixels with one value each, but got 0×0 with 0 values. Usual cause: width and height taken from another picture, or a picture with several channels.",
    );
    expectError(
      () => connectedComponents(drawn("1"), { connectivity: 6 as 8 }),
      ArgumentError,
      "connectedComponents expects connectivity to be 4 or 8, but got 6.",
    );
  });
});
