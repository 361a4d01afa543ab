import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { Dataset, type Targets } from "../../src/data.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

/** N samples [2, 3], sample i filled with i, target i. */
function inputs(length: number): Tensor {
  return new Tensor(
    Float32Array.from({ length: 6 * length }, (_, i) => Math.floor(i / 6)),
    [length, 2, 3],
  );
}
const labels = (length: number) => Int32Array.from({ length }, (_, i) => i);
const digits = (length: number) => new Dataset(inputs(length), labels(length));

/** The sample numbers that a part holds, from its inputs, checked against its targets. */
function rows({ inputs, targets }: { inputs: Tensor; targets: Targets }): number[] {
  const values = [...(targets instanceof Tensor ? targets.data : targets)];
  expect(inputs.shape).toEqual([values.length, 2, 3]);
  expect([...inputs.data]).toEqual(values.flatMap((value) => new Array(6).fill(value)));
  return values;
}

describe("Dataset", () => {
  test("get gives one sample in memory of its own", () => {
    const data = digits(4);
    const { input, target } = data.get(2);
    expect(input.shape).toEqual([2, 3]);
    expect([...input.data]).toEqual([2, 2, 2, 2, 2, 2]);
    expect(target).toBe(2);
    input.data.fill(9);
    expect(rows(data)).toEqual([0, 1, 2, 3]);
  });

  test("batch gathers any rows in any order, in memory of their own", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 })), (wanted) => {
        const data = digits(7);
        const batch = data.batch(Uint32Array.from(wanted));
        expect(rows(batch)).toEqual(wanted);
        batch.inputs.data.fill(9);
        batch.targets.fill(9);
        expect(rows(data)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      }),
    );
  });

  test("slice counts as Array.slice does and shares memory", () => {
    fc.assert(
      fc.property(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), (start, end) => {
        const want = [0, 1, 2, 3, 4].slice(start, end);
        expect(rows(digits(5).slice(start, end))).toEqual(want);
        expect(rows(new Dataset(inputs(5), [0, 1, 2, 3, 4]).slice(start, end))).toEqual(want);
      }),
    );
    const data = digits(3);
    data.slice(1).inputs.data.fill(7);
    expect([...data.inputs.data.subarray(5)]).toEqual([0, ...new Array(12).fill(7)]);
    expect(rows(digits(3).slice(Number.NaN, 1.9))).toEqual([0]);
    expect(rows(digits(3).slice(-1.9))).toEqual([2]);
  });

  test("take gives the first samples, or all", () => {
    expect(rows(digits(3).take(2))).toEqual([0, 1]);
    expect(rows(digits(3).take(9))).toEqual([0, 1, 2]);
    expect(rows(digits(3).take(0))).toEqual([]);
  });

  test("split gives every sample to one side, the same for the same seed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (n, fraction, seed) => {
          const [a, b] = digits(n).split(fraction, new Random(seed));
          expect(a.length).toBe(Math.round(fraction * n));
          const all = [...rows(a), ...rows(b)];
          expect([...all].sort((x, y) => x - y)).toEqual([...labels(n)]);
          const [again] = digits(n).split(fraction, new Random(seed));
          expect(rows(again)).toEqual(rows(a));
        },
      ),
    );
    const [first] = digits(50).split(0.5, new Random(1));
    expect(rows(first)).not.toEqual([...labels(25)]);
  });

  test("targets keep their kind: Int32Array, Uint8Array, number[], Tensor", () => {
    const pick = Uint32Array.of(2, 0);
    expect(new Dataset(inputs(3), Int32Array.of(-5, 0, 70000)).batch(pick).targets).toEqual(Int32Array.of(70000, -5));
    expect(new Dataset(inputs(3), Uint8Array.of(1, 2, 255)).batch(pick).targets).toEqual(Uint8Array.of(255, 1));
    expect(new Dataset(inputs(3), [4, 5, 6]).batch(pick).targets).toEqual([6, 4]);
    const regression = new Dataset(inputs(3), new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]));
    const batch = regression.batch(pick);
    expect(batch.targets.shape).toEqual([2, 2]);
    expect([...batch.targets.data]).toEqual([5, 6, 1, 2]);
    expect(regression.get(1).target.toArray()).toEqual([3, 4]);
    expect(regression.slice(1, 2).targets.toArray()).toEqual([[3, 4]]);
    expectTypeOf(batch.targets).toEqualTypeOf<Tensor>();
    expectTypeOf(new Dataset(inputs(2), zeros([2, 3])).take(1).targets.shape).toEqualTypeOf<readonly number[]>();
    expectTypeOf(digits(1).get(0).target).toEqualTypeOf<number>();
    expectTypeOf(digits(1).take(1).targets).toEqualTypeOf<Int32Array<ArrayBuffer>>();
  });

  test("double precision stays", () => {
    const data = new Dataset(new Tensor(Float64Array.of(0.1, 0.2), [2, 1]), [0, 1]);
    expect(data.batch(Uint32Array.of(1)).inputs.data).toEqual(Float64Array.of(0.2));
    expect(data.slice(1).inputs.data).toEqual(Float64Array.of(0.2));
  });

  const cause = "Usual cause: images of one file with labels of another, or an input without batch dimension.";
  const range = "Usual cause: a division without Math.floor, or an undefined variable.";
  test.each([
    [
      () => new Dataset({ shape: [1], data: Uint8Array.of(1) } as never, [1]),
      ArgumentError,
      "Dataset expects inputs to be a Tensor whose first dimension counts samples, but got an object. Usual cause: images as readIdx returns them: convert them with imagesToTensor.",
    ],
    [
      () => new Dataset(inputs(3), Int32Array.of(1, 2)),
      ShapeError,
      `Dataset expects as many targets as inputs, but got inputs [3, 2, 3] and 2 targets. ${cause}`,
    ],
    [
      () => new Dataset(inputs(3), inputs(2)),
      ShapeError,
      `Dataset expects as many targets as inputs, but got inputs [3, 2, 3] and targets [2, 2, 3]. ${cause}`,
    ],
    [
      () => new Dataset(new Tensor(new Float32Array(1), []), [1]),
      ShapeError,
      `Dataset expects as many targets as inputs, but got inputs [] and 1 targets. ${cause}`,
    ],
    [() => digits(3).get(3), ArgumentError, "Dataset.get expects an index from 0 to 2, but got 3."],
    [() => digits(3).get(-1), ArgumentError, "Dataset.get expects an index from 0 to 2, but got -1."],
    [() => digits(3).get(0.5), ArgumentError, "Dataset.get expects an index from 0 to 2, but got 0.5."],
    [() => digits(3).take(-1), ArgumentError, `Dataset.take expects count to be an integer ≥ 0, but got -1. ${range}`],
    [
      () => digits(3).split(1.5),
      ArgumentError,
      "Dataset.split expects fraction to be a number from 0 to 1, but got 1.5.",
    ],
  ])("%s is refused", (call, error, message) => {
    expect(call).toThrow(new error(message));
  });
});
