/**
 * Losses, schedulers and optimizers of one's own, written with what the package exports: they do what those of the library
 * do, and what plain JavaScript lets their classes forget becomes a sentence.
 */

import {
  ArgumentError,
  graph,
  Layer,
  Linear,
  Parameter,
  Random,
  ReLU,
  randn,
  Sequential,
  ShapeError,
  StateError,
  Tensor,
  tensor,
  zeros,
} from "faltung";
import { gradcheck } from "faltung/testing";
import {
  evaluate,
  fit,
  Loss,
  type LossOptions,
  type LossResult,
  MSELoss,
  NonFiniteError,
  OneCycleLR,
  Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type ParameterState,
  type Parameters,
  type Reduction,
  Scheduler,
  SGD,
  StepLR,
} from "faltung/train";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectError } from "../support/errors.js";

interface LionOptions extends OptimizerOptions {
  readonly betas?: readonly [number, number];
}

/** Chen et al. 2023, https://arxiv.org/abs/2302.06675, as in the doc comment of Optimizer. */
class Lion extends Optimizer<LionOptions> {
  constructor(parameters: Parameters<LionOptions>, options: LionOptions = {}) {
    super("Lion", parameters, options, { lr: 1e-4, weightDecay: 0, maximize: false, betas: [0.9, 0.99] });
  }

  protected override stateNames() {
    return ["exp_avg"];
  }

  protected override check({ betas }: ParameterGroup<LionOptions>) {
    if (betas.some((beta) => beta < 0 || beta >= 1)) {
      throw new ArgumentError(`Lion expects betas from 0 to below 1, but got ${betas.join(", ")}.`);
    }
  }

  protected update({ value, grad }: Parameter, state: ParameterState, group: ParameterGroup<LionOptions>) {
    const [p, g, m] = [value.data, grad.data, state.tensor("exp_avg").data];
    const { lr, weightDecay, maximize, betas } = group;
    const [beta1, beta2] = betas;
    for (let i = 0; i < p.length; i++) {
      const d = maximize ? -g[i]! : g[i]!;
      p[i]! -= lr * (Math.sign(beta1 * m[i]! + (1 - beta1) * d) + weightDecay * p[i]!);
      m[i] = beta2 * m[i]! + (1 - beta2) * d;
    }
  }
}

/** Keeps a number of its own, steps by the sign of a sum. */
class Counting extends Optimizer {
  protected override readonly numberNames = ["total"];

  constructor(parameters: Parameters<object>) {
    super("Counting", parameters, {}, { lr: 1 });
  }

  protected update({ value, grad }: Parameter, { numbers, step }: ParameterState, { lr }: ParameterGroup) {
    numbers.total = (numbers.total ?? 0) + grad.data[0]! / step;
    value.data[0]! -= lr * numbers.total;
  }
}

/** Barron 2019, https://arxiv.org/abs/1701.03077, as in the doc comment of Loss. */
class CharbonnierLoss<R extends Reduction = "mean"> extends Loss<Tensor, R> {
  readonly eps = 1e-3;

  constructor(options: LossOptions<R> = {}) {
    super("CharbonnierLoss", options);
  }

  protected compute(prediction: Tensor, target: Tensor): LossResult {
    const difference = prediction.sub(target);
    const losses = difference
      .square()
      .add(this.eps ** 2)
      .sqrt();
    return { value: losses, gradient: difference.div(losses) };
  }
}

/** One loss for each row: the distance of two points. */
class DistanceLoss<R extends Reduction = "mean"> extends Loss<Tensor, R> {
  constructor(options: LossOptions<R> = {}) {
    super("DistanceLoss", options);
  }

  protected compute(prediction: Tensor, target: Tensor): LossResult {
    const difference = prediction.sub(target);
    const distances = difference.square().sum(1).sqrt();
    return { value: distances, gradient: difference.div(distances.reshape([distances.size, 1])) };
  }
}

const batches = Array.from({ length: 4 }, (_, i) => {
  const inputs = randn([8, 3], { random: new Random(i) });
  return { inputs, targets: inputs.mul(2).add(1) };
});

describe("an optimizer of one's own", () => {
  test("steps as its formula says", () => {
    const p = new Parameter("p", tensor([1, 2, 3]));
    p.grad.data.set([1, -2, 0]);
    const optimizer = new Lion([p], { lr: 0.5, weightDecay: 0.1 });
    optimizer.step();
    [0.45, 2.4, 2.85].forEach((want, i) => {
      expect(p.value.data[i]).toBeCloseTo(want, 6);
    });
    expect(String(optimizer)).toBe("Lion(lr=0.5, weightDecay=0.1, maximize=false, betas=[0.9, 0.99])");
  });

  test("learns in fit, with a scheduler that cycles its β₁", async () => {
    const model = new Linear(3, 3, { random: new Random(1) });
    const optimizer = new Lion([{ parameters: [model.weight], betas: [0.8, 0.9] }, model.bias!]);
    const scheduler = new OneCycleLR(optimizer, { maxLr: 0.03, totalSteps: 401 });
    const options = { loss: new MSELoss(), optimizer, scheduler, schedule: "step", epochs: 100 } as const;
    const history = await fit(model, batches, options);
    expect(history.epochs.at(-1)!.loss).toBeLessThan(0.01);
    expect(optimizer.groups.map(({ betas: [beta1, beta2] }) => [Number(beta1.toFixed(6)), beta2])).toEqual([
      [0.95, 0.99],
      [0.95, 0.9],
    ]);
  });

  const kinds: readonly [string, (parameters: Parameter[]) => Optimizer][] = [
    ["Lion", (parameters) => new Lion(parameters, { lr: 0.1 })],
    ["Counting", (parameters) => new Counting(parameters)],
  ];
  test.each(kinds)("%s continues to the same bits from its state dict, which it wrote no code for", (_, make) => {
    fc.assert(
      fc.property(fc.nat(5), fc.nat(5), fc.integer(), (before, after, seed) => {
        const fresh = (value: Tensor) => {
          const parameter = new Parameter("p", value);
          return { parameter, optimizer: make([parameter]) };
        };
        const advance = ({ parameter, optimizer }: ReturnType<typeof fresh>, from: number, to: number) => {
          for (let t = from; t < to; t++) {
            parameter.grad.data.set(randn([4], { random: new Random((seed >>> 0) + t) }).data);
            optimizer.step();
          }
        };
        const whole = fresh(zeros([4]));
        advance(whole, 0, before);
        const resumed = fresh(whole.parameter.value.clone());
        resumed.optimizer.loadStateDict(JSON.parse(JSON.stringify(whole.optimizer)));
        for (const each of [whole, resumed]) advance(each, before, before + after);
        expect(resumed.parameter.value).toEqual(whole.parameter.value);
      }),
    );
  });

  test("has its options checked: their names, their kinds and what it checks itself", () => {
    const p = [new Parameter("p", tensor([1]))];
    const untypedLion = (options: object) => new Lion(p, options);
    expectError(
      () => untypedLion({ beta: 1 }),
      ArgumentError,
      'Lion expects each option to be one of lr, weightDecay, maximize, betas, but got "beta". Usual cause: a misspelling of betas.',
    );
    expectError(
      () => untypedLion({ betas: 0.9 }),
      ArgumentError,
      "Lion expects betas to be an array of 2 numbers, but got 0.9.",
    );
    expectError(
      () => new Lion([{ parameters: p, betas: [0.9, 1] }]),
      ArgumentError,
      "Lion expects betas from 0 to below 1, but got 0.9, 1.",
    );
    expectError(() => untypedLion({ lr: -1 }), ArgumentError, "Lion expects lr to be a number ≥ 0, but got -1.");
  });

  test("is told of a running quantity that it does not list", () => {
    class Forgetful extends Lion {
      protected override stateNames() {
        return [];
      }
    }
    const p = new Parameter("p", tensor([1]));
    p.grad.data.fill(1);
    expectError(
      () => new Forgetful([p]).step(),
      ArgumentError,
      "Lion expects its stateNames to list what its update asks for, but got [] without exp_avg. Usual cause: a forgotten or misspelled name.",
    );
  });

  test("has its numbers checked when a state is loaded", () => {
    const optimizer = new Counting([new Parameter("p", tensor([1]))]);
    const { param_groups } = optimizer.stateDict();
    expectError(
      () => optimizer.loadStateDict({ state: { 0: { step: 1, total: Number.NaN } }, param_groups }),
      StateError,
      "Counting.loadStateDict expects state[0].total to be a finite number, but got NaN. Usual cause: a checkpoint that was edited or written by another program.",
    );
  });
});

/** A loss as a layer, so that gradcheck compares its gradient with differences. */
class Scored extends Layer {
  constructor(
    readonly loss: Loss<Tensor, "mean"> | Loss<Tensor, "sum">,
    readonly target: Tensor,
  ) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return new Tensor(Float64Array.of(this.loss.forward(x, this.target.to(x.dtype))), []);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return this.loss.backward().mul(dy.item());
  }
}

describe("a loss of one's own", () => {
  const kinds: readonly [string, <R extends Reduction>(options: LossOptions<R>) => Loss<Tensor, R>, number][] = [
    ["of elements", (options) => new CharbonnierLoss(options), 12],
    ["of rows", (options) => new DistanceLoss(options), 4],
  ];
  const [x, target] = [1, 2].map((seed): Tensor => randn([4, 3], { random: new Random(seed) })) as [Tensor, Tensor];

  test.each(kinds)("%s has the gradient that differences have", (_, make) => {
    for (const loss of [make({}), make({ reduction: "sum" })]) {
      const report = gradcheck(new Scored(loss as Loss<Tensor, "mean">, target), [4, 3], { input: x });
      expect(report.passed, String(report)).toBe(true);
    }
  });

  test.each(kinds)("%s is reduced as the options say", (_, make, count) => {
    const [mean, sum, none] = [make({}), make({ reduction: "sum" }), make({ reduction: "none" })] as const;
    const losses = (none as Loss<Tensor, "none">).forward(x, target);
    expect(losses.size).toBe(count);
    const total = (sum as Loss<Tensor, "sum">).forward(x, target);
    expect(total).toBeCloseTo(
      [...losses.data].reduce((a, b) => a + b),
      5,
    );
    expect((mean as unknown as Loss<Tensor, "mean">).forward(x, target)).toBeCloseTo(total / count, 6);
    const dx = (mean as unknown as Loss<Tensor, "mean">).backward();
    const weighted = (none as Loss<Tensor, "none">).backward(losses.map(() => 1 / count));
    expect(dx.allClose(weighted, { rtol: 1e-6 })).toBe(true);
    expect(dx.allClose((sum as Loss<Tensor, "sum">).backward().div(count), { rtol: 1e-6 })).toBe(true);
  });

  test("trains in fit, is measured by evaluate, alone and as the loss of one output of several", async () => {
    const model = new Sequential(new Linear(3, 3, { random: new Random(1) }));
    const loss = new CharbonnierLoss();
    const optimizer = new SGD(model.parameters(), { lr: 0.3 });
    const first = (await evaluate(model, batches, { loss })).loss;
    await fit(model, batches, { loss, optimizer, epochs: 60 });
    expect((await evaluate(model, batches, { loss })).loss).toBeLessThan(first / 5);

    const two = graph(["N", 3], { a: new Linear(3, 3), b: new Linear(3, 3) }, ({ a, b }, x) => ({
      near: a.of(x),
      square: b.of(x),
    }));
    const losses = { near: { loss: new CharbonnierLoss(), weight: 0.5 }, square: new MSELoss() };
    const before = (await evaluate(two, batches, { loss: losses })).loss;
    await fit(two, batches, { loss: losses, optimizer: new SGD(two.parameters(), { lr: 0.1 }), epochs: 60 });
    expect((await evaluate(two, batches, { loss: losses })).loss).toBeLessThan(before / 5);
  });

  test("is told what its compute got wrong", () => {
    const result = (value: unknown, gradient: Tensor, options: LossOptions<Reduction> = {}, more: string[] = []) => {
      class Own extends Loss<Tensor, Reduction> {
        constructor() {
          super("Own", options, ["mean", "sum", "none", ...more]);
        }
        protected compute(): LossResult {
          return { value, gradient } as LossResult;
        }
      }
      return () => new Own().forward(x, target);
    };
    expectError(
      result(1, zeros([4, 4])),
      ShapeError,
      "Own.forward expects the gradient that compute returns to have the prediction's shape [4, 3], but got [4, 4]. Usual cause: a target of another shape, to which the prediction was broadcast.",
    );
    expectError(
      result(zeros([3]), zeros([4, 3])),
      ShapeError,
      "Own.forward expects the losses that compute returns to be those of the elements or rows of a prediction [4, 3], but got [3]. Usual cause: a sum over another dimension.",
    );
    expectError(
      result(1, zeros([4, 3]), { reduction: "none" }),
      ArgumentError,
      'Own.forward expects the value that compute returns, with reduction "none", to be a Tensor of all losses, but got 1. Usual cause: losses that compute reduces itself, which it may leave to the class.',
    );
    expectError(
      result(zeros([4]), zeros([4, 3]), { reduction: "median" as Reduction }, ["median"]),
      ArgumentError,
      'Own.forward expects the value that compute returns, with reduction "median", to be a number, but got a Tensor.',
    );
  });
});

type Class = new (...args: unknown[]) => Record<string, (...args: unknown[]) => unknown>;
const untyped = (Base: unknown) => Base as Class;
const NUMBER = "Usual cause: a bare number, which tensor(x) wraps, or a loss's where loss.backward() is meant.";
const x = tensor([1]);
const sgd = () => new SGD([new Parameter("p", x)], { lr: 1 });

describe("a loss", () => {
  test("without compute", () => {
    class Own extends untyped(Loss) {}
    expectError(
      () => new Own("Own").forward?.(x, x),
      ArgumentError,
      "Own expects a method compute, but has none. Usual cause: forward or backward overridden instead.",
    );
  });

  const missing =
    "Own.forward expects what compute returns to be { value, gradient }, but got GOT. Usual cause: a missing return, or the loss alone, where its gradient is due as well.";
  test.each([
    ["nothing", undefined, missing.replace("GOT", "undefined")],
    ["a promise", Promise.resolve(), "Own.forward expects what compute returns to be { value, gradient }, but got a Promise. Usual cause: a missing await."], // biome-ignore format: one line
    ["the loss alone", 1, missing.replace("GOT", "1")],
    ["another name", { loss: 1, gradient: x }, "Own.forward expects the value that compute returns to be a number or a Tensor, but got undefined. Usual cause: another name than value."], // biome-ignore format: one line
    ["a number as gradient", { value: 1, gradient: 2 }, `Own.forward expects the gradient that compute returns to be a Tensor, but got 2. ${NUMBER}`], // biome-ignore format: one line
    ["no gradient", { value: 1 }, "Own.forward expects the gradient that compute returns to be a Tensor, but got undefined. Usual cause: a missing argument or return."], // biome-ignore format: one line
  ])("whose compute returns %s", (_, result, text) => {
    class Own extends untyped(Loss) {
      compute = () => result;
    }
    expectError(() => new Own("Own").forward?.(x, x), ArgumentError, text);
  });

  test("without a name", () => {
    class Own extends untyped(Loss) {}
    expectError(() => new Own(), ArgumentError, "Loss expects name to be a string, but got undefined.");
  });
});

describe("a scheduler", () => {
  test("without next changes nothing", () => {
    class Own extends untyped(Scheduler) {}
    const own = new Own("Own", sgd());
    expectError(
      () => own.step?.(),
      ArgumentError,
      "Own expects a method next, but has none. Usual cause: step overridden instead.",
    );
    expect(own.steps).toBe(0);
  });

  test("without a name, or of something else than an optimizer", () => {
    class Own extends untyped(Scheduler) {}
    expectError(() => new Own(sgd()), ArgumentError, "Scheduler expects name to be a string, but got an Optimizer.");
    expectError(
      () => new Own("Own", new ReLU()),
      ArgumentError,
      "Own expects an optimizer first, but got a ReLU. Usual cause: the options or the model in its place.",
    );
  });
});

test("a scheduler of many groups names the first keys", () => {
  const groups = Array.from({ length: 5 }, () => ({ parameters: [new Parameter("p", x)] }));
  const scheduler = new StepLR(new SGD(groups), { stepSize: 1 });
  const keys = Object.keys(scheduler.stateDict());
  const first = `${keys.slice(0, 8).join(", ")} and ${keys.length - 8} more`;
  expectError(
    () => scheduler.loadStateDict({}),
    StateError,
    `StepLR.loadStateDict expects finite numbers for ${first} and nothing else, but these are missing or unexpected: ${first}. Usual cause: a checkpoint of another scheduler or optimizer.`,
  );
});

describe("an optimizer", () => {
  const parameters = new Linear(1, 1).parameters();

  test("without a name, defaults or update", () => {
    class Own extends untyped(Optimizer) {}
    expectError(
      () => new Own(parameters),
      ArgumentError,
      "Optimizer expects name to be a string, but got [a Parameter, a Parameter].",
    );
    expectError(
      () => new Own("Own", parameters, { lr: 1 }),
      ArgumentError,
      "Own expects its defaults to be an object such as { lr: 0.01 }, but got undefined.",
    );
    expectError(
      () => new Own("Own", parameters, {}, { lr: 1 }).step?.(),
      ArgumentError,
      "Own expects a method update, but has none. Usual cause: step overridden instead.",
    );
  });

  test("takes no closure", () => {
    expectError(
      () => sgd().step(...([() => 1] as unknown as [])),
      ArgumentError,
      "SGD.step expects no argument, but got a Function. Usual cause: torch's closure: call it before, then step().",
    );
  });
});

test("NonFiniteError without its event", () => {
  expectError(
    () => new (untyped(NonFiniteError))(),
    ArgumentError,
    "NonFiniteError expects its event to be what onNonFinite is told, but got undefined.",
  );
});
