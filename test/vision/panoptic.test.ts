import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { zeros } from "../../src/tensor/create.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { type LabelMap, mergePanoptic } from "../../src/vision.js";
import { expectError } from "../support/errors.js";
import { drawn, mapOf, size } from "../support/maps.js";

const CLASSES = 4;

/** Probabilities [C, H, W] in eighths, so that sums of them are exact in any order. */
const eighths = ({ width, height }: { width: number; height: number }) =>
  fc.array(fc.nat(8), { minLength: CLASSES * width * height, maxLength: CLASSES * width * height }).map(
    (values) =>
      new Tensor(
        Float32Array.from(values, (value) => value / 8),
        [CLASSES, height, width],
      ),
  );

const drawnCase = size.chain((s) =>
  fc.record({
    instances: mapOf(s, 3),
    probabilities: eighths(s),
    things: fc.uniqueArray(fc.nat(CLASSES - 1), { minLength: 1 }),
  }),
);

/** One-hot probabilities of these classes. */
function sure({ width, height, data }: LabelMap): Tensor {
  const probabilities = zeros([CLASSES, height, width]);
  data.forEach((label, at) => {
    probabilities.data[label * width * height + at] = 1;
  });
  return probabilities;
}

describe("mergePanoptic", () => {
  test("keeps the instances' pixels, gives stuff one segment a class, and scores by mean probability", () => {
    fc.assert(
      fc.property(drawnCase, ({ instances, probabilities, things }) => {
        const merged = mergePanoptic(probabilities, instances, things);
        const pixels = [...instances.data.keys()];
        const p = (c: number, at: number) => probabilities.data[c * pixels.length + at]!;
        const best = (classes: readonly number[], value: (c: number) => number) =>
          classes.find((c) => value(c) === Math.max(...classes.map(value)))!;
        const of = new Map(merged.segments.map((segment) => [segment.id, segment]));
        expect(of.size).toBe(merged.segments.length);
        for (const at of pixels) {
          const [object, id] = [instances.data[at]!, merged.data[at]!];
          const label = best([...Array(CLASSES).keys()], (c) => p(c, at));
          if (object !== 0) expect(id).toBe(object);
          else if (things.includes(label)) expect(id).toBe(0);
          else expect(of.get(id)).toMatchObject({ label });
        }
        for (const { id, label, score } of merged.segments) {
          const own = pixels.filter((at) => merged.data[at] === id);
          const sum = (c: number) => own.reduce((total, at) => total + p(c, at), 0);
          expect(score).toBe(sum(label) / own.length);
          if (instances.data.includes(id)) expect(label).toBe(best(things, sum));
          else
            expect(
              merged.segments.filter((other) => other.label === label && !instances.data.includes(other.id)),
            ).toHaveLength(1);
        }
        expect(merged.segments.map(({ id }) => id)).toEqual([...of.keys()].sort((a, b) => a - b));
      }),
    );
  });

  test("an example: a split vote, stuff around it, and a thing that no instance claims", () => {
    const classes = drawn("0022", "0023", "1130");
    const instances = drawn("..11", "..11", "....");
    const merged = mergePanoptic(sure(classes), instances, [2, 3]);
    expect(merged).toEqual({
      ...drawn("2211", "2211", "33.2"),
      segments: [
        { id: 1, label: 2, score: 3 / 4 },
        { id: 2, label: 0, score: 1 },
        { id: 3, label: 1, score: 1 },
      ],
    });
  });

  test("without instances there is stuff alone", () => {
    expect(mergePanoptic(sure(drawn("01")), drawn(".."), [1])).toEqual({
      ...drawn("1."),
      segments: [{ id: 1, label: 0, score: 1 }],
    });
  });

  test("refuses what does not fit", () => {
    const instances = drawn("..", "..", "..");
    expectError(
      () => mergePanoptic(zeros([1, CLASSES, 3, 2]), instances, [1]),
      ShapeError,
      "mergePanoptic expects an input [C, H, W], but got [1, 4, 3, 2]. Usual cause: a batch: give one picture of it, slice(n).squeeze(0).",
    );
    expectError(
      () => mergePanoptic(zeros([CLASSES, 2, 3]), instances, [1]),
      ShapeError,
      "mergePanoptic expects probabilities and instances of one picture, but got [4, 2, 3] and a map of 2×3. Usual cause: one of them still at the network's size.",
    );
    expectError(
      () => mergePanoptic(zeros([CLASSES, 3, 2]), instances, [4]),
      ArgumentError,
      "mergePanoptic expects things to be classes from 0 to 3, one at least, but got [4]. Usual cause: classes counted without the background.",
    );
    expectError(
      () => mergePanoptic(zeros([CLASSES, 3, 2]), instances, []),
      ArgumentError,
      "mergePanoptic expects things to be classes from 0 to 3, one at least, but got []. Usual cause: classes counted without the background.",
    );
    expectError(
      () => mergePanoptic(zeros([CLASSES, 1, 1]), { width: 1, height: 1, data: Int32Array.of(-1) }, [1]),
      ArgumentError,
      "mergePanoptic expects instances to be numbered from 1, but got a negative number. Usual cause: −1 for the background, which is 0 here.",
    );
  });
});
