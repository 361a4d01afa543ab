/** Losses by their definitions: gradients by differences, values by plain formulas, and the identities between them. */
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { tensor } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  Loss,
  type LossResult,
  MSELoss,
  NLLLoss,
  SmoothL1Loss,
} from "../../src/train.js";
import { distinct, integers, normal } from "../support/layers.js";
import { double, expectLossGradient, logSoftmax, probabilities } from "../support/losses.js";

const seed = fc.integer();
const reduction = fc.constantFrom("mean" as const, "sum" as const, "none" as const);
const extent = fc.integer({ min: 1, max: 4 });
const shape = fc.array(extent, { maxLength: 4 });

/** Scores of any rank with labels, of which some are ignored, and any options. */
const classCase = fc
  .record({
    classes: fc.integer({ min: 1, max: 5 }),
    batch: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    pixels: fc.array(extent, { maxLength: 2 }),
    weighted: fc.boolean(),
    labelSmoothing: fc.constantFrom(0, 0.1, 0.5, 1),
    ignoreIndex: fc.constantFrom(undefined, 0, 255, -1),
    seed,
    reduction,
  })
  .map(({ classes, batch, pixels, weighted, labelSmoothing, ignoreIndex, seed, reduction }) => {
    const shape = batch === undefined ? [classes] : [batch, classes, ...pixels];
    const random = new Random(seed);
    const ignored = ignoreIndex ?? -100;
    const count = shape.reduce((product, size) => product * size, 1) / classes;
    const labels = Array.from({ length: count }, () => (random.integer(4) === 0 ? ignored : random.integer(classes)));
    const weight = Array.from({ length: classes }, () => random.uniform(0.5, 2));
    const options = { reduction, ...(weighted && { weight }), ...(ignoreIndex !== undefined && { ignoreIndex }) };
    const labelShape = batch === undefined ? [] : [batch, ...pixels];
    return { shape, labels, labelShape, classes, options, labelSmoothing, ignored, seed, logits: normal(shape, seed) };
  });

type ClassCase = typeof classCase extends fc.Arbitrary<infer T> ? T : never;

/** −Σ_c q[c]·log p[c] of each label, from log-probabilities, one row after another; and what the mean divides by. */
function definition(c: ClassCase, logP: Tensor, smoothing: number) {
  const rows = logP.shape.length === 1 ? logP.reshape([1, -1, 1]) : logP.reshape([logP.shape[0]!, c.classes, -1]);
  const weight = (k: number) => Math.fround(c.options.weight?.[k] ?? 1);
  const inner = rows.shape[2]!;
  let divisor = 0;
  const losses = c.labels.map((label, row) => {
    if (label === c.ignored) return 0;
    divisor += weight(label);
    let loss = 0;
    for (let k = 0; k < c.classes; k++) {
      const q = weight(k) * ((k === label ? 1 - smoothing : 0) + smoothing / c.classes);
      if (q !== 0) loss -= q * rows.at(Math.floor(row / inner), k, row % inner);
    }
    return loss;
  });
  return { losses, divisor };
}

function expectReduced(got: number | Tensor, losses: number[], divisor: number, labelShape: number[]): void {
  if (got instanceof Tensor) {
    expect(got.shape).toEqual(labelShape);
    for (const [i, loss] of losses.entries()) expect(got.data[i]).toBeCloseTo(loss, 10);
  } else {
    const want = losses.reduce((sum, loss) => sum + loss, 0) / divisor;
    if (Number.isNaN(want)) expect(got).toBeNaN();
    else expect(got).toBeCloseTo(want, 10);
  }
}

describe("CrossEntropyLoss", () => {
  test("gradient agrees with differences within 1e-6, for any rank, weights, smoothing, ignored labels and reduction", () => {
    fc.assert(
      fc.property(classCase, ({ logits, labels, options, labelSmoothing, seed, ignored }) => {
        fc.pre(options.reduction !== "mean" || labels.some((label) => label !== ignored));
        expectLossGradient(new CrossEntropyLoss({ ...options, labelSmoothing }), logits, labels, seed);
      }),
    );
  });

  test("gradient of class probabilities agrees with differences within 1e-6", () => {
    fc.assert(
      fc.property(classCase, ({ logits, options, labelSmoothing, shape, seed }) => {
        const loss = new CrossEntropyLoss({ ...options, labelSmoothing, ignoreIndex: -100 });
        expectLossGradient(loss, logits, probabilities(shape, seed + 1), seed);
      }),
    );
  });

  test("value is −Σ q·log softmax by its definition, with torch's mean over the labels' weights", () => {
    fc.assert(
      fc.property(classCase, (c) => {
        const loss = new CrossEntropyLoss({ ...c.options, labelSmoothing: c.labelSmoothing });
        const { losses, divisor } = definition(c, logSoftmax(double(c.logits)), c.labelSmoothing);
        const got = loss.forward(double(c.logits), c.labels);
        expectReduced(got, losses, c.options.reduction === "mean" ? divisor : 1, c.labelShape);
      }),
    );
  });

  test("is NLLLoss after log softmax, in value and gradient", () => {
    fc.assert(
      fc.property(classCase, ({ logits, labels, options, ignored }) => {
        fc.pre(labels.some((label) => label !== ignored));
        const one = new CrossEntropyLoss({ ...options, reduction: "mean" });
        const two = new NLLLoss({ ...options, reduction: "mean" });
        const x = double(logits);
        const logP = logSoftmax(x);
        expect(one.forward(x, labels)).toBeCloseTo(two.forward(logP, labels), 10);
        const g = two.backward();
        const dim = x.shape.length === 1 ? 0 : 1;
        const dx = g.sub(logP.exp().mul(g.sum(dim, { keepDims: true }))); // backward of log softmax
        expect(one.backward().allClose(dx, { atol: 1e-12 })).toBe(true);
      }),
    );
  });

  test("label smoothing s is the mixture (1 − s)·labels + s·even probabilities", () => {
    fc.assert(
      fc.property(classCase, ({ logits, labels, options, labelSmoothing: s, classes, shape, ignored }) => {
        fc.pre(labels.every((label) => label !== ignored));
        const sum = { ...options, ignoreIndex: -100, reduction: "sum" as const };
        const even = new Tensor(new Float64Array(logits.size).fill(1 / classes), shape);
        const [smooth, plain] = [new CrossEntropyLoss({ ...sum, labelSmoothing: s }), new CrossEntropyLoss(sum)];
        const x = double(logits);
        const got = smooth.forward(x, labels);
        expect(got).toBeCloseTo((1 - s) * plain.forward(x, labels) + s * plain.forward(x, even), 9);
      }),
    );
  });

  test("one-hot probabilities give what labels give", () => {
    fc.assert(
      fc.property(classCase, ({ logits, labels, options, labelSmoothing, shape, labelShape, ignored }) => {
        fc.pre(labels.every((label) => label !== ignored));
        const loss = new CrossEntropyLoss({ ...options, ignoreIndex: -100, labelSmoothing, reduction: "none" });
        const x = double(logits);
        const inner = shape.slice(2).reduce((product, size) => product * size, 1);
        const classes = shape.length === 1 ? shape[0]! : shape[1]!;
        const hot = x.map((_, i) => {
          const row = Math.floor(i / (classes * inner)) * inner + (i % inner);
          return +(labels[row] === Math.floor(i / inner) % classes);
        });
        const [one, two] = [loss.forward(x, labels), loss.forward(x, hot)];
        expect(one.shape).toEqual(labelShape);
        expect(one.allClose(two, { atol: 1e-12 })).toBe(true);
      }),
    );
  });

  test("labels mean the same in a number[], Int32Array, Uint8Array, flat Tensor and Tensor of the labels' shape", () => {
    const logits = normal([2, 5, 2, 3], 1);
    const labels = [0, 1, 2, 3, 4, 0, 4, 3, 2, 1, 0, 1];
    const kinds = [Int32Array.from(labels), Uint8Array.from(labels), tensor(labels), tensor(labels, [2, 2, 3])];
    const loss = new CrossEntropyLoss();
    const want = loss.forward(logits, labels);
    for (const kind of kinds) expect(loss.forward(logits, kind)).toBe(want);
  });

  test("logits of any size give finite losses and gradients, exact at the extremes", () => {
    const loss = new CrossEntropyLoss({ reduction: "none" });
    const huge = tensor([1e30, 0, -1e30, 3e38, -3e38, 3e38, 1000, 1001, 999], [3, 3]);
    const losses = loss.forward(huge, [0, 0, 1]);
    expect(losses.data[0]).toBe(0);
    expect(losses.data[1]).toBeCloseTo(Math.log(2), 6);
    expect(losses.data[2]).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 6);
    const gradient = loss.backward(tensor([1, 1, 1]));
    expect([...gradient.data.subarray(0, 6)]).toEqual([0, 0, 0, -0.5, 0, 0.5]);
  });

  test("adding a constant to all logits changes nothing", () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: -1e6, max: 1e6 }), (seed, constant) => {
        const x = integers([3, 4], seed);
        const loss = new CrossEntropyLoss();
        const before = loss.forward(x, [0, 1, 2]);
        const gradient = loss.backward();
        expect(loss.forward(x.add(constant), [0, 1, 2])).toBe(before);
        expect(loss.backward().equals(gradient)).toBe(true);
      }),
    );
  });

  test("a class of logit −Infinity has probability 0 and gradient 0; NaN stays in its row", () => {
    const loss = new CrossEntropyLoss({ reduction: "none" });
    const losses = loss.forward(tensor([0, -Infinity, 0, Number.NaN, 1, 1], [2, 3]), [0, 1]);
    expect(losses.data[0]).toBeCloseTo(Math.log(2), 6);
    expect(losses.data[1]).toBeNaN();
    const gradient = loss.backward(tensor([1, 1]));
    expect([...gradient.data.subarray(0, 3)]).toEqual([-0.5, 0, 0.5]);
    expect([...gradient.data.subarray(3)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  test("the mean of ignored labels alone is NaN with gradient 0, the sum is 0", () => {
    const logits = normal([2, 3], 1);
    const mean = new CrossEntropyLoss({ ignoreIndex: 1 });
    expect(mean.forward(logits, [1, 1])).toBeNaN();
    expect([...mean.backward().data]).toEqual([0, 0, 0, 0, 0, 0]);
    const sum = new CrossEntropyLoss({ ignoreIndex: 1, reduction: "sum" });
    expect(sum.forward(logits, [1, 1])).toBe(0);
    expect(new NLLLoss({ ignoreIndex: 1 }).forward(logits, [1, 1])).toBeNaN();
  });

  test("an empty batch has the mean NaN, the sum 0 and an empty gradient", () => {
    const empty = new Tensor(new Float32Array(0), [0, 3]);
    const mean = new CrossEntropyLoss();
    expect(mean.forward(empty, [])).toBeNaN();
    expect(mean.backward().shape).toEqual([0, 3]);
    expect(new CrossEntropyLoss({ reduction: "sum" }).forward(empty, [])).toBe(0);
    expect(new MSELoss().forward(empty, empty)).toBeNaN();
  });

  test("float32 logits give the double result within 1e-6", () => {
    const x = normal([8, 10, 3], 3);
    const labels = Array.from({ length: 24 }, (_, i) => i % 10);
    const loss = new CrossEntropyLoss({ labelSmoothing: 0.1 });
    const wide = loss.forward(double(x), labels);
    const gradient = loss.backward();
    expect(loss.forward(x, labels)).toBeCloseTo(wide, 6);
    expect(loss.backward().allClose(gradient, { atol: 1e-8, rtol: 1e-6 })).toBe(true);
  });
});

describe("NLLLoss", () => {
  test("gradient agrees with differences within 1e-6, for any rank, weights, ignored labels and reduction", () => {
    fc.assert(
      fc.property(classCase, ({ logits, labels, options, seed, ignored }) => {
        fc.pre(options.reduction !== "mean" || labels.some((label) => label !== ignored));
        expectLossGradient(new NLLLoss(options), logits, labels, seed);
      }),
    );
  });

  test("value is −weight·x[label] by its definition", () => {
    fc.assert(
      fc.property(classCase, (c) => {
        const { losses, divisor } = definition(c, double(c.logits), 0);
        const got = new NLLLoss(c.options).forward(double(c.logits), c.labels);
        expectReduced(got, losses, c.options.reduction === "mean" ? divisor : 1, c.labelShape);
      }),
    );
  });
});

/** Every elementwise loss with its definition; `draw` gives inputs away from kinks. */
const elementwise = [
  {
    name: "MSELoss",
    make: (options: object) => new MSELoss(options),
    draw: (shape: number[], seed: number) => [normal(shape, seed), normal(shape, seed + 1)] as const,
    value: (x: number, t: number) => (x - t) ** 2,
  },
  {
    name: "L1Loss",
    make: (options: object) => new L1Loss(options),
    draw: (shape: number[], seed: number) => [distinct(shape, seed), integers(shape, seed)] as const,
    value: (x: number, t: number) => Math.abs(x - t),
  },
  ...[0, 0.125, 1, 2.5].map((beta) => ({
    name: `SmoothL1Loss with beta ${beta}`,
    make: (options: object) => new SmoothL1Loss({ ...options, beta }),
    draw: (shape: number[], seed: number) => [distinct(shape, seed), integers(shape, seed)] as const,
    value: (x: number, t: number) => (Math.abs(x - t) < beta ? (x - t) ** 2 / (2 * beta) : Math.abs(x - t) - beta / 2),
  })),
  ...[0.25, 1, 3].map((delta) => ({
    name: `HuberLoss with delta ${delta}`,
    make: (options: object) => new HuberLoss({ ...options, delta }),
    draw: (shape: number[], seed: number) => [distinct(shape, seed), integers(shape, seed)] as const,
    value: (x: number, t: number) =>
      Math.abs(x - t) < delta ? (x - t) ** 2 / 2 : delta * (Math.abs(x - t) - delta / 2),
  })),
  {
    name: "BCELoss",
    make: (options: object) => new BCELoss(options),
    draw: (shape: number[], seed: number) =>
      [normal(shape, seed).sigmoid(), normal(shape, seed + 1).sigmoid()] as const,
    value: (x: number, t: number) => -t * Math.log(x) - (1 - t) * Math.log(1 - x),
  },
  {
    name: "BCEWithLogitsLoss",
    make: (options: object) => new BCEWithLogitsLoss(options),
    draw: (shape: number[], seed: number) => [normal(shape, seed), normal(shape, seed + 1).sigmoid()] as const,
    value: (x: number, t: number) => t * Math.log(1 + Math.exp(-x)) + (1 - t) * Math.log(1 + Math.exp(x)),
  },
  {
    name: "KLDivLoss",
    make: (options: object) => new KLDivLoss(options),
    draw: (shape: number[], seed: number) => [normal(shape, seed), normal(shape, seed + 1).sigmoid()] as const,
    value: (x: number, t: number) => t * (Math.log(t) - x),
  },
  {
    name: "KLDivLoss with logTarget",
    make: (options: object) => new KLDivLoss({ ...options, logTarget: true }),
    draw: (shape: number[], seed: number) => [normal(shape, seed), normal(shape, seed + 1)] as const,
    value: (x: number, t: number) => Math.exp(t) * (t - x),
  },
];

describe.each(elementwise)("$name", ({ make, draw, value }) => {
  test("gradient agrees with differences within 1e-6, for any shape and reduction", () => {
    fc.assert(
      fc.property(shape, reduction, seed, (shape, reduction, seed) => {
        const [x, target] = draw(shape, seed);
        expectLossGradient(make({ reduction }), x, target, seed);
      }),
    );
  });

  test("value is its definition, averaged, summed, or one an element", () => {
    fc.assert(
      fc.property(shape, seed, (shape, seed) => {
        const [x, target] = draw(shape, seed).map(double) as [Tensor, Tensor];
        const losses = [...x.data].map((p, i) => value(p, target.data[i]!));
        expectReduced(make({}).forward(x, target), losses, x.size, shape);
        expectReduced(make({ reduction: "sum" }).forward(x, target), losses, 1, shape);
        expectReduced(make({ reduction: "none" }).forward(x, target) as unknown as Tensor, losses, 1, shape);
      }),
    );
  });
});

describe("weights of the binary losses", () => {
  /** Any shape, and a weight's shape that broadcasts to it. */
  const weighted = fc
    .tuple(fc.array(fc.tuple(extent, fc.boolean()), { minLength: 1, maxLength: 3 }), fc.nat(2), seed, reduction)
    .map(([dims, dropped, seed, reduction]) => ({
      shape: dims.map(([size]) => size),
      weightShape: dims.map(([size, whole]) => (whole ? size : 1)).slice(Math.min(dropped, dims.length)),
      seed,
      reduction,
    }));

  test("BCELoss: a weight that broadcasts multiplies each loss; gradient agrees with differences", () => {
    fc.assert(
      fc.property(weighted, ({ shape, weightShape, seed, reduction }) => {
        const weight = normal(weightShape, seed + 2);
        const x = double(normal(shape, seed).sigmoid());
        const target = double(normal(shape, seed + 1).sigmoid());
        const none = new BCELoss({ reduction: "none", weight }).forward(x, target);
        const plain = new BCELoss({ reduction: "none" }).forward(x, target);
        expect(none.allClose(plain.mul(weight), { atol: 1e-12 })).toBe(true);
        expectLossGradient(new BCELoss({ reduction, weight }), x, target, seed);
      }),
    );
  });

  test("BCEWithLogitsLoss: weight and posWeight broadcast, and posWeight multiplies the positive part", () => {
    fc.assert(
      fc.property(weighted, ({ shape, weightShape, seed, reduction }) => {
        const weight = normal(weightShape, seed + 2);
        const posWeight = double(normal(weightShape, seed + 3)).exp();
        const x = double(normal(shape, seed));
        const t = double(normal(shape, seed + 1).sigmoid());
        const none = new BCEWithLogitsLoss({ reduction: "none", weight, posWeight }).forward(x, t);
        const positive = t.mul(posWeight).mul(x.sigmoid().log().neg());
        const negative = t.neg().add(1).mul(x.neg().sigmoid().log().neg());
        expect(none.allClose(positive.add(negative).mul(weight), { atol: 1e-10 })).toBe(true);
        expectLossGradient(new BCEWithLogitsLoss({ reduction, weight, posWeight }), x, t, seed);
      }),
    );
  });
});

describe("edges that torch defines", () => {
  test("BCEWithLogitsLoss of any logit is finite: 1000 costs 1000 where wrong, 0 where right", () => {
    const loss = new BCEWithLogitsLoss({ reduction: "none" });
    expect([...loss.forward(tensor([1000, 1000, -1000, -1000]), tensor([1, 0, 0, 1])).data]).toEqual([
      0, 1000, 0, 1000,
    ]);
    expect([...loss.backward(tensor([1, 1, 1, 1])).data]).toEqual([0, 1, 0, -1]);
  });

  test("BCELoss of a wrong certainty costs 100 and has a finite gradient", () => {
    const loss = new BCELoss({ reduction: "none" });
    expect([...loss.forward(tensor([0, 1]), tensor([1, 0])).data]).toEqual([100, 100]);
    expect([...loss.backward(tensor([1, 1])).data]).toEqual([Math.fround(-1e12), Math.fround(1e12)]);
  });

  test("L1Loss has the derivative 0 where prediction and target are equal", () => {
    const loss = new L1Loss({ reduction: "sum" });
    expect(loss.forward(tensor([1, 2]), tensor([1, 1]))).toBe(1);
    expect([...loss.backward().data]).toEqual([0, 1]);
  });

  test("SmoothL1Loss and HuberLoss meet at their kink, from both sides", () => {
    for (const loss of [new SmoothL1Loss({ beta: 2 }), new HuberLoss({ delta: 2 })]) {
      const at = (x: number) => [loss.forward(tensor([x]), tensor([0])), loss.backward().data[0]!] as const;
      const [value, slope] = at(2);
      expect(at(2 - 1e-6)[0]).toBeCloseTo(value, 4);
      expect(at(2 - 1e-6)[1]).toBeCloseTo(slope, 4);
    }
  });

  test("HuberLoss is delta · SmoothL1Loss with beta = delta", () => {
    const [x, t] = [double(normal([5, 3], 1)), double(normal([5, 3], 2))];
    const [huber, smooth] = [new HuberLoss({ delta: 0.7 }), new SmoothL1Loss({ beta: 0.7 })];
    expect(huber.forward(x, t)).toBeCloseTo(0.7 * smooth.forward(x, t), 10);
    expect(huber.backward().allClose(smooth.backward().mul(0.7))).toBe(true);
  });

  test("KLDivLoss takes 0 · log 0 as 0, and batchmean divides by the batch", () => {
    const x = logSoftmax(double(normal([4, 3], 1)));
    const loss = new KLDivLoss({ reduction: "sum" });
    expect(loss.forward(tensor([-1, -2]), tensor([0, 1]))).toBe(2);
    const sum = loss.forward(x, probabilities([4, 3], 2));
    const gradient = loss.backward();
    const batchmean = new KLDivLoss({ reduction: "batchmean" });
    expect(batchmean.forward(x, probabilities([4, 3], 2))).toBeCloseTo(sum / 4, 12);
    expect(batchmean.backward().allClose(gradient.div(4))).toBe(true);
  });

  test("KLDivLoss of a distribution from itself is 0, also with logTarget", () => {
    const p = probabilities([4, 3], 2);
    expect(new KLDivLoss().forward(p.log(), p)).toBeCloseTo(0, 12);
    expect(new KLDivLoss({ logTarget: true }).forward(p.log(), p.log())).toBeCloseTo(0, 12);
  });

  test("NaN in the prediction makes the loss NaN", () => {
    const [x, t] = [tensor([Number.NaN, 1]), tensor([1, 0])];
    for (const loss of [new MSELoss(), new L1Loss(), new SmoothL1Loss(), new HuberLoss(), new BCEWithLogitsLoss()]) {
      expect(loss.forward(x, t), loss.name).toBeNaN();
    }
  });
});

describe("the contract of every loss", () => {
  test("backward's gradient belongs to the caller, and a prediction that changes after forward does not change it", () => {
    const x = normal([2, 3], 1);
    const loss = new CrossEntropyLoss();
    loss.forward(x, [0, 1]);
    const want = loss.backward();
    loss.forward(x, [0, 1]);
    x.data.fill(9);
    const got = loss.backward();
    expect(got.equals(want)).toBe(true);
    want.data.fill(7);
    expect(got.data.includes(7)).toBe(false);
  });

  test("each backward uses up one forward, and a forward that fails leaves the one before it waiting", () => {
    const loss = new MSELoss();
    loss.forward(tensor([3]), tensor([1]));
    // @ts-expect-error two targets for one prediction do not compile either
    expect(() => loss.forward(tensor([3]), tensor([1, 2]))).toThrow();
    expect([...loss.backward().data]).toEqual([4]);
    expect(() => loss.backward()).toThrow(
      "MSELoss.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after two forwards, of which a loss keeps the last.",
    );
  });

  test("a backward that refuses dy leaves its forward waiting", () => {
    const loss = new MSELoss({ reduction: "none" });
    loss.forward(tensor([3, 0]), tensor([1, 0]));
    expect(() => loss.backward(tensor([1]))).toThrow(
      'MSELoss.backward expects the gradient of its losses [2], but got [1]. Usual cause: reduction "none", where "mean" was meant.',
    );
    expect(() => (loss as unknown as MSELoss).backward()).toThrow("but got none.");
    expect([...loss.backward(tensor([1, 1])).data]).toEqual([4, 0]);
  });

  test("the reduction decides the type of what forward returns and what backward takes", () => {
    expectTypeOf(new MSELoss().forward).returns.toEqualTypeOf<number>();
    expectTypeOf(new CrossEntropyLoss({ labelSmoothing: 0.1 }).forward).returns.toEqualTypeOf<number>();
    expectTypeOf(new KLDivLoss({ reduction: "batchmean" }).forward).returns.toEqualTypeOf<number>();
    const none = new NLLLoss({ reduction: "none" });
    expectTypeOf(none.forward).returns.toEqualTypeOf<Tensor>();
    expectTypeOf(none.backward).parameters.toEqualTypeOf<[dy: Tensor]>();
    expectTypeOf(new MSELoss().backward).parameters.toEqualTypeOf<[]>();
  });

  test("a loss of one's own needs compute alone", () => {
    class Hinge extends Loss<Tensor, "none"> {
      protected compute(x: Tensor, t: Tensor): LossResult {
        const slack = x.mul(t).neg().add(1);
        return { value: slack.relu(), gradient: slack.gt(0).mul(t).neg() };
      }
    }
    const loss = new Hinge("Hinge", { reduction: "none" });
    expect([...loss.forward(tensor([2, 0.5]), tensor([1, -1])).data]).toEqual([0, 1.5]);
    expect([...loss.backward(tensor([1, 2])).data]).toEqual([-0, 2]);
  });
});
