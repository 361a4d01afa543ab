import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InstanceNorm2d, type InstanceNorm2dOptions } from "../../src/layers/instance-norm2d.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { reorder, sample } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, expectGradients, normal } from "../support/layers.js";
import { fillPositive, normalizeNaively, statisticsOf } from "../support/norm.js";

/** Any small instance norm and an input of at least four pixels. */
const instanceNormCase = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 4 }),
    size: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 4 })),
    eps: fc.constantFrom(1e-5, 1e-2, 0.5),
    momentum: fc.constantFrom(0.1, 0.7, 0, 1),
    affine: fc.boolean(),
    trackRunningStats: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ batch, channels, size, seed, ...options }) => ({
    channels,
    shape: [batch, channels, ...size],
    seed,
    options,
  }));

type Case = typeof instanceNormCase extends fc.Arbitrary<infer T> ? T : never;

function make({ channels, seed, options }: Case, change: InstanceNorm2dOptions = {}): InstanceNorm2d {
  const norm = new InstanceNorm2d(channels, { ...options, ...change });
  fillPositive([norm.weight, norm.bias, norm.runningMean, norm.runningVar], seed);
  return norm;
}

const groupOf = ([n, channel]: readonly number[]) => `${n} ${channel}`;
const channelOf = ([, channel]: readonly number[]) => channel!;
const unbatched = (x: Tensor) => new Tensor(x.data, x.shape.slice(1));

describe("InstanceNorm2d, for any shape and options", () => {
  test("gradients agree with differences within 1e-6, in train and in eval mode, batched and unbatched", () => {
    fc.assert(
      fc.property(instanceNormCase, (c) => {
        const input = distinct(c.shape, c.seed);
        expectGradients(make(c), c.shape, { seed: c.seed, input });
        expectGradients(make(c).eval(), c.shape, { seed: c.seed, input });
        const alone = unbatched(sample(input, 0));
        expectGradients(make(c), alone.shape, { seed: c.seed, input: alone });
      }),
      { numRuns: 50 },
    );
  });

  test("is its definition: by each image's own statistics, or in eval mode by the running ones where there are any", () => {
    fc.assert(
      fc.property(instanceNormCase, (c) => {
        const x = normal(c.shape, c.seed);
        const norm = make(c);
        const [weight, bias] = [norm.weight?.value.data, norm.bias?.value.data];
        const own = normalizeNaively(x, groupOf, statisticsOf(x, groupOf), c.options.eps, channelOf, weight, bias);
        const mean = [...(norm.runningMean?.value.data ?? [])];
        const variance = norm.runningVar?.value.data;
        const running = new Map(mean.map((m, channel) => [channel, { mean: m, variance: variance![channel]! }]));
        const used = c.options.trackRunningStats
          ? normalizeNaively(x, channelOf, running, c.options.eps, channelOf, weight, bias)
          : own;
        expectClose(norm.eval().forward(x), used, "eval", 1e-5, 1e-6);
        expectClose(norm.train().forward(x), own, "train", 1e-5, 1e-6);
      }),
    );
  });

  test("before weight and bias every channel of every image has mean 0 and variance σ² / (σ² + eps)", () => {
    fc.assert(
      fc.property(instanceNormCase, (c) => {
        const x = distinct(c.shape, c.seed);
        const before = statisticsOf(x, groupOf);
        const after = statisticsOf(make(c, { affine: false }).forward(x), groupOf);
        for (const [group, { mean, variance }] of after) {
          const sigma2 = before.get(group)!.variance;
          expect(Math.abs(mean)).toBeLessThan(1e-6);
          expect(variance).toBeCloseTo(sigma2 / (sigma2 + c.options.eps), 5);
        }
      }),
    );
  });

  test("running statistics move by momentum toward the images' average, the variance unbiased", () => {
    fc.assert(
      fc.property(instanceNormCase, fc.integer({ min: 1, max: 3 }), (c, batches) => {
        const norm = make(c, { trackRunningStats: true });
        const mean = [...norm.runningMean!.value.data];
        const variance = [...norm.runningVar!.value.data];
        const { momentum } = c.options;
        for (let batch = 1; batch <= batches; batch++) {
          const x = normal(c.shape, c.seed + batch);
          norm.forward(x);
          const statistics = statisticsOf(x, groupOf);
          for (let channel = 0; channel < c.channels; channel++) {
            const images = Array.from({ length: c.shape[0]! }, (_, n) => statistics.get(`${n} ${channel}`)!);
            const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
            const now = average(images.map((image) => image.mean));
            const spread = average(images.map((image) => (image.variance * image.count) / (image.count - 1)));
            mean[channel] = (1 - momentum) * mean[channel]! + momentum * now;
            variance[channel] = (1 - momentum) * variance[channel]! + momentum * spread;
          }
        }
        norm.runningMean!.value.data.forEach((m, channel) => {
          expect(m).toBeCloseTo(mean[channel]!, 5);
        });
        norm.runningVar!.value.data.forEach((v, channel) => {
          expect(v).toBeCloseTo(variance[channel]!, 5);
        });
        expect(norm.numBatchesTracked!.value.data[0]).toBe(0); // torch never counts here
      }),
    );
  });

  test("channels in another order give the output in that order, the same bits", () => {
    fc.assert(
      fc.property(instanceNormCase, (c) => {
        const order = new Random(c.seed).permutation(c.channels);
        const [norm, other] = [make(c), make(c)];
        for (const parameter of other.parameters()) parameter.value = reorder(parameter.value, 0, order);
        const x = normal(c.shape, c.seed);
        expect(other.forward(reorder(x, 1, order)).data).toEqual(reorder(norm.forward(x), 1, order).data);
      }),
    );
  });

  test("an image gets the same bits alone, unbatched and anywhere in a batch, forward and backward", () => {
    fc.assert(
      fc.property(instanceNormCase, fc.boolean(), (c, training) => {
        const norm = training ? make(c) : make(c).eval();
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        const y = norm.forward(x);
        const dx = norm.backward(dy);
        for (let n = 0; n < c.shape[0]!; n++) {
          expect(norm.forward(sample(x, n)).data).toEqual(sample(y, n).data);
          expect(norm.backward(sample(dy, n)).data).toEqual(sample(dx, n).data);
          const alone = norm.forward(unbatched(sample(x, n)));
          expect(alone.shape).toEqual(c.shape.slice(1));
          expect(alone.data).toEqual(sample(y, n).data);
          expect(norm.backward(unbatched(sample(dy, n))).data).toEqual(sample(dx, n).data);
        }
      }),
    );
  });

  test("outputShape is the shape of the output", () => {
    fc.assert(
      fc.property(instanceNormCase, (c) => {
        expect(make(c).outputShape(c.shape)).toEqual(c.shape);
        expect(make(c).outputShape(c.shape.slice(1))).toEqual(c.shape.slice(1));
      }),
    );
  });
});

describe("InstanceNorm2d's state", () => {
  test("has neither parameters nor buffers by default; affine and trackRunningStats add torch's keys", () => {
    expect(new InstanceNorm2d(3).stateDict()).toEqual({});
    const state = new InstanceNorm2d(2, { affine: true, trackRunningStats: true }).stateDict();
    expect(Object.entries(state).map(([key, { shape, data }]) => [key, shape, [...data]])).toEqual([
      ["weight", [2], [1, 1]],
      ["bias", [2], [0, 0]],
      ["running_mean", [2], [0, 0]],
      ["running_var", [2], [1, 1]],
      ["num_batches_tracked", [], [0]],
    ]);
  });

  test("the running statistics stand still in eval mode and in backward", () => {
    const norm = new InstanceNorm2d(3, { trackRunningStats: true });
    const x = normal([2, 3, 4, 4], 1);
    norm.forward(x);
    const before = [...norm.runningMean!.value.data, ...norm.runningVar!.value.data];
    norm.backward(x);
    norm.eval().forward(x);
    norm.train().backward(x);
    expect([...norm.runningMean!.value.data, ...norm.runningVar!.value.data]).toEqual(before);
  });
});

describe("InstanceNorm2d's refusals", () => {
  test("a wrong rank", () => {
    expectError(
      () => new InstanceNorm2d(3).forward(normal([2, 3], 1)),
      ShapeError,
      "InstanceNorm2d expects an input [N, C, H, W] or [C, H, W], but got [2, 3]. Usual cause: images flattened too early.",
    );
  });

  test("wrong channels, batched and unbatched", () => {
    for (const [shape, shown, cause] of [
      [[2, 4, 4, 3], "[2, 4, 4, 3]", "channels stored last: permute([0, 3, 1, 2]) moves them"],
      [[4, 4, 3], "[4, 4, 3]", "channels stored last: permute([2, 0, 1]) moves them"],
      [[2, 4, 4, 4], "[2, 4, 4, 4]", "a layer made for another number of channels"],
    ] as const) {
      expectError(
        () => new InstanceNorm2d(3).forward(normal(shape, 1)),
        ShapeError,
        `InstanceNorm2d expects 3 channels, but its input ${shown} has 4. Usual cause: ${cause}.`,
      );
    }
  });

  test("a single pixel, unless running statistics stand in for its own", () => {
    const text =
      "InstanceNorm2d expects more than 1 spatial element when training, but its input [2, 3, 1, 1] has 1. Usual cause: an image that poolings or strides before this layer shrank to one pixel.";
    const forward = (norm: InstanceNorm2d) => () => norm.forward(normal([2, 3, 1, 1], 1));
    expectError(forward(new InstanceNorm2d(3)), ShapeError, text);
    expectError(forward(new InstanceNorm2d(3).eval()), ShapeError, text);
    const tracking = new InstanceNorm2d(3, { trackRunningStats: true });
    expectError(forward(tracking), ShapeError, text);
    expect(forward(tracking.eval())().shape).toEqual([2, 3, 1, 1]);
  });

  test("bad arguments", () => {
    expectError(
      () => new InstanceNorm2d(-1),
      ArgumentError,
      "InstanceNorm2d expects numFeatures to be a positive integer, but got -1. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new InstanceNorm2d(3, { eps: -1 }),
      ArgumentError,
      "InstanceNorm2d expects eps to be a number ≥ 0, but got -1.",
    );
    expectError(
      () => new InstanceNorm2d(3, { momentum: null as unknown as number }),
      ArgumentError,
      "InstanceNorm2d expects momentum to be a number from 0 to 1, but got null.",
    );
    expectError(
      () => new InstanceNorm2d(3, true as unknown as InstanceNorm2dOptions),
      ArgumentError,
      "InstanceNorm2d expects its options to be an object of eps, momentum, affine, trackRunningStats, but got true. Usual cause: torch's positional arguments are named here.",
    );
  });
});
