import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sinCos } from "../../src/data/rotation.js";
import { compose, normalize, randomNoise, randomRotate, randomShift } from "../../src/data.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { normal } from "../support/layers.js";

const anyBatch = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 2 }),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 6 }),
  ),
  seed: fc.integer(),
});

/** A generator that gives these numbers for `integer` or `uniform`, in turn. */
function scripted(...values: number[]): Random {
  const random = new Random(0);
  const next = () => values.shift() ?? expect.fail("more draws than expected");
  random.integer = next;
  random.uniform = next;
  return random;
}

describe("randomShift", () => {
  test("every image is moved by whole pixels within the bound, all channels alike, and filled", () => {
    fc.assert(
      fc.property(anyBatch, fc.integer({ min: 0, max: 8 }), ({ shape, seed }, max) => {
        const [n, c, h, w] = shape;
        const inputs = normal(shape, seed);
        const y = randomShift(max, { fill: 9 })({ inputs, targets: [] }, new Random(seed)).inputs;
        const twin = new Random(seed);
        for (let image = 0; image < n; image++) {
          const down = twin.integer(2 * max + 1) - max;
          const right = twin.integer(2 * max + 1) - max;
          for (let plane = image * c; plane < (image + 1) * c; plane++)
            for (let i = 0; i < h; i++)
              for (let j = 0; j < w; j++) {
                const [si, sj] = [i - down, j - right];
                const inside = si >= 0 && si < h && sj >= 0 && sj < w;
                const want = inside ? inputs.data[(plane * h + si) * w + sj] : 9;
                expect(y.data[(plane * h + i) * w + j]).toBe(want);
              }
        }
      }),
    );
  });
  test("reaches both ends of its range, and nothing beyond", () => {
    const inputs = new Tensor(new Float32Array(7 * 7), [1, 1, 7, 7]);
    inputs.data[3 * 7 + 3] = 1;
    const random = new Random(1);
    const seen = new Set<number>();
    for (let i = 0; i < 400; i++) seen.add(randomShift(1)({ inputs, targets: [] }, random).inputs.data.indexOf(1));
    expect([...seen].sort((a, b) => a - b)).toEqual([16, 17, 18, 23, 24, 25, 30, 31, 32]);
  });
});

describe("randomRotate", () => {
  const rotate = (inputs: Tensor, degrees: number, fill = 0) =>
    randomRotate(180, { fill })({ inputs, targets: [] }, scripted(degrees)).inputs;

  test("by 0 degrees nothing changes", () => {
    fc.assert(
      fc.property(anyBatch, ({ shape, seed }) => {
        const inputs = normal([1, ...shape.slice(1)], seed);
        expect(rotate(inputs, 0).data).toEqual(inputs.data);
      }),
    );
  });
  test("by 90 degrees a square is turned counter-clockwise, as torch.rot90 and torchvision do", () => {
    const x = new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3]);
    const want = [3, 6, 9, 2, 5, 8, 1, 4, 7];
    [...rotate(x, 90).data].forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 5);
    });
    [...rotate(x, 180).data].forEach((value, i) => {
      expect(value).toBeCloseTo(9 - i, 5);
    });
  });
  test("interpolates bilinearly and fills with zero outside", () => {
    // A 45 degree turn of a 2×2 image: every pixel looks up a point √½ from the center, on a dimension.
    const x = new Tensor(Float32Array.of(1, 2, 4, 8), [1, 1, 2, 2]);
    const reach = Math.SQRT1_2;
    // Seen from the center, (0, 0) looks at (0, −reach): between columns, (0.5 − reach) below row 0, so partly outside.
    const inside = 1 - (reach - 0.5);
    const want = [((1 + 2) / 2) * inside, ((2 + 8) / 2) * inside, ((1 + 4) / 2) * inside, ((4 + 8) / 2) * inside];
    [...rotate(x, 45).data].forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 6);
    });
  });
  test("what comes in from outside is the fill, so that a constant image stays constant", () => {
    fc.assert(
      fc.property(anyBatch, fc.double({ min: -180, max: 180, noNaN: true }), ({ shape }, degrees) => {
        const inputs = new Tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.7), shape);
        const angles = scripted(...new Array(shape[0]).fill(degrees));
        const y = randomRotate(180, { fill: Math.fround(0.7) })({ inputs, targets: [] }, angles).inputs;
        for (const value of y.data) expect(value).toBeCloseTo(0.7, 6);
      }),
    );
  });
  test("rotating is linear in the image", () => {
    fc.assert(
      fc.property(anyBatch, fc.double({ min: -180, max: 180, noNaN: true }), ({ shape, seed }, degrees) => {
        const [, ...one] = shape;
        const [a, b] = [normal([1, ...one], seed), normal([1, ...one], seed + 1)];
        const sum = rotate(a.add(b), degrees);
        expect(sum.allClose(rotate(a, degrees).add(rotate(b, degrees)), { atol: 1e-5 })).toBe(true);
      }),
    );
  });
  test("every image draws its own angle within the bound; channels share it", () => {
    const plane = normal([1, 1, 5, 5], 1).data;
    const inputs = new Tensor(
      Float32Array.from({ length: 100 }, (_, i) => plane[i % 25]!),
      [2, 2, 5, 5],
    );
    const { data } = randomRotate(10)({ inputs, targets: [] }, new Random(2)).inputs;
    expect(data.slice(0, 25)).toEqual(data.slice(25, 50));
    expect(data.slice(50, 75)).toEqual(data.slice(75, 100));
    expect(data.slice(0, 25)).not.toEqual(data.slice(50, 75));
    const bounds: number[] = [];
    const random = new Random(0);
    random.uniform = (low = 0, high = 1) => {
      bounds.push(low, high);
      return 0;
    };
    randomRotate(10)({ inputs, targets: [] }, random);
    expect(bounds).toEqual([-10, 10, -10, 10]);
  });
  test("sine and cosine are within 1e-14 of Math's, from −π to π", () => {
    fc.assert(
      fc.property(fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }), (angle) => {
        const [sin, cos] = sinCos(angle);
        expect(Math.abs(sin - Math.sin(angle))).toBeLessThan(1e-14);
        expect(Math.abs(cos - Math.cos(angle))).toBeLessThan(1e-14);
      }),
    );
  });
});

describe("randomNoise", () => {
  test("has mean 0 and the given standard deviation", () => {
    const inputs = new Tensor(new Float32Array(40000).fill(3), [1, 1, 200, 200]);
    const { data } = randomNoise(0.5)({ inputs, targets: [] }, new Random(1)).inputs;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean - 3)).toBeLessThan(4 * (0.5 / 200)); // four standard errors
    expect(Math.abs(Math.sqrt(variance) / 0.5 - 1)).toBeLessThan(4 / Math.sqrt(2 * 40000));
  });
  test("of std 0 changes nothing", () => {
    const inputs = normal([2, 3], 1);
    expect(randomNoise(0)({ inputs, targets: [] }, new Random(1)).inputs.data).toEqual(inputs.data);
  });
});

describe("all augmentations", () => {
  const all = [randomShift(2), randomRotate(30), randomNoise(0.1), compose(randomShift(1), randomNoise(1))];
  test("leave the batch as it is, keep shape, precision and targets, and repeat with the seed", () => {
    fc.assert(
      fc.property(anyBatch, fc.constantFrom(...all), fc.boolean(), ({ shape, seed }, transform, double) => {
        const inputs = double ? normal(shape, seed).to("float64") : normal(shape, seed);
        const before = inputs.clone();
        const targets = Int32Array.from({ length: shape[0] }, (_, i) => i);
        const a = transform({ inputs, targets }, new Random(seed));
        const b = transform({ inputs, targets }, new Random(seed));
        expect(inputs.data).toEqual(before.data);
        expect(a.inputs.shape).toEqual(shape);
        expect(a.inputs.dtype).toBe(inputs.dtype);
        expect(a.targets).toBe(targets);
        expect(b.inputs.data).toEqual(a.inputs.data);
      }),
    );
  });
  test("work on images without channel dimension", () => {
    const inputs = normal([2, 4, 4], 1);
    for (const transform of all) {
      expect(transform({ inputs, targets: [] }, new Random(1)).inputs.shape).toEqual([2, 4, 4]);
    }
  });
  test("compose runs from left to right", () => {
    const inputs = new Tensor(Float32Array.of(1, 1), [1, 1, 1, 2]);
    const transform = compose(randomShift(1), normalize({ mean: 0.5, std: 0.5 }));
    const { data } = transform({ inputs, targets: [] }, scripted(1, 2)).inputs; // right by one, filled with 0
    expect([...data]).toEqual([-1, 1]);
    expect(compose()({ inputs, targets: [] }, new Random(1)).inputs).toBe(inputs);
  });
});

describe("bad arguments", () => {
  const arithmetic = "Usual cause: a division without Math.floor, or an undefined variable.";
  test.each([
    [() => randomShift(1.5), `randomShift expects maxPixels to be an integer ≥ 0, but got 1.5. ${arithmetic}`],
    [() => randomShift(-1), `randomShift expects maxPixels to be an integer ≥ 0, but got -1. ${arithmetic}`],
    [
      () => randomShift(1, { fill: Number.NaN }),
      `randomShift expects fill to be a finite number, but got NaN. ${arithmetic}`,
    ],
    [() => randomRotate(181), "randomRotate expects maxDegrees to be a number from 0 to 180, but got 181."],
    [
      () => randomRotate(10, { fill: Infinity }),
      `randomRotate expects fill to be a finite number, but got Infinity. ${arithmetic}`,
    ],
    [() => randomNoise(-1), "randomNoise expects std to be a number ≥ 0, but got -1."],
    [() => randomNoise(Infinity), `randomNoise expects std to be a finite number, but got Infinity. ${arithmetic}`],
  ])("%s is refused", (call, message) => {
    expect(call).toThrow(new ArgumentError(message));
  });
  test.each([
    ["randomShift", randomShift(1)],
    ["randomRotate", randomRotate(1)],
  ])("%s of flat images is refused", (name, transform) => {
    expect(() => transform({ inputs: normal([2, 784], 1), targets: [] }, new Random(1))).toThrow(
      new ShapeError(
        `${name} expects an input [N, …, H, W], but got [2, 784]. Usual cause: images flattened before augmentation.`,
      ),
    );
  });
});
