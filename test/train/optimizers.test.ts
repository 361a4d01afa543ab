/** Optimizers by closed forms of their first steps, by what they must be equal to, and by where they end up. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Parameter } from "../../src/graph/parameter.js";
import { tensor } from "../../src/tensor/create.js";
import { Tensor } from "../../src/tensor/tensor.js";
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  type Optimizer,
  type OptimizerOptions,
  RAdam,
  RMSprop,
  Rprop,
  SGD,
  StepLR,
} from "../../src/train.js";
import { normal } from "../support/layers.js";
import { type MakeOptimizer, OPTIMIZERS } from "../support/optimizers.js";

const seed = fc.integer();
const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });

/** A parameter in double precision, so that closed forms hold to the last digits. */
function parameter(value: Tensor, name = "weight"): Parameter {
  return new Parameter(name, value.clone().to("float64"));
}

/** Takes one step along `gradient`; returns the new value. */
function step(optimizer: Optimizer, p: Parameter, gradient: Tensor): Tensor {
  p.grad.data.set(gradient.data);
  optimizer.step();
  return p.value.clone();
}

/** Runs two optimizers along the same random gradients and expects the same values after each step, within 1e-12. */
function expectSame(one: (p: Parameter) => Optimizer, two: (p: Parameter) => Optimizer, seed: number): void {
  const start = normal([3, 2], seed);
  const [p, q] = [parameter(start), parameter(start)];
  const [first, second] = [one(p), two(q)];
  for (let t = 0; t < 5; t++) {
    const gradient = normal([3, 2], seed + t);
    expect(step(first, p, gradient).allClose(step(second, q, gradient), { atol: 1e-12, rtol: 1e-12 })).toBe(true);
  }
}

describe("the first step", () => {
  /** What one step along g from p gives, by hand, for each optimizer's defaults but the options. */
  const forms: [name: string, make: MakeOptimizer, form: (p: number, g: number) => number][] = [
    ["SGD: p − lr·g", (p) => new SGD(p, { lr: 0.1 }), (p, g) => p - 0.1 * g],
    ["SGD by default: lr 0.001", (p) => new SGD(p), (p, g) => p - 0.001 * g],
    [
      "SGD with weight decay: p − lr·(g + wd·p)",
      (p) => new SGD(p, { lr: 0.1, weightDecay: 0.3 }),
      (p, g) => p - 0.1 * (g + 0.3 * p),
    ],
    [
      "SGD with momentum and dampening: p − lr·g, undampened",
      (p) => new SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.5 }),
      (p, g) => p - 0.1 * g,
    ],
    [
      "SGD with nesterov: p − lr·(1 + momentum)·g",
      (p) => new SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true }),
      (p, g) => p - 0.1 * 1.9 * g,
    ],
    ["SGD maximizing: p + lr·g", (p) => new SGD(p, { lr: 0.1, maximize: true }), (p, g) => p + 0.1 * g],
    ["Adam: p − lr·g/(|g| + eps)", (p) => new Adam(p), (p, g) => p - (0.001 * g) / (Math.abs(g) + 1e-8)],
    [
      "Adam with amsgrad: the same",
      (p) => new Adam(p, { amsgrad: true, eps: 0.1 }),
      (p, g) => p - (0.001 * g) / (Math.abs(g) + 0.1),
    ],
    [
      "Adam with weight decay: the decay is in the sign",
      (p) => new Adam(p, { lr: 0.1, weightDecay: 0.3 }),
      (p, g) => p - (0.1 * (g + 0.3 * p)) / (Math.abs(g + 0.3 * p) + 1e-8),
    ],
    [
      "AdamW: p·(1 − lr·0.01) − lr·g/(|g| + eps)",
      (p) => new AdamW(p, { lr: 0.1 }),
      (p, g) => p * (1 - 0.1 * 0.01) - (0.1 * g) / (Math.abs(g) + 1e-8),
    ],
    ["Adamax: p − lr·g/(|g| + eps)", (p) => new Adamax(p), (p, g) => p - (0.002 * g) / (Math.abs(g) + 1e-8)],
    ["RAdam: p − lr·g, not yet rectified", (p) => new RAdam(p, { lr: 0.1 }), (p, g) => p - 0.1 * g],
    [
      "RAdam with decoupled decay: p·(1 − lr·wd) − lr·g",
      (p) => new RAdam(p, { lr: 0.1, weightDecay: 0.3, decoupledWeightDecay: true }),
      (p, g) => p * 0.97 - 0.1 * g,
    ],
    [
      "RMSprop: p − lr·g/(√(1 − α)·|g| + eps)",
      (p) => new RMSprop(p),
      (p, g) => p - (0.01 * g) / (0.1 * Math.abs(g) + 1e-8),
    ],
    [
      "RMSprop centered: √((1 − α)·α)·|g| below",
      (p) => new RMSprop(p, { centered: true, alpha: 0.8 }),
      (p, g) => p - (0.01 * g) / (0.4 * Math.abs(g) + 1e-8),
    ],
    ["Adagrad: p − lr·g/(|g| + eps)", (p) => new Adagrad(p), (p, g) => p - (0.01 * g) / (Math.abs(g) + 1e-10)],
    [
      "Adagrad from an initial sum: √(sum + g²) below",
      (p) => new Adagrad(p, { initialAccumulatorValue: 2, lrDecay: 0.5 }),
      (p, g) => p - (0.01 * g) / (Math.sqrt(2 + g * g) + 1e-10),
    ],
    [
      "Adadelta: p − g·√eps/√((1 − ρ)·g² + eps)",
      (p) => new Adadelta(p),
      (p, g) => p - (g * 1e-3) / Math.sqrt((1 - 0.9) * g * g + 1e-6),
    ],
    ["Rprop: p − lr·sign g", (p) => new Rprop(p), (p, g) => p - 0.01 * Math.sign(g)],
  ];

  test.each(forms)("%s", (_, make, form) => {
    fc.assert(
      fc.property(shape, seed, (shape, seed) => {
        const [start, gradient] = [normal(shape, seed), normal(shape, seed + 1)];
        const p = parameter(start);
        const got = step(make([p]), p, gradient);
        const want = start.to("float64").map((value, i) => form(value, gradient.data[i]!));
        expect(got.allClose(want, { atol: 1e-12, rtol: 1e-10 })).toBe(true);
      }),
    );
  });
});

describe("equivalences, over five steps", () => {
  const same = (name: string, one: (p: Parameter) => Optimizer, two: (p: Parameter) => Optimizer) =>
    test(name, () =>
      fc.assert(
        fc.property(seed, (seed) => expectSame(one, two, seed)),
        { numRuns: 20 },
      ),
    );

  same(
    "AdamW without decay is Adam",
    (p) => new AdamW([p], { weightDecay: 0, lr: 0.1 }),
    (p) => new Adam([p], { lr: 0.1 }),
  );
  same(
    "SGD's dampening without momentum changes nothing",
    (p) => new SGD([p], { lr: 0.1, momentum: 0, dampening: 0.7 }),
    (p) => new SGD([p], { lr: 0.1 }),
  );
  same(
    "maximizing is descending along the negative gradient",
    (p) => new Adam([p], { lr: 0.1, maximize: true }),
    (p) => {
      const inner = new Adam([p], { lr: 0.1 });
      const { step } = inner;
      inner.step = () => {
        p.grad.data.set(p.grad.neg().data);
        step.call(inner);
      };
      return inner;
    },
  );
  same(
    "RMSprop without memory is Adagrad's first step each time: alpha 0",
    (p) => new RMSprop([p], { lr: 0.1, alpha: 0, eps: 1e-10 }),
    (p) => {
      const fresh = { step: () => new Adagrad([p], { lr: 0.1 }).step() };
      return fresh as unknown as Optimizer;
    },
  );
  same(
    "Adam with β₁ = 0 divides as RMSprop, but for the correction of the start",
    (p) => new Adam([p], { lr: 0.1, betas: [0, 0.9], eps: 0 }),
    (p) => {
      const inner = new RMSprop([p], { alpha: 0.9, eps: 0 });
      let t = 0;
      const { step } = inner;
      inner.step = () => {
        t++;
        inner.lr = 0.1 * Math.sqrt(1 - 0.9 ** t);
        step.call(inner);
      };
      return inner;
    },
  );

  test("SGD with momentum 0.9 along a constant gradient reaches 10 times the step of plain SGD", () => {
    const p = parameter(tensor([0]));
    const optimizer = new SGD([p], { lr: 1, momentum: 0.9 });
    for (let t = 0; t < 400; t++) step(optimizer, p, tensor([1]));
    const before = p.value.data[0]!;
    expect(before - step(optimizer, p, tensor([1])).data[0]!).toBeCloseTo(10, 10);
  });

  test("amsgrad never divides by less than before", () => {
    const p = parameter(tensor([0]));
    const optimizer = new Adam([p], { lr: 1, betas: [0, 0.5], amsgrad: true, eps: 0 });
    step(optimizer, p, tensor([100]));
    const before = p.value.data[0]!;
    const after = step(optimizer, p, tensor([1])).data[0]!;
    expect(before - after).toBeCloseTo(1 / Math.sqrt(5000 / 0.75), 12); // v stays 5000, corrected by 1 − 0.5²
  });

  test("RAdam rectifies from its sixth step on: r = 0 until ρ exceeds 5", () => {
    const p = parameter(tensor([0]));
    const optimizer = new RAdam([p], { lr: 1, eps: 0 });
    const moves = Array.from({ length: 7 }, () => {
      const before = p.value.data[0]!;
      return before - step(optimizer, p, tensor([4])).data[0]!;
    });
    for (const move of moves.slice(0, 5)) expect(move).toBeCloseTo(4, 12); // plain momentum of a constant gradient
    expect(moves[5]).toBeLessThan(0.1);
    expect(moves[5]).toBeGreaterThan(0);
  });

  test("Rprop grows a step by 1.2 while the sign stays, halves it and rests when it flips", () => {
    const p = parameter(tensor([0]));
    const optimizer = new Rprop([p], { lr: 1 });
    const path = [1, 1, -1, -1].map((g) => step(optimizer, p, tensor([g])).data[0]!);
    [-1, -2.2, -2.2, -1.6].forEach((want, i) => {
      expect(path[i]).toBeCloseTo(want, 12);
    });
  });

  test("Rprop keeps step sizes between its bounds", () => {
    const p = parameter(tensor([0]));
    const optimizer = new Rprop([p], { lr: 1, stepSizes: [0.9, 1.1] });
    const path = [1, 1, -1, -1].map((g) => step(optimizer, p, tensor([g])).data[0]!);
    expect(path[1]).toBeCloseTo(-2.1, 12);
    expect(path[3]).toBeCloseTo(-1.2, 12);
  });
});

describe.each(OPTIMIZERS)("%s", (_, make) => {
  test("finds the minimum of a quadratic, within 0.02 after 1500 steps", () => {
    const target = normal([4], 3);
    const curvature = tensor([0.5, 1, 2, 4]);
    const p = new Parameter("p", normal([4], 5));
    const optimizer = make([p]);
    for (const group of optimizer.groups) Object.assign(group, "weightDecay" in group && { weightDecay: 0 });
    for (let t = 0; t < 1500; t++) {
      if (t === 1000) optimizer.lr /= 10;
      step(optimizer, p, p.value.sub(target).mul(curvature));
    }
    expect(p.value.sub(target).abs().max().item()).toBeLessThan(0.02);
  });

  const group = fc.record({ sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }), factor: fc.constantFrom(0.5, 1) }); // biome-ignore format: one line
  test("continues to the same bits from a saved state, in any groups, precision and state of a run, through JSON or not", () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 3 }),
        fc.record({ before: fc.nat(6), after: fc.nat(6), seed, json: fc.boolean(), dtype: fc.constantFrom("float32", "float64"), frozen: fc.nat(3) }), // biome-ignore format: one line
        (shapes, { before, after, seed, json, dtype, frozen }) => {
          const fresh = () => {
            const groups = shapes.map(({ sizes, factor }, g) => ({
              parameters: sizes.map((size, i) => new Parameter("p", normal([2, size], seed + 10 * g + i).to(dtype))),
              lr: 0.05 * factor,
            }));
            const parameters = groups.flatMap(({ parameters }) => parameters);
            // One is frozen at first, so that states differ in their steps.
            parameters.forEach((p, i) => {
              p.requiresGrad = i !== frozen;
            });
            return { parameters, optimizer: make(groups) };
          };
          const advance = ({ parameters, optimizer }: ReturnType<typeof fresh>, from: number, to: number) => {
            for (let t = from; t < to; t++) {
              if (t === 2) for (const p of parameters) p.requiresGrad = true;
              for (const [i, p] of parameters.entries())
                p.grad.data.set(normal(p.value.shape, seed + 100 * t + i).data);
              if (t === 3) optimizer.groups[0]!.lr /= 2;
              optimizer.step();
            }
          };
          const straight = fresh();
          advance(straight, 0, before);
          const state = straight.optimizer.stateDict();
          const saved: typeof state = json ? JSON.parse(JSON.stringify(straight.optimizer)) : state;
          const text = JSON.stringify(state);
          const values = straight.parameters.map(({ value }) => value.clone());
          advance(straight, before, before + after);
          expect(JSON.stringify(state)).toBe(text); // the state is a copy: going on does not change it
          for (let run = 0; run < 2; run++) {
            const resumed = fresh();
            resumed.parameters.forEach((p, i) => {
              p.value = values[i]!;
              p.requiresGrad = before > 2 || i !== frozen;
            });
            resumed.optimizer.loadStateDict(saved);
            expect(JSON.stringify(resumed.optimizer)).toBe(text);
            advance(resumed, before, before + after); // nor does it change what was loaded from: the second run shows it
            for (const [i, p] of resumed.parameters.entries()) expect(p.value).toEqual(straight.parameters[i]!.value);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("leaves frozen parameters alone, and learns them once they are thawed", () => {
    const [frozen, learned] = [new Parameter("a", normal([3], 1)), new Parameter("b", normal([3], 2))];
    frozen.requiresGrad = false;
    const optimizer = make([frozen, learned]);
    for (const p of [frozen, learned]) p.grad.data.fill(1);
    const before = [frozen.value.clone(), learned.value.clone()] as const;
    optimizer.step();
    expect(frozen.value.equals(before[0])).toBe(true);
    expect(learned.value.equals(before[1])).toBe(false);
    expect(Object.keys(optimizer.stateDict().state)).toEqual(["1"]);
    frozen.requiresGrad = true;
    optimizer.step();
    expect(frozen.value.equals(before[0])).toBe(false);
    expect(optimizer.stateDict().state).toMatchObject({ 0: { step: 1 }, 1: { step: 2 } });
  });

  test("zeroGrad sets every gradient to zero, also of frozen parameters", () => {
    const parameters = [new Parameter("a", normal([3], 1)), new Parameter("b", normal([3], 2), false)];
    for (const p of parameters) p.grad.data.fill(1);
    make(parameters).zeroGrad();
    for (const p of parameters) expect([...p.grad.data]).toEqual([0, 0, 0]);
  });

  test("float32 follows double within 1e-5", () => {
    const [p, q] = [new Parameter("p", normal([5], 1)), parameter(normal([5], 1))];
    const [single, double] = [make([p]), make([q])];
    for (let t = 0; t < 10; t++) {
      const gradient = normal([5], 7 + t);
      step(single, p, gradient);
      step(double, q, gradient);
    }
    expect(p.value.dtype).toBe("float32");
    expect(p.value.allClose(q.value, { atol: 1e-5 })).toBe(true);
  });

  test("steps a long parameter as it steps the parts of it, which loops over pieces must not show", () => {
    const cut = 5000;
    const whole = parameter(normal([9000], 1));
    const parts = [whole.value.slice([0, cut]), whole.value.slice([cut, 9000])].map((part) => parameter(part));
    const [one, two] = [make([whole]), make(parts)];
    for (let t = 0; t < 3; t++) {
      const gradient = normal([9000], 7 + t);
      whole.grad.data.set(gradient.data);
      parts[0]!.grad.data.set(gradient.data.subarray(0, cut));
      parts[1]!.grad.data.set(gradient.data.subarray(cut));
      one.step();
      two.step();
    }
    expect([...parts[0]!.value.data, ...parts[1]!.value.data]).toEqual([...whole.value.data]);
  });

  test("maximizes what it would have minimized", () => {
    const [p, q] = [parameter(normal([5], 1)), parameter(normal([5], 1).neg())];
    const options: OptimizerOptions = { maximize: true };
    const [up, down] = [make([p], options), make([q])];
    for (let t = 0; t < 3; t++) {
      const gradient = normal([5], 7 + t);
      step(up, p, gradient);
      step(down, q, gradient);
    }
    expect(p.value.allClose(q.value.neg(), { atol: 1e-12 })).toBe(true);
  });
});

describe("groups", () => {
  test("each group has its own learning rate and weight decay, others the optimizer's", () => {
    const [a, b, c] = [1, 2, 3].map((i) => parameter(tensor([i]))) as [Parameter, Parameter, Parameter];
    const optimizer = new SGD([{ parameters: [a], lr: 0.01 }, { parameters: [b], weightDecay: 0 }, c], {
      lr: 0.1,
      weightDecay: 0.5,
    });
    for (const p of [a, b, c]) p.grad.data.fill(1);
    optimizer.step();
    expect(a.value.data[0]).toBeCloseTo(1 - 0.01 * 1.5, 12);
    expect(b.value.data[0]).toBeCloseTo(2 - 0.1, 12);
    expect(c.value.data[0]).toBeCloseTo(3 - 0.1 * 2.5, 12);
  });

  test("loose parameters make up the first group; lr reads the first and sets all", () => {
    const [a, b] = [1, 2].map((i) => parameter(tensor([i]))) as [Parameter, Parameter];
    const optimizer = new Adam([{ parameters: [a], lr: 0.5 }, b], { lr: 0.1 });
    expect(optimizer.groups.map(({ parameters, lr }) => [parameters, lr])).toEqual([
      [[b], 0.1],
      [[a], 0.5],
    ]);
    expect(optimizer.lr).toBe(0.1);
    optimizer.lr = 0.2;
    expect(optimizer.groups.map(({ lr }) => lr)).toEqual([0.2, 0.2]);
  });

  test("a group may have any option of its own, and keeps it when its state is loaded", () => {
    const [a, b] = [1, 2].map((i) => parameter(tensor([i]))) as [Parameter, Parameter];
    const make = (momentum: number) => new SGD([{ parameters: [a], lr: 0.5, momentum }, b], { momentum: 0.9 });
    const optimizer = make(0.7);
    optimizer.groups[0]!.lr = 0.25;
    optimizer.groups[0]!.maximize = true;
    const other = make(0);
    other.loadStateDict(optimizer.stateDict());
    expect(other.groups.map(({ lr, momentum, maximize }) => [lr, momentum, maximize])).toEqual([
      [0.25, 0.9, true],
      [0.5, 0.7, false],
    ]);
    expect(String(other)).toBe(
      "SGD(lr=[0.25, 0.5], weightDecay=0, maximize=[true, false], momentum=[0.9, 0.7], dampening=0, nesterov=false)",
    );
  });

  test("lists of numbers are the group's own", () => {
    const [a, b] = [1, 2].map((i) => parameter(tensor([i]))) as [Parameter, Parameter];
    const optimizer = new Adam([{ parameters: [a], betas: [0, 0.5] }, b]);
    const state = optimizer.stateDict();
    optimizer.groups[0]!.betas = [0.1, 0.2];
    optimizer.loadStateDict(state);
    expect(optimizer.groups.map(({ betas }) => betas)).toEqual([
      [0.9, 0.999],
      [0, 0.5],
    ]);
    expect(state.param_groups[1]).not.toBe(optimizer.stateDict().param_groups[1]);
  });

  test("momentum that is switched on later starts from the next gradient, as in torch", () => {
    const p = parameter(tensor([0]));
    const optimizer = new SGD([p], { lr: 1 });
    step(optimizer, p, tensor([1]));
    expect(optimizer.stateDict().state).toEqual({ 0: { step: 1 } });
    optimizer.groups[0]!.momentum = 0.5;
    expect(step(optimizer, p, tensor([1])).data[0]).toBe(-2);
    expect(step(optimizer, p, tensor([1])).data[0]).toBe(-3.5);
  });
});

test("a state dict is as torch's, with its names and numbering", () => {
  const [a, b, c] = [1, 2, 3].map((i) => new Parameter("p", tensor([i])));
  const optimizer = new Adam([a!, { parameters: [b!, c!], lr: 0.1, weightDecay: 0.5 }]);
  b!.grad.data.fill(1);
  optimizer.step();
  new StepLR(optimizer, { stepSize: 1 }).step();
  const options = { betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, maximize: false };
  const { state, param_groups } = optimizer.stateDict();
  expect(param_groups).toEqual([
    { lr: 0.0001, weight_decay: 0, ...options, initial_lr: 0.001, params: [0] },
    { lr: 0.1 * 0.1, weight_decay: 0.5, ...options, initial_lr: 0.1, params: [1, 2] },
  ]);
  expect(state).toEqual({ 1: { step: 1, exp_avg: expect.any(Tensor), exp_avg_sq: expect.any(Tensor) } });
  const other = new Adam([a!, { parameters: [b!, c!] }]);
  other.loadStateDict({ state, param_groups });
  expect(new StepLR(other, { stepSize: 1 }).stateDict()).toMatchObject({ "group.1.base_lr": 0.1 });
});
