import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Dropout, Dropout2d, type DropoutOptions } from "../../src/layers/dropout.js";
import { Sequential } from "../../src/layers/sequential.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { defaultRandom, manualSeed, Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const dropoutCase = fc.record({
  p: fc.double({ min: 0, max: 1, noNaN: true }),
  shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 4 }),
  seed: fc.integer(),
});

const dropout2dCase = fc.record({
  p: fc.double({ min: 0, max: 1, noNaN: true }),
  shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 4 }),
  seed: fc.integer(),
});

const ones = (...shape: number[]) => new Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

/** Both layers on inputs that fit them. */
const layers = [
  { Class: Dropout, arbitrary: dropoutCase },
  { Class: Dropout2d, arbitrary: dropout2dCase },
];

describe.each(layers)("$Class.name, for any shape and p", ({ Class, arbitrary }) => {
  const make = ({ p, seed }: { p: number; seed: number }) => new Class(p, { random: new Random(seed) });

  test("gives each element 0 or x / (1 − p) in train mode", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const x = normal(c.shape, c.seed);
        const y = make(c).forward(x);
        expect(y.shape).toEqual(c.shape);
        const scale = c.p === 1 ? 0 : Math.fround(1 / (1 - c.p));
        y.data.forEach((value, i) => {
          if (value !== 0) expect(value).toBe(Math.fround(x.data[i]! * scale));
        });
      }),
    );
  });

  test("backward uses its forward's mask", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const layer = make(c);
        // The layer scales ones to the mask, and its backward of ones must be that mask again.
        const mask = layer.forward(ones(...c.shape));
        expect(layer.backward(ones(...c.shape)).data).toEqual(mask.data);
      }),
    );
  });

  test("gradients agree with differences within 1e-6, in train and in eval mode", () => {
    // Near p = 1 what is kept is scaled up without bound, and so is the differences' rounding.
    fc.assert(
      fc.property(
        arbitrary.filter(({ p }) => p < 0.99),
        (c) => {
          expectGradients(make(c), c.shape, { seed: c.seed });
          expectGradients(make(c).eval(), c.shape, { seed: c.seed });
        },
      ),
      { numRuns: 50 },
    );
  });

  test("drops the same for the same seed, and something else the next time", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const x = normal(c.shape, c.seed);
        expect(make(c).forward(x).data).toEqual(make(c).forward(x).data);
      }),
    );
    const layer = new Class(0.5, { random: new Random(1) });
    expect(layer.forward(ones(8, 8, 1)).data).not.toEqual(layer.forward(ones(8, 8, 1)).data);
  });

  test("passes its input through in eval mode and with p = 0, and draws nothing then", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const random = new Random(c.seed);
        const before = random.state;
        const x = normal(c.shape, c.seed);
        for (const layer of [new Class(c.p, { random }).eval(), new Class(0, { random })]) {
          const y = layer.forward(x);
          expect(y.data).toEqual(x.data);
          expect(y.data).not.toBe(x.data);
          expect(layer.backward(x).data).toEqual(x.data);
        }
        expect(random.state).toEqual(before);
      }),
    );
  });

  test("with p = 1 gives zeros, forward and backward", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const layer = new Class(1);
        const x = normal(c.shape, c.seed);
        expect(layer.forward(x).data.every((value) => value === 0)).toBe(true);
        expect(layer.backward(x).data.every((value) => value === 0)).toBe(true);
      }),
    );
  });

  test("outputShape is the shape of the output", () => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        expect(make(c).outputShape(c.shape)).toEqual(c.shape);
      }),
    );
  });

  test("p is ½ unless it is given", () => {
    const y = new Class().forward(ones(100, 100, 1));
    expect(new Set(y.data)).toEqual(new Set([0, 2]));
  });

  test("draws from a generator of its own, which manualSeed decides when the layer is made", () => {
    const run = (layer: Dropout | Dropout2d) => layer.forward(ones(8, 8, 1)).data;
    manualSeed(7);
    const [first, second] = [new Class(), new Class()];
    const drawn = [run(first), run(second), run(first)];
    expect(drawn[0]).not.toEqual(drawn[1]);
    manualSeed(7);
    const [third, fourth] = [new Class(), new Class()];
    const before = defaultRandom().state;
    // In another order, and with others drawing in between.
    const again = run(fourth);
    defaultRandom().bits();
    manualSeed(1);
    expect([run(third), again, run(third)]).toEqual(drawn);
    manualSeed(7);
    for (const layer of [new Class(), new Class()]) run(layer);
    expect(defaultRandom().state).toEqual(before);
  });

  test("that samples in train mode inside a model in eval mode keeps its mask for backward", () => {
    const layer = new Class(0.5, { random: new Random(3) });
    const model = new Sequential(layer).eval();
    layer.train();
    const mask = model.forward(ones(8, 8, 1));
    expect(model.backward(ones(8, 8, 1)).data).toEqual(mask.data);
  });

  test("refuses a p outside 0 to 1, and options that are no object", () => {
    for (const p of [-0.1, 1.1, NaN]) {
      expectError(
        () => new Class(p),
        ArgumentError,
        `${Class.name} expects p to be a number from 0 to 1, but got ${p}.`,
      );
    }
    expectError(
      () => new Class(0.5, true as unknown as DropoutOptions),
      ArgumentError,
      `${Class.name} expects its options to be an object of random, but got true. Usual cause: torch's positional arguments are named here.`,
    );
  });
});

describe("Dropout's rate", () => {
  test.each([0.1, 0.25, 0.5, 0.9])("of dropped elements is p = %f within 5 standard deviations", (p) => {
    const count = 40_000;
    const { data } = new Dropout(p, { random: new Random(1) }).forward(ones(count));
    const dropped = data.filter((value) => value === 0).length;
    expect(Math.abs(dropped - p * count)).toBeLessThan(5 * Math.sqrt(count * p * (1 - p)));
  });

  test("of dropped channels is p within 5 standard deviations", () => {
    const { data } = new Dropout2d(0.3, { random: new Random(1) }).forward(ones(100, 100, 1, 1));
    const dropped = data.filter((value) => value === 0).length;
    expect(Math.abs(dropped - 3000)).toBeLessThan(5 * Math.sqrt(10_000 * 0.3 * 0.7));
  });
});

describe("Dropout2d", () => {
  test("drops channels whole, each sample's own", () => {
    fc.assert(
      fc.property(dropout2dCase, ({ p, shape, seed }) => {
        const y = new Dropout2d(p, { random: new Random(seed) }).forward(ones(...shape));
        const map = shape.slice(2).reduce((a, b) => a * b, 1);
        for (let at = 0; at < y.size; at += map) expect(new Set(y.data.slice(at, at + map)).size).toBe(1);
      }),
    );
    const y = new Dropout2d(0.5, { random: new Random(1) }).forward(ones(4, 16, 1, 1));
    expect(y.data.slice(0, 16)).not.toEqual(y.data.slice(16, 32));
  });

  test("reads three dimensions as [N, C, L], as torch does", () => {
    const y = new Dropout2d(0.5, { random: new Random(1) }).forward(ones(2, 32, 5));
    const kept = Array.from({ length: 64 }, (_, row) => y.data[row * 5]);
    expect(new Set(kept)).toEqual(new Set([0, 2]));
    expect(new Set(kept.slice(0, 32))).toEqual(new Set([0, 2]));
  });

  test("refuses another rank, in eval mode too", () => {
    for (const layer of [new Dropout2d(), new Dropout2d().eval(), new Dropout2d(0)]) {
      expectError(
        () => layer.forward(ones(4, 5)),
        ShapeError,
        "Dropout2d expects an input [N, C, H, W] or [N, C, L], but got [4, 5]. Usual cause: images flattened too early.",
      );
    }
  });
});

describe("Dropout on NaN and infinities", () => {
  test("leaves them NaN where they are dropped (0 · ∞), as torch does, and scales them where they are kept", () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => [NaN, Infinity, -Infinity, 1][i % 4]!);
    const mask = new Dropout(0.5, { random: new Random(1) }).forward(ones(64)).data;
    const y = new Dropout(0.5, { random: new Random(1) }).forward(new Tensor(values, [64])).data;
    expect(y).toEqual(values.map((value, i) => value * mask[i]!));
    expect(y.some((value) => value === Infinity)).toBe(true);
  });
});
