import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conv2d } from "../../src/layers/conv2d.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { convCase, convolve, definitionOf, reorder, sample, withIntegers } from "../support/convolution.js";
import { expectClose } from "../support/fixtures.js";
import { expectGradients, integers, normal } from "../support/layers.js";
import { distance } from "../support/wasm.js";

type Case = typeof convCase extends fc.Arbitrary<infer T> ? T : never;

const make = ({ inChannels, outChannels, kernelSize, seed, shape: _shape, ...options }: Case) =>
  new Conv2d(inChannels, outChannels, kernelSize, { ...options, random: new Random(seed) });

const combine = (a: number, x: Tensor, b: number, z: Tensor) =>
  new Tensor(
    x.data.map((value, i) => a * value + b * z.data[i]! + 0), // + 0: no −0
    x.shape,
  );

describe("Conv2d, for any geometry", () => {
  test("gradients agree with differences within 1e-6", () => {
    fc.assert(fc.property(convCase, (c) => expectGradients(make(c), c.shape, { seed: c.seed })));
  });

  test("is the seven loops of its definition, exactly on small integers", () => {
    fc.assert(
      fc.property(convCase, (c) => {
        const conv = withIntegers(make(c), c.seed);
        const x = integers(c.shape, c.seed);
        const want = convolve(x, conv.weight.value, conv.bias?.value, definitionOf(c));
        const got = conv.forward(x);
        expect(got.shape).toEqual(want.shape);
        expect(got.data).toEqual(want.data);
      }),
    );
  });

  test("outputShape is the shape of the output, batched and unbatched", () => {
    fc.assert(
      fc.property(convCase, (c) => {
        const conv = make(c);
        const batched = conv.forward(normal(c.shape, c.seed)).shape;
        expect(conv.outputShape(c.shape)).toEqual(batched);
        expect(conv.outputShape(c.shape.slice(1))).toEqual(batched.slice(1));
      }),
    );
  });

  test("is linear in its input and in its weight, exactly on small integers", () => {
    fc.assert(
      fc.property(convCase, fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), (c, a, b) => {
        const conv = withIntegers(make({ ...c, bias: false }), c.seed);
        const [x, z] = [integers(c.shape, c.seed), integers(c.shape, c.seed + 1)];
        const y = conv.forward(x);
        expect(conv.forward(combine(a, x, b, z)).data).toEqual(combine(a, y, b, conv.forward(z)).data);

        const weight = conv.weight.value;
        const other = integers(weight.shape, c.seed + 2);
        conv.weight.value = other;
        const yOther = conv.forward(x);
        conv.weight.value = combine(a, weight, b, other);
        expect(conv.forward(x).data).toEqual(combine(a, y, b, yOther).data);
      }),
    );
  });

  test("gives an image the same bits alone, unbatched and anywhere in a batch, forward and backward", () => {
    fc.assert(
      fc.property(convCase, (c) => {
        const conv = make(c);
        const x = normal(c.shape, c.seed);
        const y = conv.forward(x);
        const dy = normal(y.shape, c.seed + 1);
        const dx = conv.backward(dy);
        for (let n = 0; n < c.shape[0]; n++) {
          expect(conv.forward(sample(x, n)).data).toEqual(sample(y, n).data);
          expect(conv.backward(sample(dy, n)).data).toEqual(sample(dx, n).data);
          const alone = conv.forward(new Tensor(sample(x, n).data, c.shape.slice(1)));
          expect(alone.shape).toEqual(y.shape.slice(1));
          expect(alone.data).toEqual(sample(y, n).data);
          expect(conv.backward(new Tensor(sample(dy, n).data, alone.shape)).shape).toEqual(c.shape.slice(1));
        }
      }),
    );
  });

  test("input channels in another order with the filters' channels in that order give the same output", () => {
    fc.assert(
      fc.property(convCase, (drawn) => {
        const c = { ...drawn, groups: 1 };
        const conv = withIntegers(make(c), c.seed);
        const x = integers(c.shape, c.seed);
        const y = conv.forward(x);
        const order = new Random(c.seed).permutation(c.inChannels);
        conv.weight.value = reorder(conv.weight.value, 1, order);
        expect(conv.forward(reorder(x, 1, order)).data).toEqual(y.data);
      }),
    );
  });

  test("filters in another order give the output channels in that order, the same bits", () => {
    fc.assert(
      fc.property(convCase, (drawn) => {
        const c = { ...drawn, groups: 1 };
        const conv = make(c);
        const x = normal(c.shape, c.seed);
        const y = conv.forward(x);
        const order = new Random(c.seed).permutation(c.outChannels);
        for (const parameter of conv.parameters()) parameter.value = reorder(parameter.value, 0, order);
        expect(conv.forward(x).data).toEqual(reorder(y, 1, order).data);
      }),
    );
  });

  test("groups are convolutions of their own: each sees its channels only", () => {
    fc.assert(
      fc.property(convCase, (c) => {
        const conv = withIntegers(make(c), c.seed);
        const x = integers(c.shape, c.seed);
        const [inGroup, outGroup] = [c.inChannels / c.groups, c.outChannels / c.groups];
        const y = conv.forward(x);
        const map = y.size / c.shape[0] / c.outChannels;
        for (let group = 0; group < c.groups; group++) {
          const own = x.data.map((value, i) => {
            const channel = Math.floor(i / (c.shape[2] * c.shape[3])) % c.inChannels;
            return Math.floor(channel / inGroup) === group ? value : 0;
          });
          const alone = conv.forward(new Tensor(own, c.shape));
          alone.data.forEach((value, i) => {
            const filter = Math.floor(i / map) % c.outChannels;
            const want = Math.floor(filter / outGroup) === group ? y.data[i]! : (conv.bias?.value.data[filter] ?? 0);
            expect(value).toBe(want);
          });
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("Conv2d's options", () => {
  test('"same" keeps the size for any kernel and dilation; the odd row and column of padding come after', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (kernel, dilation) => {
        const conv = new Conv2d(1, 1, kernel, { padding: "same", dilation });
        expect(conv.outputShape([2, 1, 4, 7])).toEqual([2, 1, 4, 7]);
      }),
    );
    const conv = new Conv2d(1, 1, 2, { padding: "same", bias: false });
    conv.weight.value.data.fill(1);
    const y = conv.forward(new Tensor(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2]));
    expect([...y.data]).toEqual([10, 6, 7, 4]);
  });

  test('"valid" is no padding', () => {
    const x = normal([1, 2, 6, 5], 1);
    const valid = new Conv2d(2, 3, 3, { padding: "valid", random: new Random(1) });
    const none = new Conv2d(2, 3, 3, { padding: 0, random: new Random(1) });
    expect(valid.forward(x).data).toEqual(none.forward(x).data);
  });

  test("padding modes show a row 1 2 3 as worked by hand", () => {
    const show = (paddingMode: "zeros" | "reflect" | "replicate" | "circular") => {
      const conv = new Conv2d(1, 1, 1, { padding: [0, 2], paddingMode, bias: false });
      conv.weight.value.data.fill(1);
      return [...conv.forward(new Tensor(Float32Array.of(1, 2, 3), [1, 1, 1, 3])).data];
    };
    expect(show("zeros")).toEqual([0, 0, 1, 2, 3, 0, 0]);
    expect(show("reflect")).toEqual([3, 2, 1, 2, 3, 2, 1]);
    expect(show("replicate")).toEqual([1, 1, 1, 2, 3, 3, 3]);
    expect(show("circular")).toEqual([2, 3, 1, 2, 3, 1, 2]);
  });

  test("circular padding may be as wide as the image, reflection one less", () => {
    const shape = [1, 1, 3, 3];
    expect(new Conv2d(1, 1, 1, { padding: 3, paddingMode: "circular" }).outputShape(shape)).toEqual([1, 1, 9, 9]);
    expect(new Conv2d(1, 1, 1, { padding: 2, paddingMode: "reflect" }).outputShape(shape)).toEqual([1, 1, 7, 7]);
    expect(new Conv2d(1, 1, 1, { padding: 9, paddingMode: "replicate" }).outputShape(shape)).toEqual([1, 1, 21, 21]);
  });

  test("any algorithm gives the same outputs and gradients within 5e-5, with any padding mode", () => {
    const modes = ["zeros", "reflect", "replicate", "circular"] as const;
    const windows = fc.constantFrom([3, 1], [5, 1], [4, 1], [3, 2], [4, 2], [7, 2]);
    const choice = fc.tuple(fc.constantFrom(...modes), fc.integer({ min: 8, max: 40 }), windows);
    fc.assert(
      fc.property(convCase, choice, (c, [paddingMode, channels, [kernel, stride]]) => {
        const run = (algorithm: "auto" | "im2col" | "winograd" | "direct") => {
          const options = { algorithm, paddingMode, stride, padding: 2, random: new Random(c.seed) };
          const conv = new Conv2d(c.inChannels, channels, kernel!, options);
          const y = conv.forward(normal(c.shape, c.seed));
          const dx = conv.backward(normal(y.shape, c.seed + 1));
          return [y, dx, ...conv.parameters().map(({ grad }) => grad)];
        };
        const expected = run("im2col");
        for (const algorithm of ["auto", "winograd", "direct"] as const) {
          run(algorithm).forEach((tensor, i) => {
            expect(distance(tensor.data, expected[i]!.data)).toBeLessThan(5e-5);
          });
        }
      }),
      { numRuns: 30 },
    );
  });

  test("winograd takes wide padding that is no zeros", () => {
    const run = (algorithm: "im2col" | "winograd") =>
      new Conv2d(2, 3, 3, { padding: 4, paddingMode: "circular", algorithm, random: new Random(1) }).forward(
        normal([1, 2, 6, 6], 1),
      );
    expect(distance(run("winograd").data, run("im2col").data)).toBeLessThan(5e-5);
  });

  test("a single number stands for both dimensions", () => {
    const one = new Conv2d(2, 4, 3, { stride: 2, padding: 1, dilation: 2, random: new Random(1) });
    const two = new Conv2d(2, 4, [3, 3], { stride: [2, 2], padding: [1, 1], dilation: [2, 2], random: new Random(1) });
    const x = normal([2, 2, 9, 8], 1);
    expect(one.forward(x).data).toEqual(two.forward(x).data);
  });

  test("bias: false has no bias parameter; without the option there is one", () => {
    expect(new Conv2d(2, 3, 3, { bias: false }).namedParameters().map(([key]) => key)).toEqual(["weight"]);
    expect(new Conv2d(2, 3, 3).namedParameters().map(([key, { value }]) => [key, value.shape])).toEqual([
      ["weight", [3, 2, 3, 3]],
      ["bias", [3]],
    ]);
  });

  test("weight and bias start uniform in ±1/√fanIn, the same numbers for the same generator", () => {
    const conv = new Conv2d(8, 64, [3, 5], { groups: 2, random: new Random(3) });
    const bound = 1 / Math.sqrt(4 * 3 * 5);
    for (const { value } of conv.parameters()) {
      const most = Math.max(...value.data.map(Math.abs));
      expect(most).toBeLessThanOrEqual(Math.fround(bound));
      expect(most).toBeGreaterThan(0.9 * bound);
      expect(Math.abs(value.data.reduce((a, b) => a + b) / value.size)).toBeLessThan(0.2 * bound);
    }
    const again = new Conv2d(8, 64, [3, 5], { groups: 2, random: new Random(3) });
    expect(again.weight.value.data).toEqual(conv.weight.value.data);
    expect(again.bias?.value.data).toEqual(conv.bias?.value.data);
  });

  test("a batch of no images gives no images, and a gradient of zero", () => {
    const conv = new Conv2d(2, 3, 3);
    expect(conv.forward(new Tensor(new Float32Array(0), [0, 2, 5, 5])).shape).toEqual([0, 3, 3, 3]);
    expect(conv.backward(new Tensor(new Float32Array(0), [0, 3, 3, 3])).shape).toEqual([0, 2, 5, 5]);
    expect(conv.weight.grad.data.every((g) => g === 0)).toBe(true);
  });

  test("multiplyAdds counts every product of the seven loops, and none for the bias", () => {
    expect(new Conv2d(1, 6, 5, { padding: 2 }).multiplyAdds([64, 1, 28, 28])).toBe(64 * 6 * 28 * 28 * 25);
    expect(new Conv2d(6, 9, 3, { groups: 3, bias: false }).multiplyAdds([2, 6, 5, 5])).toBe(2 * 9 * 3 * 3 * 2 * 9);
  });
});

describe("Conv2d's backward", () => {
  const x = normal([2, 2, 5, 5], 1);
  const dy = normal([2, 3, 3, 3], 2);

  test("adds to the gradients until zeroGrad", () => {
    const conv = new Conv2d(2, 3, 3);
    conv.forward(x);
    conv.backward(dy);
    const once = conv.parameters().map(({ grad }) => grad.clone());
    conv.forward(x);
    conv.backward(dy);
    conv.parameters().forEach(({ grad }, i) => {
      expectClose(grad, { shape: grad.shape, data: once[i]!.data.map((g) => 2 * g) }, "twice the gradient");
    });
    conv.zeroGrad();
    for (const { grad } of conv.parameters()) expect(grad.data.every((g) => g === 0)).toBe(true);
  });

  test("leaves frozen parameters without a gradient and the others unchanged", () => {
    for (const which of [0, 1]) {
      const free = new Conv2d(2, 3, 3, { random: new Random(1) });
      const half = new Conv2d(2, 3, 3, { random: new Random(1) });
      half.parameters()[which]!.requiresGrad = false;
      for (const conv of [free, half]) conv.forward(x);
      expect(half.backward(dy).data).toEqual(free.backward(dy).data);
      expect(half.parameters()[which]!.grad.data.every((g) => g === 0)).toBe(true);
      expect(half.parameters()[1 - which]!.grad.data).toEqual(free.parameters()[1 - which]!.grad.data);
    }
  });

  test("inputGradient: false returns nothing and gives the same parameter gradients", () => {
    const whole = new Conv2d(2, 3, 3, { random: new Random(1) });
    const half = new Conv2d(2, 3, 3, { random: new Random(1) });
    for (const conv of [whole, half]) conv.forward(x);
    whole.backward(dy);
    expect(half.backward(dy, { inputGradient: false })).toBeUndefined();
    expect(half.parameters().map(({ grad }) => grad.data)).toEqual(whole.parameters().map(({ grad }) => grad.data));
  });
});
