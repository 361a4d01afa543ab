import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "../../src/layers/batch-norm.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { Sequential } from "../../src/layers/sequential.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { reorder, sample } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, expectGradients, normal } from "../support/layers.js";
import { fillPositive, normalizeNaively, statisticsOf } from "../support/norm.js";

type Statistics = Parameters<typeof normalizeNaively>[2];

const channelOf = ([, channel]: readonly number[]) => channel!;

/** Any small batch norm and an input with at least four values per channel. */
const batchNormCase = fc
  .record({
    channels: fc.integer({ min: 1, max: 4 }),
    batch: fc.integer({ min: 4, max: 6 }),
    spatial: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 2 }),
    eps: fc.constantFrom(1e-5, 1e-3, 0.5),
    momentum: fc.constantFrom(0.1, 0.7, 0, 1, null),
    affine: fc.boolean(),
    trackRunningStats: fc.boolean(),
    seed: fc.integer(),
  })
  .map(({ channels, batch, spatial, seed, ...options }) => ({
    channels,
    shape: [batch, channels, ...spatial],
    seed,
    options,
  }));

type Case = typeof batchNormCase extends fc.Arbitrary<infer T> ? T : never;

/** The layer of the case, with weights and running statistics that are not what they start as. */
function make({ channels, shape, seed, options }: Case, change: BatchNormOptions = {}): BatchNorm1d | BatchNorm2d {
  const norm = new (shape.length === 4 ? BatchNorm2d : BatchNorm1d)(channels, { ...options, ...change });
  fillPositive([norm.weight, norm.bias, norm.runningMean, norm.runningVar], seed);
  return norm;
}

const buffers = (norm: BatchNorm1d | BatchNorm2d) => ({
  mean: [...(norm.runningMean?.value.data ?? [])],
  variance: [...(norm.runningVar?.value.data ?? [])],
  batches: norm.numBatchesTracked?.value.data[0],
});

describe("BatchNorm1d and BatchNorm2d, for any shape and options", () => {
  test("gradients agree with differences within 1e-6 in train and in eval mode", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const input = distinct(c.shape, c.seed);
        expectGradients(make(c), c.shape, { seed: c.seed, input });
        expectGradients(make(c).eval(), c.shape, { seed: c.seed, input });
      }),
      { numRuns: 60 },
    );
  });

  test("is its definition: by the batch's statistics in train mode, by the running ones in eval mode", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const x = normal(c.shape, c.seed);
        const norm = make(c);
        const [weight, bias] = [norm.weight?.value.data, norm.bias?.value.data];
        const batch = statisticsOf(x, channelOf);
        const { mean, variance } = buffers(norm);
        const running = new Map(mean.map((m, channel) => [channel, { mean: m, variance: variance[channel]! }]));
        const used = c.options.trackRunningStats ? running : batch;
        const naive = (statistics: Statistics) =>
          normalizeNaively(x, channelOf, statistics, c.options.eps, channelOf, weight, bias);
        expectClose(norm.eval().forward(x), naive(used), "eval", 1e-5, 1e-6);
        expectClose(norm.train().forward(x), naive(batch), "train", 1e-5, 1e-6);
      }),
    );
  });

  test("before weight and bias every channel has mean 0 and variance σ² / (σ² + eps)", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const x = distinct(c.shape, c.seed);
        const before = statisticsOf(x, channelOf);
        const after = statisticsOf(make(c, { affine: false }).forward(x), channelOf);
        for (const [channel, { mean, variance }] of after) {
          const sigma2 = before.get(channel)!.variance;
          expect(Math.abs(mean)).toBeLessThan(1e-6);
          expect(variance).toBeCloseTo(sigma2 / (sigma2 + c.options.eps), 5);
        }
      }),
    );
  });

  test("running statistics are (1 − momentum) · running + momentum · batch, the variance unbiased; null averages", () => {
    fc.assert(
      fc.property(batchNormCase, fc.integer({ min: 1, max: 4 }), (c, batches) => {
        const norm = make(c, { trackRunningStats: true });
        const { mean, variance } = buffers(norm);
        for (let batch = 1; batch <= batches; batch++) {
          const x = normal(c.shape, c.seed + batch);
          norm.forward(x);
          const factor = c.options.momentum ?? 1 / batch;
          for (const [channel, now] of statisticsOf(x, channelOf)) {
            const unbiased = (now.variance * now.count) / (now.count - 1);
            mean[channel as number] = (1 - factor) * mean[channel as number]! + factor * now.mean;
            variance[channel as number] = (1 - factor) * variance[channel as number]! + factor * unbiased;
          }
        }
        const got = buffers(norm);
        got.mean.forEach((m, channel) => {
          expect(m).toBeCloseTo(mean[channel]!, 5);
        });
        got.variance.forEach((v, channel) => {
          expect(v).toBeCloseTo(variance[channel]!, 5);
        });
        expect(got.batches).toBe(batches);
      }),
    );
  });

  test("channels in another order give the output, gradient and statistics in that order, the same bits", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const order = new Random(c.seed).permutation(c.channels);
        const [norm, other] = [make(c), make(c)];
        for (const tensor of [other.weight, other.bias, other.runningMean, other.runningVar]) {
          if (tensor) tensor.value = reorder(tensor.value, 0, order);
        }
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        expect(other.forward(reorder(x, 1, order)).data).toEqual(reorder(norm.forward(x), 1, order).data);
        expect(other.backward(reorder(dy, 1, order)).data).toEqual(reorder(norm.backward(dy), 1, order).data);
        for (const [key, value] of Object.entries(norm.stateDict())) {
          if (value.shape.length > 0) expect(other.stateDict()[key]?.data).toEqual(reorder(value, 0, order).data);
        }
      }),
    );
  });

  test("in eval mode a sample gets the same bits alone as in its batch, forward and backward", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const norm = make(c, { trackRunningStats: true }).eval();
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        const y = norm.forward(x);
        const dx = norm.backward(dy);
        for (let n = 0; n < c.shape[0]!; n++) {
          expect(norm.forward(sample(x, n)).data).toEqual(sample(y, n).data);
          expect(norm.backward(sample(dy, n)).data).toEqual(sample(dx, n).data);
        }
      }),
    );
  });

  test("outputShape is the shape of the output", () => {
    fc.assert(
      fc.property(batchNormCase, (c) => {
        const norm = make(c);
        expect(norm.outputShape(c.shape)).toEqual(c.shape);
        expect(norm.forward(normal(c.shape, c.seed)).shape).toEqual(c.shape);
      }),
    );
  });
});

describe("BatchNorm's numbers", () => {
  test("a mean of a million costs no digits: whole numbers give the same as without it", () => {
    const x = new Tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 11),
      [4, 2, 3],
    );
    const far = new Tensor(
      x.data.map((value) => value + 1e6),
      x.shape,
    );
    const [near, moved] = [new BatchNorm1d(2), new BatchNorm1d(2)];
    expectClose(moved.forward(far), near.forward(x), "output", 0, 1e-6);
    expectClose(moved.runningVar!.value, near.runningVar!.value, "running_var", 1e-6, 0);
  });

  test("a constant channel gives its bias and a gradient of zero", () => {
    const norm = new BatchNorm1d(1);
    norm.bias!.value.data[0] = 3;
    expect([...norm.forward(new Tensor(Float32Array.of(0.1, 0.1, 0.1), [3, 1])).data]).toEqual([3, 3, 3]);
    expect([...norm.backward(new Tensor(Float32Array.of(1, 1, 1), [3, 1])).data]).toEqual([0, 0, 0]);
  });

  test("an infinite value makes its own channel NaN and its running mean infinite, and no other channel", () => {
    for (const place of [0, 2]) {
      const x = new Tensor(Float32Array.of(1, 2, 3, 5, 5, 9), [3, 2]);
      x.data[place] = Infinity;
      const norm = new BatchNorm1d(2);
      const y = norm.forward(x);
      expect([0, 2, 4].map((i) => y.data[i])).toEqual([NaN, NaN, NaN]);
      expect([1, 3, 5].every((i) => Number.isFinite(y.data[i]))).toBe(true);
      expect(norm.runningMean!.value.data[0]).toBe(Infinity);
      expect(norm.runningVar!.value.data[0]).toBe(NaN);
      expect(norm.runningVar!.value.data[1]).toBeCloseTo(0.9 + 0.1 * (37 / 3), 5);
    }
  });

  test("a batch of no samples gives none, counts as a batch and leaves the running statistics", () => {
    const norm = new BatchNorm2d(2);
    expect(norm.forward(new Tensor(new Float32Array(0), [0, 2, 3, 3])).shape).toEqual([0, 2, 3, 3]);
    expect(norm.backward(new Tensor(new Float32Array(0), [0, 2, 3, 3])).shape).toEqual([0, 2, 3, 3]);
    expect(buffers(norm)).toEqual({ mean: [0, 0], variance: [1, 1], batches: 1 });
    expect([...norm.weight!.grad.data, ...norm.bias!.grad.data]).toEqual([0, 0, 0, 0]);
  });
});

describe("BatchNorm's state", () => {
  const x = normal([2, 3, 4, 4], 1);
  const dy = normal([2, 3, 4, 4], 2);

  test("parameters and buffers have torch's keys, shapes and first values", () => {
    const state = new BatchNorm2d(3).stateDict();
    expect(Object.entries(state).map(([key, { shape, data }]) => [key, shape, [...data]])).toEqual([
      ["weight", [3], [1, 1, 1]],
      ["bias", [3], [0, 0, 0]],
      ["running_mean", [3], [0, 0, 0]],
      ["running_var", [3], [1, 1, 1]],
      ["num_batches_tracked", [], [0]],
    ]);
  });

  test("affine: false has no parameters, trackRunningStats: false no buffers", () => {
    const { affine, trackRunningStats } = { affine: false, trackRunningStats: false };
    expect(Object.keys(new BatchNorm1d(3, { affine }).stateDict())).toEqual([
      "running_mean",
      "running_var",
      "num_batches_tracked",
    ]);
    expect(Object.keys(new BatchNorm1d(3, { trackRunningStats }).stateDict())).toEqual(["weight", "bias"]);
    expect(new BatchNorm2d(3, { affine, trackRunningStats }).stateDict()).toEqual({});
  });

  test("without running statistics eval mode gives what train mode gives", () => {
    const norm = new BatchNorm2d(3, { trackRunningStats: false });
    expect(norm.forward(x).data).toEqual(norm.eval().forward(x).data);
  });

  test("the running statistics move once a forward in train mode, never in eval mode or by backward", () => {
    const norm = new BatchNorm2d(3);
    norm.forward(x);
    const once = buffers(norm);
    expect(once.batches).toBe(1);
    norm.backward(dy);
    norm.eval().forward(x);
    norm.backward(dy);
    norm.forward(x);
    norm.train().backward(dy); // the gradient of an eval-mode forward, though the mode has changed since
    expect(buffers(norm)).toEqual(once);
    norm.forward(x);
    expect(buffers(norm).batches).toBe(2);
  });

  test("a backward after train() is still that of its eval-mode forward", () => {
    const norm = new BatchNorm2d(3).eval();
    norm.forward(x);
    const dx = norm.backward(dy);
    norm.forward(x);
    expect(norm.train().backward(dy).data).toEqual(dx.data);
  });

  test("a layer that a model uses twice counts twice, and its gradients add up", () => {
    const norm = new BatchNorm2d(3);
    const model = new Sequential(norm, norm);
    model.forward(x);
    expect(buffers(norm).batches).toBe(2);
    expectGradients(model, x.shape, { input: distinct(x.shape, 1) });
  });

  test("a norm in train mode inside a model in eval mode moves once a forward, and backward does not move it", () => {
    const norm = new BatchNorm2d(3);
    const model = new Sequential(norm).eval();
    norm.train();
    const alone = new BatchNorm2d(3);
    alone.forward(x);
    model.forward(x);
    expect(model.backward(dy).data).toEqual(alone.backward(dy).data);
    expect(buffers(norm)).toEqual(buffers(alone));
  });

  test("a frozen norm (in eval mode inside a training model) stands still and has right gradients", () => {
    const frozen = new BatchNorm2d(3);
    fillPositive([frozen.weight, frozen.bias, frozen.runningMean, frozen.runningVar], 4);
    const model = new Sequential(new Conv2d(2, 3, 3, { random: new Random(1) }), frozen, new BatchNorm2d(3));
    frozen.eval();
    const before = buffers(frozen);
    model.forward(normal([4, 2, 5, 5], 3));
    expect(buffers(frozen)).toEqual(before);
    expectGradients(model, [4, 2, 5, 5], { seed: 5 });
  });

  test("an update between a forward in eval mode and its backward does not reach the gradient", () => {
    const norm = new BatchNorm2d(3);
    const model = new Sequential(norm, new BatchNorm2d(3)); // in train mode, so that forward's results are kept
    norm.eval();
    model.forward(x);
    const dx = model.backward(dy);
    model.forward(x);
    norm.runningVar?.value.data.fill(7);
    expect(model.backward(dy).data).toEqual(dx.data);
  });

  test("requiresGrad = false skips a parameter's gradient and no other; inputGradient: false skips the input's", () => {
    const [free, frozen] = [new BatchNorm2d(3), new BatchNorm2d(3)];
    frozen.weight!.requiresGrad = false;
    for (const norm of [free, frozen]) norm.forward(x);
    expect(frozen.backward(dy).data).toEqual(free.backward(dy).data);
    expect([...frozen.weight!.grad.data]).toEqual([0, 0, 0]);
    expect(frozen.bias!.grad.data).toEqual(free.bias!.grad.data);
    const half = new BatchNorm2d(3);
    half.forward(x);
    expect(half.backward(dy, { inputGradient: false })).toBeUndefined();
    expect(half.weight!.grad.data).toEqual(free.weight!.grad.data);
  });
});

describe("BatchNorm's refusals", () => {
  const forward = (norm: BatchNorm1d | BatchNorm2d, shape: number[]) => () => norm.forward(normal(shape, 1));

  test("a wrong rank", () => {
    expectError(
      forward(new BatchNorm2d(3), [3, 4, 4]),
      ShapeError,
      "BatchNorm2d expects an input [N, C, H, W], but got [3, 4, 4]. Usual cause: a missing batch dimension: reshape one sample to [1, C, …].",
    );
    expectError(
      forward(new BatchNorm2d(3), [3, 16]),
      ShapeError,
      "BatchNorm2d expects an input [N, C, H, W], but got [3, 16]. Usual cause: images flattened too early.",
    );
    expectError(
      forward(new BatchNorm1d(3), [3]),
      ShapeError,
      "BatchNorm1d expects an input [N, C] or [N, C, L], but got [3]. Usual cause: a missing batch dimension: reshape one sample to [1, C, …].",
    );
    expectError(
      forward(new BatchNorm1d(3), [2, 3, 4, 4]),
      ShapeError,
      "BatchNorm1d expects an input [N, C] or [N, C, L], but got [2, 3, 4, 4]. Usual cause: images, which need BatchNorm2d, or a dimension too many.",
    );
  });

  test("wrong channels, in train and in eval mode", () => {
    for (const norm of [new BatchNorm2d(3), new BatchNorm2d(3).eval()]) {
      expectError(
        forward(norm, [2, 4, 4, 3]),
        ShapeError,
        "BatchNorm2d expects 3 channels, but its input [2, 4, 4, 3] has 4. Usual cause: channels stored last: permute([0, 3, 1, 2]) moves them.",
      );
    }
  });

  test("one value per channel where the batch's own statistics are used", () => {
    const text =
      "BatchNorm1d expects more than 1 value per channel when training, but its input [1, 3] has 1. Usual cause: a last batch of one sample (drop it while training), or a forward without eval() before it.";
    expectError(forward(new BatchNorm1d(3), [1, 3]), ShapeError, text);
    expectError(forward(new BatchNorm1d(3, { trackRunningStats: false }).eval(), [1, 3]), ShapeError, text);
    expect(new BatchNorm1d(3).eval().forward(normal([1, 3], 1)).shape).toEqual([1, 3]);
    expect(new BatchNorm1d(3).forward(normal([1, 3, 2], 1)).shape).toEqual([1, 3, 2]);
  });

  test("a refused forward moves no statistics, also of the layers before the one that refuses", () => {
    const norm = new BatchNorm2d(3);
    const before = buffers(norm);
    expect(forward(norm, [2, 4, 4, 4])).toThrow(ShapeError);
    // @ts-expect-error 4 channels after 3 do not compile either
    expect(() => new Sequential(norm, new BatchNorm2d(4)).forward(normal([2, 3, 4, 4], 1))).toThrow(ShapeError);
    expect(buffers(norm)).toEqual(before);
  });

  test("bad arguments", () => {
    expectError(
      () => new BatchNorm2d(0),
      ArgumentError,
      "BatchNorm2d expects numFeatures to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new BatchNorm1d(2.5),
      ArgumentError,
      "BatchNorm1d expects numFeatures to be a positive integer, but got 2.5. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new BatchNorm2d(3, { eps: -1e-5 }),
      ArgumentError,
      "BatchNorm2d expects eps to be a number ≥ 0, but got -0.00001.",
    );
    expectError(
      () => new BatchNorm1d(3, { momentum: 1.5 }),
      ArgumentError,
      "BatchNorm1d expects momentum to be a number from 0 to 1, but got 1.5.",
    );
    expectError(
      () => new BatchNorm2d(3, 1e-3 as BatchNormOptions),
      ArgumentError,
      "BatchNorm2d expects its options to be an object of eps, momentum, affine, trackRunningStats, but got 0.001. Usual cause: torch's positional arguments are named here.",
    );
  });
});
