import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { maskIou, maskOf, type PanopticMap, PanopticQuality } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { drawn, mapOf, size } from "../support/maps.js";

const CLASSES = 3;

/** A map with the segments that it shows, of random classes. */
const panoptic = (s: { width: number; height: number }): fc.Arbitrary<PanopticMap> =>
  fc.tuple(mapOf(s, 4), fc.array(fc.nat(CLASSES - 1), { minLength: 5, maxLength: 5 })).map(([map, labels]) => {
    const ids = [...new Set(map.data)].filter((id) => id !== 0);
    return { ...map, segments: ids.map((id) => ({ id, label: labels[id]! })) };
  });
const pictures = fc.array(
  size.chain((s) => fc.record({ prediction: panoptic(s), truth: panoptic(s) })),
  { minLength: 1, maxLength: 4 },
);

/** The definition in the paper's words, over masks. */
function naiveQuality(pairs: readonly { prediction: PanopticMap; truth: PanopticMap }[], c: number) {
  let [iou, tp, fp, fn] = [0, 0, 0, 0];
  for (const { prediction, truth } of pairs) {
    const free = maskOf({ ...truth, data: truth.data.map((id) => Number(id !== 0)) }, 1);
    const ofClass = (map: PanopticMap) =>
      map.segments.filter(({ label }) => label === c).map(({ id }) => maskOf(map, id));
    const truths = ofClass(truth);
    const matched = new Set<number>();
    for (const mask of ofClass(prediction)) {
      const clear = { ...mask, data: mask.data.map((value, at) => value & free.data[at]!) };
      const match = truths.findIndex((other) => maskIou(clear, other) > 0.5);
      const pixels = mask.data.reduce((sum, value) => sum + value, 0);
      const clearPixels = clear.data.reduce((sum, value) => sum + value, 0);
      if (match >= 0) {
        matched.add(match);
        tp++;
        iou += maskIou(clear, truths[match]!);
      } else if (!((pixels - clearPixels) / pixels > 0.5)) fp++;
    }
    fn += truths.length - matched.size;
  }
  return { iou, tp, fp, fn };
}

const update = (quality: PanopticQuality, pairs: readonly { prediction: PanopticMap; truth: PanopticMap }[]) =>
  pairs.reduce((sum, { prediction, truth }) => sum.update(prediction, truth), quality);

describe("PanopticQuality", () => {
  test("is the paper's sum over matched masks, for every class", () => {
    fc.assert(
      fc.property(pictures, (pairs) => {
        const quality = update(new PanopticQuality(CLASSES), pairs);
        for (let c = 0; c < CLASSES; c++) {
          const { iou, tp, fp, fn } = naiveQuality(pairs, c);
          const { pq, sq, rq } = quality.of(c);
          if (tp + fp + fn === 0) {
            expect([pq, sq, rq]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
            continue;
          }
          expect(rq).toBe(tp / (tp + fp / 2 + fn / 2));
          expect(sq).toBe(tp === 0 ? 0 : iou / tp);
          expect(Math.abs(pq - sq * rq)).toBeLessThan(1e-15); // three roundings of values ≤ 1
        }
      }),
    );
  });

  test("is 1 of the truth itself, whatever the ids and the order of the segments", () => {
    fc.assert(
      fc.property(size.chain(panoptic), (truth) => {
        const prediction = {
          ...truth,
          data: truth.data.map((id) => (id === 0 ? 0 : 100 - id)),
          segments: truth.segments.map(({ id, label }) => ({ id: 100 - id, label })).reverse(),
        };
        const { pq, sq, rq } = new PanopticQuality(CLASSES).update(prediction, truth).mean();
        const want = truth.segments.length === 0 ? Number.NaN : 1;
        expect([pq, sq, rq]).toEqual([want, want, want]);
      }),
    );
  });

  test("never matches a true segment twice: it finds no more than there are", () => {
    fc.assert(
      fc.property(pictures, (pairs) => {
        const quality = update(new PanopticQuality(CLASSES), pairs);
        for (let c = 0; c < CLASSES; c++) {
          const { pq, sq, rq } = quality.of(c);
          if (!Number.isNaN(pq)) for (const value of [pq, sq, rq]) expect(value >= 0 && value <= 1).toBe(true);
        }
      }),
    );
  });

  test("an example by hand", () => {
    // Class 0 is stuff; class 1 has two objects, of which one is found with IoU 3/4, one not, and one is invented.
    const truth = {
      ...drawn("1122", "1122", "3311"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 1 },
        { id: 3, label: 1 },
      ],
    };
    const prediction = {
      ...drawn("1122", "1442", "1111"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 1 },
        { id: 4, label: 1 },
      ],
    };
    const quality = new PanopticQuality(2).update(prediction, truth);
    expect(quality.of(0)).toEqual({ pq: 5 / 8, sq: 5 / 8, rq: 1 });
    expect(quality.of(1)).toEqual({ pq: 0.375, sq: 0.75, rq: 0.5 });
    expect(quality.mean()).toEqual({ pq: 0.5, sq: 0.6875, rq: 0.75 });
    expect(quality.mean([1]).pq).toBe(0.375);
    // A second picture where all is right: tallies are of both.
    quality.update(truth, truth);
    expect(quality.of(1)).toEqual({ pq: 2.75 / 4, sq: 2.75 / 3, rq: 3 / 4 });
  });

  test("half is not enough for a match", () => {
    const truth = { ...drawn("11.."), segments: [{ id: 1, label: 0 }] };
    const prediction = { ...drawn("1..."), segments: [{ id: 1, label: 0 }] };
    expect(new PanopticQuality(1).update(prediction, truth).of(0)).toEqual({ pq: 0, sq: 0, rq: 0 });
  });

  test("void takes its pixels out of a match, and forgives a segment that is void by more than half", () => {
    const truth = {
      ...drawn("11....22"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 0 },
      ],
    };
    const wide = {
      ...drawn("11111.22"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 0 },
      ],
    };
    expect(new PanopticQuality(1).update(wide, truth).of(0).pq).toBe(1);
    const other = {
      ...drawn("11.33322"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 0 },
        { id: 3, label: 0 },
      ],
    };
    expect(new PanopticQuality(1).update(other, truth).of(0).pq).toBe(1);
    const half = {
      ...drawn("11..3322"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 0 },
        { id: 3, label: 1 },
      ],
    };
    const counted = new PanopticQuality(2).update(half, { ...drawn("11..1.22"), segments: truth.segments });
    expect(counted.of(1)).toEqual({ pq: 0, sq: 0, rq: 0 });
  });

  test("classes that nobody saw are NaN and no part of the mean", () => {
    const quality = new PanopticQuality(3);
    expect(quality.mean()).toEqual({ pq: Number.NaN, sq: Number.NaN, rq: Number.NaN });
    const truth = { ...drawn("11"), segments: [{ id: 1, label: 2 }] };
    quality.update(truth, truth);
    expect(quality.of(0).pq).toBeNaN();
    expect(quality.mean().pq).toBe(1);
    // A prediction without any segment misses all.
    expect(quality.update({ ...drawn(".."), segments: [] }, truth).of(2)).toEqual({ pq: 2 / 3, sq: 1, rq: 2 / 3 });
  });

  test("refuses maps that do not show what they list, and counts nothing of them", () => {
    const truth = {
      ...drawn("12"),
      segments: [
        { id: 1, label: 0 },
        { id: 2, label: 1 },
      ],
    };
    const quality = new PanopticQuality(2);
    const refused = (prediction: PanopticMap, listed: string, shown: string) =>
      expectError(
        () => quality.update(prediction, truth),
        ArgumentError,
        `PanopticQuality expects a prediction that shows each segment it lists, and no other, but it lists ${listed} and shows ${shown}. Usual cause: a segment that others cover entirely, or 0, which is void, as an id.`,
      );
    refused({ ...drawn("1."), segments: truth.segments }, "1, 2", "1");
    refused({ ...drawn("12"), segments: [{ id: 1, label: 0 }] }, "1", "1, 2");
    refused(
      {
        ...drawn("12"),
        segments: [
          { id: 1, label: 0 },
          { id: 3, label: 0 },
        ],
      },
      "1, 3",
      "1, 2",
    );
    refused(
      {
        ...drawn("1."),
        segments: [
          { id: 1, label: 0 },
          { id: 1, label: 0 },
        ],
      },
      "1, 1",
      "1",
    );
    refused(
      {
        ...drawn("1."),
        segments: [
          { id: 1, label: 0 },
          { id: 0, label: 0 },
        ],
      },
      "0, 1",
      "1",
    );
    refused({ ...drawn("1."), segments: [] }, "none", "1");
    expectError(
      () => quality.update(truth, { ...drawn("1."), segments: [] }),
      ArgumentError,
      "PanopticQuality expects a truth that shows each segment it lists, and no other, but it lists none and shows 1. Usual cause: a segment that others cover entirely, or 0, which is void, as an id.",
    );
    expectError(
      () => quality.update(truth, { ...drawn("1.", ".."), segments: [{ id: 1, label: 0 }] }),
      ShapeError,
      "PanopticQuality expects two maps of one size, but got 2×1 and 2×2. Usual cause: a prediction at the network's size beside a truth at the picture's.",
    );
    for (const run of [
      () => quality.update(truth, { ...drawn(".1"), segments: [{ id: 1, label: 2 }] }),
      () => quality.of(2),
      () => quality.mean([2]),
    ]) {
      expectError(
        run,
        ArgumentError,
        "PanopticQuality expects a class from 0 to 1, but got 2. Usual cause: classes counted from 1.",
      );
    }
    expectError(
      () => new PanopticQuality(0),
      ArgumentError,
      "PanopticQuality expects classes to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expect(quality.mean().pq).toBeNaN();
  });
});
