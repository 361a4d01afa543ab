import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupNorm, type GroupNormOptions } from "../../src/layers/group-norm.js";
import { InstanceNorm2d } from "../../src/layers/instance-norm2d.js";
import { LayerNorm } from "../../src/layers/layer-norm.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { reorder, sample } from "../support/convolution.js";
import { expectError } from "../support/errors.js";
import { expectClose } from "../support/fixtures.js";
import { distinct, expectGradients, normal } from "../support/layers.js";
import { fillPositive, normalizeNaively, statisticsOf } from "../support/norm.js";

/** Any small group norm with at least three values a group, and an input of any rank for it. */
const groupNormCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.integer({ min: 1, max: 4 }),
    batch: fc.integer({ min: 1, max: 3 }),
    spatial: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 3 }),
    eps: fc.constantFrom(1e-5, 1e-2, 0.5),
    affine: fc.boolean(),
    seed: fc.integer(),
  })
  .filter(({ perGroup, spatial }) => spatial.reduce((a, b) => a * b, perGroup) > 2)
  .map(({ perGroup, batch, spatial, eps, affine, ...c }) => ({
    ...c,
    channels: c.groups * perGroup,
    perGroup,
    shape: [batch, c.groups * perGroup, ...spatial],
    options: { eps, affine },
  }));

type Case = typeof groupNormCase extends fc.Arbitrary<infer T> ? T : never;

function make({ groups, channels, seed, options }: Case, change: GroupNormOptions = {}): GroupNorm {
  const norm = new GroupNorm(groups, channels, { ...options, ...change });
  fillPositive([norm.weight, norm.bias], seed);
  return norm;
}

const groupOf =
  ({ perGroup }: Case) =>
  ([n, channel]: readonly number[]) =>
    `${n} ${Math.floor(channel! / perGroup)}`;

describe("GroupNorm, for any shape and options", () => {
  test("gradients agree with differences within 1e-6, in eval mode too", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const input = distinct(c.shape, c.seed);
        expectGradients(make(c), c.shape, { seed: c.seed, input });
        expectGradients(make(c).eval(), c.shape, { seed: c.seed, input });
      }),
      { numRuns: 60 },
    );
  });

  test("is its definition, in train and in eval mode", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const x = normal(c.shape, c.seed);
        const norm = make(c);
        const [weight, bias] = [norm.weight?.value.data, norm.bias?.value.data];
        const [statistics, channelOf] = [statisticsOf(x, groupOf(c)), ([, channel]: readonly number[]) => channel!];
        const want = normalizeNaively(x, groupOf(c), statistics, c.options.eps, channelOf, weight, bias);
        expectClose(norm.forward(x), want, "train", 1e-5, 1e-6);
        expect(norm.eval().forward(x).data).toEqual(norm.train().forward(x).data);
      }),
    );
  });

  test("before weight and bias every group has mean 0 and variance σ² / (σ² + eps)", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const x = distinct(c.shape, c.seed);
        const before = statisticsOf(x, groupOf(c));
        const after = statisticsOf(make(c, { affine: false }).forward(x), groupOf(c));
        for (const [group, { mean, variance }] of after) {
          const sigma2 = before.get(group)!.variance;
          expect(Math.abs(mean)).toBeLessThan(1e-6);
          expect(variance).toBeCloseTo(sigma2 / (sigma2 + c.options.eps), 5);
        }
      }),
    );
  });

  test("of one group is LayerNorm over all but the batch, forward (the same bits) and backward", () => {
    fc.assert(
      fc.property(groupNormCase, (drawn) => {
        const c = { ...drawn, groups: 1 };
        const norm = make(c, { affine: false });
        const layer = new LayerNorm(c.shape.slice(1), { eps: c.options.eps, elementwiseAffine: false });
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        expect(norm.forward(x).data).toEqual(layer.forward(x).data);
        // Channel by channel the sums of backward are taken in another order than element by element.
        expectClose(norm.backward(dy), layer.backward(dy), "input gradient", 1e-5, 1e-6);
      }),
    );
  });

  test("of as many groups as channels is InstanceNorm2d, the same bits forward and backward", () => {
    fc.assert(
      fc.property(groupNormCase, (drawn) => {
        const [batch = 1, channels = 1] = drawn.shape;
        const c = { ...drawn, groups: channels, shape: [batch, channels, 2, 3] };
        const norm = make(c);
        const instance = new InstanceNorm2d(channels, c.options);
        fillPositive([instance.weight, instance.bias], c.seed);
        const [x, dy] = [normal(c.shape, c.seed), normal(c.shape, c.seed + 1)];
        expect(norm.forward(x).data).toEqual(instance.forward(x).data);
        expect(norm.backward(dy).data).toEqual(instance.backward(dy).data);
        expect(norm.weight?.grad.data).toEqual(instance.weight?.grad.data);
      }),
    );
  });

  test("channels in another order inside their groups give the output in that order", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const within = new Random(c.seed).permutation(c.perGroup);
        const order = Uint32Array.from({ length: c.channels }, (_, i) => {
          const first = i - (i % c.perGroup);
          return first + within[i - first]!;
        });
        const [norm, other] = [make(c), make(c)];
        for (const parameter of other.parameters()) parameter.value = reorder(parameter.value, 0, order);
        const x = normal(c.shape, c.seed);
        expectClose(other.forward(reorder(x, 1, order)), reorder(norm.forward(x), 1, order), "output", 1e-5, 1e-6);
      }),
    );
  });

  test("groups in another order give the output in that order, the same bits", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const groups = new Random(c.seed).permutation(c.groups);
        const order = Uint32Array.from(
          { length: c.channels },
          (_, i) => groups[Math.floor(i / c.perGroup)]! * c.perGroup + (i % c.perGroup),
        );
        const [norm, other] = [make(c), make(c)];
        for (const parameter of other.parameters()) parameter.value = reorder(parameter.value, 0, order);
        const x = normal(c.shape, c.seed);
        expect(other.forward(reorder(x, 1, order)).data).toEqual(reorder(norm.forward(x), 1, order).data);
      }),
    );
  });

  test("a sample gets the same bits alone as in its batch, forward and backward", () => {
    fc.assert(
      fc.property(groupNormCase, (c) => {
        const norm = make(c);
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
      fc.property(groupNormCase, (c) => {
        expect(make(c).outputShape(c.shape)).toEqual(c.shape);
        expect(make(c).forward(normal(c.shape, c.seed)).shape).toEqual(c.shape);
      }),
    );
  });
});

describe("GroupNorm's options and numbers", () => {
  test("weight and bias are one a channel, ones and zeros; affine: false has none", () => {
    const state = new GroupNorm(2, 4).stateDict();
    expect(Object.entries(state).map(([key, { data }]) => [key, [...data]])).toEqual([
      ["weight", [1, 1, 1, 1]],
      ["bias", [0, 0, 0, 0]],
    ]);
    expect(new GroupNorm(2, 4, { affine: false }).parameters()).toEqual([]);
  });

  test("an infinite value spoils its own group only", () => {
    const x = new Tensor(Float32Array.of(Infinity, 1, 2, 4, 1, 2, 3, 4), [2, 4]);
    const y = new GroupNorm(2, 4).forward(x).data;
    expect([y[0], y[1]]).toEqual([NaN, NaN]);
    expect([...y.slice(2)].every(Number.isFinite)).toBe(true);
  });

  test("two samples of one value a group pass, as in torch, and are normalized to 0", () => {
    expect([...new GroupNorm(2, 2).forward(normal([2, 2], 1)).data]).toEqual([0, 0, 0, 0]);
  });
});

describe("GroupNorm's refusals", () => {
  test("wrong channels", () => {
    expectError(
      () => new GroupNorm(2, 4).forward(normal([2, 6, 3, 3], 1)),
      ShapeError,
      "GroupNorm expects 4 channels, but its input [2, 6, 3, 3] has 6. Usual cause: a layer made for another number of channels.",
    );
  });

  test("a wrong rank", () => {
    expectError(
      () => new GroupNorm(2, 4).forward(normal([4], 1)),
      ShapeError,
      "GroupNorm expects an input [N, C, …], but got [4]. Usual cause: a missing batch dimension: reshape one sample to [1, C, …].",
    );
  });

  test("one value per group, in eval mode too", () => {
    for (const norm of [new GroupNorm(4, 4), new GroupNorm(4, 4).eval()]) {
      expectError(
        () => norm.forward(normal([1, 4], 1)),
        ShapeError,
        "GroupNorm expects more than 1 value per group, but its input [1, 4] has 1. Usual cause: as many groups as channels, on an input without spatial dimensions.",
      );
    }
  });

  test("groups that do not divide the channels", () => {
    expectError(
      // @ts-expect-error the same sentence
      () => new GroupNorm(4, 6),
      ArgumentError,
      "GroupNorm expects numChannels to be a multiple of numGroups, but numChannels is 6 and numGroups is 4.",
    );
  });

  test("zero groups or channels, a negative eps, options that are no object", () => {
    expectError(
      () => new GroupNorm(0, 4),
      ArgumentError,
      "GroupNorm expects numGroups to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new GroupNorm(2, 0),
      ArgumentError,
      "GroupNorm expects numChannels to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new GroupNorm(2, 4, { eps: NaN }),
      ArgumentError,
      "GroupNorm expects eps to be a number ≥ 0, but got NaN.",
    );
    expectError(
      () => new GroupNorm(2, 4, 1e-5 as GroupNormOptions),
      ArgumentError,
      "GroupNorm expects its options to be an object of eps, affine, but got 0.00001. Usual cause: torch's positional arguments are named here.",
    );
  });
});
