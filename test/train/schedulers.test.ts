/** Schedulers by their closed forms, by what they chain and resume to, and by what they refuse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Parameter } from "../../src/graph/parameter.js";
import { ArgumentError, StateError } from "../../src/shape/errors.js";
import { zeros } from "../../src/tensor/create.js";
import {
  Adagrad,
  Adam,
  CosineAnnealingLR,
  ExponentialLR,
  LinearLR,
  OneCycleLR,
  type OneCycleLROptions,
  type Optimizer,
  PolynomialLR,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  type Scheduler,
  type SchedulerState,
  SGD,
  StepLR,
} from "../../src/train.js";
import { expectError } from "../support/errors.js";

const parameter = () => new Parameter("p", zeros([1]));
const sgd = (lr = 0.1, momentum = 0.9) => new SGD([parameter()], { lr, momentum });
const untyped = <T>(value: unknown) => value as T;

/** Learning rates before the first and after each of `count` steps. */
function rates(scheduler: Scheduler, count: number, metric: (t: number) => number = () => 0): number[] {
  const seen = [scheduler.optimizer.lr];
  for (let t = 0; t < count; t++) {
    scheduler.step(metric(t));
    seen.push(scheduler.optimizer.lr);
  }
  return seen;
}

function expectRates(got: readonly number[], want: (t: number) => number): void {
  got.forEach((rate, t) => {
    expect(Math.abs(rate - want(t)), `after ${t} steps: ${rate}, not ${want(t)}`).toBeLessThan(1e-12);
  });
}

/**
 * Products of the first rate and `factors(t)` equal factors, of which each step rounds one, by half a unit in the last place:
 * n roundings are off by n·u / (1 − n·u) at most, relative, with u = 2⁻⁵³. The closed form here rounds once, and its power by a
 * whole unit. Below the smallest normal number a rounding is off by half the smallest number.
 */
function expectProducts(got: readonly number[], lr: number, gamma: number, factors: (t: number) => number): void {
  got.forEach((rate, t) => {
    const want = lr * gamma ** factors(t);
    const roundings = factors(t) + 3;
    const bound = (roundings * 2 ** -53) / (1 - roundings * 2 ** -53);
    const message = `after ${t} steps: ${rate}, not ${want}`;
    expect(Math.abs(rate - want), message).toBeLessThanOrEqual(bound * want + roundings * Number.MIN_VALUE);
  });
}

const base = fc.double({ min: 1e-3, max: 1, noNaN: true });
const count = fc.integer({ min: 1, max: 12 });

describe("closed forms", () => {
  test("StepLR: base · gamma^⌊t/stepSize⌋", () => {
    fc.assert(
      fc.property(base, count, fc.double({ min: 0, max: 1.5, noNaN: true }), (lr, stepSize, gamma) => {
        const got = rates(new StepLR(sgd(lr), { stepSize, gamma }), 20);
        expectProducts(got, lr, gamma, (t) => Math.floor(t / stepSize));
      }),
    );
  });

  test("ExponentialLR: base · gamma^t", () => {
    fc.assert(
      fc.property(base, fc.double({ min: 0, max: 1.1, noNaN: true }), (lr, gamma) => {
        expectProducts(rates(new ExponentialLR(sgd(lr), { gamma }), 20), lr, gamma, (t) => t);
      }),
    );
  });

  test("CosineAnnealingLR: etaMin + (base − etaMin)·(1 + cos(π·t/tMax))/2, beyond tMax too", () => {
    fc.assert(
      fc.property(base, count, base, (lr, tMax, etaMin) => {
        const got = rates(new CosineAnnealingLR(sgd(lr), { tMax, etaMin }), 30);
        expectRates(got, (t) => etaMin + ((lr - etaMin) * (1 + Math.cos((Math.PI * t) / tMax))) / 2);
      }),
    );
  });

  test("LinearLR: base · (start + (end − start)·min(t, totalIters)/totalIters)", () => {
    fc.assert(
      fc.property(base, count, base, base, (lr, totalIters, startFactor, endFactor) => {
        const got = rates(new LinearLR(sgd(lr), { startFactor, endFactor, totalIters }), 15);
        const factor = (t: number) => startFactor + ((endFactor - startFactor) * Math.min(t, totalIters)) / totalIters;
        expectRates(got, (t) => lr * factor(t));
      }),
    );
  });

  test("LinearLR by default: from a third to all in 5 steps", () => {
    expectRates(rates(new LinearLR(sgd(0.3)), 7), (t) => 0.1 + 0.04 * Math.min(t, 5));
  });

  test("PolynomialLR: base · (1 − min(t, totalIters)/totalIters)^power, whole and fractional", () => {
    fc.assert(
      fc.property(base, count, fc.constantFrom(0, 0.5, 0.9, 1, 2, 3.3), (lr, totalIters, power) => {
        const got = rates(new PolynomialLR(sgd(lr), { totalIters, power }), 15);
        expectRates(got, (t) => lr * (1 - Math.min(t, totalIters) / totalIters) ** power);
      }),
    );
  });
});

describe("OneCycleLR", () => {
  const cycle = (options: Partial<OneCycleLROptions> = {}, optimizer: Optimizer = sgd()) =>
    new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 100, ...options });

  test("starts at maxLr/25, peaks at step pctStart·totalSteps − 1, ends at maxLr/250000", () => {
    const got = rates(cycle(), 99);
    expect(got[0]).toBeCloseTo(1 / 25, 12);
    expect(got[29]).toBeCloseTo(1, 12);
    expect(Math.max(...got)).toBe(got[29]);
    expect(got[99]).toBeCloseTo(1 / 25e4, 12);
  });

  test("each half rises or falls steadily, in lines as in cosines", () => {
    for (const annealStrategy of ["cos", "linear"] as const) {
      const got = rates(cycle({ annealStrategy, pctStart: 0.4, divFactor: 10, finalDivFactor: 100 }), 99);
      for (let t = 1; t < 100; t++) expect(Math.sign(got[t]! - got[t - 1]!), `step ${t}`).toBe(t <= 39 ? 1 : -1);
    }
  });

  test("three phases mirror the rise before they go down to the last rate", () => {
    const got = rates(cycle({ threePhase: true, annealStrategy: "linear" }), 99);
    for (let t = 0; t <= 29; t++) expect(got[29 + t]).toBeCloseTo(got[29 - t]!, 12);
    expect(got[99]).toBeCloseTo(1 / 25e4, 12);
  });

  test("momentum runs from 0.95 down to 0.85 and back, the other way round", () => {
    const optimizer = sgd();
    const scheduler = cycle({}, optimizer);
    const momenta = [optimizer.groups[0]?.momentum];
    for (let t = 0; t < 99; t++) {
      scheduler.step();
      momenta.push(optimizer.groups[0]?.momentum);
    }
    expect([momenta[0], momenta[29], momenta[99]]).toEqual([0.95, 0.85, 0.95]);
  });

  test("cycles Adam's β₁, between momenta that are given", () => {
    const optimizer = new Adam([parameter()]);
    cycle({ baseMomentum: 0.5, maxMomentum: 0.6 }, optimizer);
    expect(optimizer.groups[0]?.betas).toEqual([0.6, 0.999]);
  });

  test("leaves the momentum alone with cycleMomentum: false", () => {
    const optimizer = sgd(0.1, 0.7);
    cycle({ cycleMomentum: false }, optimizer).step();
    expect(optimizer.groups[0]?.momentum).toBe(0.7);
  });

  test("takes one peak for each group", () => {
    const optimizer = new SGD([parameter(), { parameters: [parameter()] }]);
    cycle({ maxLr: [1, 10] }, optimizer);
    expect(optimizer.groups[0]?.lr).toBeCloseTo(1 / 25, 12);
    expect(optimizer.groups[1]?.lr).toBeCloseTo(10 / 25, 12);
  });

  test("allows totalSteps calls, of which the last stays at the end, and no more", () => {
    const scheduler = cycle({ totalSteps: 3 });
    const got = rates(scheduler, 3);
    expect(got[3]).toBe(got[2]);
    expectError(
      () => scheduler.step(),
      StateError,
      "OneCycleLR.step expects at most totalSteps = 3 calls, but this is call 4. Usual cause: totalSteps counted in epochs, where it is epochs · batches.",
    );
    expect(scheduler.steps).toBe(3);
  });

  test.each([0, 0.01, 1])("is finite with pctStart %f, where a phase has no length", (pctStart) => {
    for (const threePhase of [false, true]) {
      for (const rate of rates(cycle({ pctStart, threePhase }), 100)) expect(rate).toBeGreaterThan(0);
    }
  });
});

describe("ReduceLROnPlateau", () => {
  const plateau = (options: ReduceLROnPlateauOptions = {}, lr = 1) => new ReduceLROnPlateau(sgd(lr), options);

  test("by default waits 10 steps without improvement, then divides by 10", () => {
    const got = rates(plateau(), 23, () => 5);
    expect(got.slice(0, 12)).toEqual(Array(12).fill(1));
    expect(got.slice(12, 23)).toEqual(Array(11).fill(0.1));
    expect(got[23]).toBeCloseTo(0.01, 12);
  });

  test("an improvement by more than the threshold starts the wait anew", () => {
    const metrics = [1, 1, 0.5, 0.5, 0.5, 0.5];
    expect(rates(plateau({ patience: 2 }), 6, (t) => metrics[t]!)).toEqual([1, 1, 1, 1, 1, 1, 0.1]);
  });

  test("a relative threshold is a share of the best, an absolute one a difference", () => {
    const metrics = [10, 9.95, 9.9];
    const run = (options: ReduceLROnPlateauOptions) =>
      rates(plateau({ patience: 0, ...options }), 2, (t) => metrics[t]!).at(-1);
    expect(run({ threshold: 0.01 })).toBe(0.1); // 9.95 > 10 · 0.99
    expect(run({ threshold: 0.001 })).toBe(1);
    expect(run({ threshold: 0.1, thresholdMode: "abs" })).toBe(0.1); // 9.95 > 10 − 0.1
    expect(run({ threshold: 0.01, thresholdMode: "abs" })).toBe(1);
  });

  test("mode max waits for a rise", () => {
    const run = (metrics: number[]) =>
      rates(plateau({ mode: "max", patience: 0 }), metrics.length, (t) => metrics[t]!).at(-1);
    expect(run([0.5, 0.6, 0.7])).toBe(1);
    expect(run([0.5, 0.4])).toBe(0.1);
    expect(run([-2, -1])).toBe(1);
    const absolute = plateau({ mode: "max", patience: 0, threshold: 0.2, thresholdMode: "abs" });
    expect(rates(absolute, 2, (t) => [1, 1.1][t]!).at(-1)).toBe(0.1);
  });

  test("steps of the cooldown count for nothing", () => {
    const got = rates(plateau({ patience: 0, cooldown: 2, factor: 0.5 }), 6, () => 1);
    expect(got).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]);
  });

  test("stops at minLr, and makes no change below eps", () => {
    expect(rates(plateau({ patience: 0, minLr: 0.03 }), 4, () => 1)).toEqual([1, 1, 0.1, 0.03, 0.03]);
    expect(rates(plateau({ patience: 0, eps: 0.5 }, 0.4), 2, () => 1)).toEqual([0.4, 0.4, 0.4]);
  });

  test("minLr may differ between groups", () => {
    const optimizer = new SGD([parameter(), { parameters: [parameter()] }], { lr: 1 });
    const scheduler = new ReduceLROnPlateau(optimizer, { patience: 0, minLr: [0.5, 0.2] });
    scheduler.step(1);
    scheduler.step(1);
    expect(optimizer.groups.map(({ lr }) => lr)).toEqual([0.5, 0.2]);
  });

  test("NaN is no improvement, the first finite metric is", () => {
    expect(rates(plateau({ patience: 1 }), 3, (t) => [Number.NaN, 3, 2][t]!)).toEqual([1, 1, 1, 1]);
    expect(rates(plateau({ patience: 1 }), 2, () => Number.NaN)).toEqual([1, 1, 0.1]);
  });

  test("step without a metric is refused, and counts for nothing", () => {
    const scheduler = plateau();
    expectError(
      () => scheduler.step(),
      ArgumentError,
      "ReduceLROnPlateau.step expects the metric to watch, but got none. Usual cause: step() as with the other schedulers, where step(validationLoss) is meant.",
    );
    expectError(
      () => scheduler.step(untyped<number>({ loss: 1 })),
      ArgumentError,
      "ReduceLROnPlateau.step expects the metric to watch, but got an object. Usual cause: step() as with the other schedulers, where step(validationLoss) is meant.",
    );
    expect(scheduler.steps).toBe(0);
  });
});

describe("every scheduler", () => {
  const all: [name: string, make: (optimizer: Optimizer) => Scheduler][] = [
    ["StepLR", (o) => new StepLR(o, { stepSize: 3 })],
    ["ExponentialLR", (o) => new ExponentialLR(o, { gamma: 0.9 })],
    ["CosineAnnealingLR", (o) => new CosineAnnealingLR(o, { tMax: 6, etaMin: 0.001 })],
    ["LinearLR", (o) => new LinearLR(o, { totalIters: 8 })],
    ["PolynomialLR", (o) => new PolynomialLR(o, { totalIters: 12, power: 0.9 })],
    ["OneCycleLR", (o) => new OneCycleLR(o, { maxLr: 1, totalSteps: 20 })],
    ["ReduceLROnPlateau", (o) => new ReduceLROnPlateau(o, { patience: 1, cooldown: 1 })],
  ];
  const metric = (t: number) => [5, 4, 4, 4, 3.5, 3.5, 3.5, 3.4, 3.5, 3.5, 3.5][t % 11]!;

  test.each(all)("%s resumes to the same bits from a saved state, whichever of the two is loaded first", (_, make) => {
    const straight = rates(make(sgd()), 12, metric);
    for (const schedulerFirst of [true, false]) {
      for (let at = 0; at <= 6; at++) {
        const before = make(sgd());
        rates(before, at, metric);
        const saved = JSON.parse(JSON.stringify([before.stateDict(), before.optimizer.stateDict()]));
        const after = make(sgd());
        const loads = [() => after.loadStateDict(saved[0]), () => after.optimizer.loadStateDict(saved[1])];
        for (const load of schedulerFirst ? loads : loads.reverse()) load();
        expect(after.steps).toBe(at);
        expect(rates(after, 12 - at, (t) => metric(t + at))).toEqual(straight.slice(at));
      }
    }
  });

  test("OneCycleLR puts the momentum back as well", () => {
    const before = new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 20 });
    rates(before, 5);
    const after = new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 20 });
    after.loadStateDict(before.stateDict());
    expect(after.optimizer.groups).toEqual(before.optimizer.groups);
  });

  test.each(all)("%s refuses the state of another, and states with gaps, and stays as it is", (name, make) => {
    const scheduler = make(sgd());
    const before = scheduler.stateDict();
    const expected = Object.keys(before).join(", ");
    const text = (wrong: string) =>
      `${name}.loadStateDict expects finite numbers for ${expected} and nothing else, but these are missing or unexpected: ${wrong}. Usual cause: a checkpoint of another scheduler or optimizer.`;
    const gap: SchedulerState = { ...before, "group.0.lr": 7 };
    delete gap.steps;
    expectError(() => scheduler.loadStateDict(gap), StateError, text("steps"));
    expectError(() => scheduler.loadStateDict({ ...before, "group.0.lr": 7, other: 1 }), StateError, text("other"));
    expectError(
      () => scheduler.loadStateDict({ ...before, "group.0.lr": untyped<number>(null) }),
      StateError,
      text("group.0.lr"),
    );
    expectError(() => scheduler.loadStateDict({ ...before, "group.0.lr": 7, steps: 0.5 }), StateError, text("steps"));
    expect(scheduler.stateDict()).toEqual(before);
  });

  test("two schedulers over one optimizer multiply, as in torch", () => {
    const optimizer = sgd(1);
    const chained = [new ExponentialLR(optimizer, { gamma: 0.9 }), new StepLR(optimizer, { stepSize: 2, gamma: 0.5 })];
    for (let t = 0; t < 4; t++) for (const scheduler of chained) scheduler.step();
    expect(optimizer.lr).toBeCloseTo(0.9 ** 4 * 0.25, 12);
  });

  test("a scheduler that is made after a warm-up knows the rate from before it", () => {
    const optimizer = sgd(1);
    new LinearLR(optimizer, { startFactor: 0.1 });
    const cosine = new CosineAnnealingLR(optimizer, { tMax: 10 });
    expect(cosine.stateDict()["group.0.base_lr"]).toBe(1);
    expect(optimizer.lr).toBeCloseTo(0.1, 12);
  });

  test("groups keep their ratio", () => {
    const optimizer = new SGD([{ parameters: [parameter()], lr: 0.01 }, parameter()], { lr: 0.1 });
    rates(new CosineAnnealingLR(optimizer, { tMax: 10 }), 3);
    const [first, second] = optimizer.groups;
    expect(first!.lr / second!.lr).toBeCloseTo(10, 10);
  });
});

describe("bad options", () => {
  const floor = "Usual cause: a division without Math.floor, or an undefined variable.";
  const cases: [make: () => unknown, text: string][] = [
    [
      () => new StepLR(untyped<Optimizer>({ lr: 0.1 }), { stepSize: 1 }),
      "StepLR expects an optimizer first, but got an object. Usual cause: the options or the model in its place.",
    ],
    [
      () => new StepLR(sgd(), untyped<{ stepSize: number }>(10)),
      "StepLR expects its options to be an object of stepSize, gamma, but got 10. Usual cause: torch's positional arguments are named here.",
    ],
    [() => new StepLR(sgd(), { stepSize: 0 }), `StepLR expects stepSize to be a positive integer, but got 0. ${floor}`],
    [() => new StepLR(sgd(), { stepSize: 1, gamma: -1 }), "StepLR expects gamma to be a number ≥ 0, but got -1."],
    [
      () => new ExponentialLR(sgd(), untyped<{ gamma: number }>({})),
      "ExponentialLR expects gamma to be a number ≥ 0, but got undefined.",
    ],
    [
      () => new CosineAnnealingLR(sgd(), { tMax: 2.5 }),
      `CosineAnnealingLR expects tMax to be a positive integer, but got 2.5. ${floor}`,
    ],
    [
      () => new CosineAnnealingLR(sgd(), { tMax: 2, etaMin: Infinity }),
      `CosineAnnealingLR expects etaMin to be a finite number, but got Infinity. ${floor}`,
    ],
    [() => new LinearLR(sgd(), { startFactor: 0 }), "LinearLR expects startFactor to be a number above 0, but got 0."],
    [
      () => new LinearLR(sgd(), { startFactor: 2 }),
      "LinearLR expects startFactor to be a number from 0 to 1, but got 2.",
    ],
    [
      () => new LinearLR(sgd(), { endFactor: -1 }),
      "LinearLR expects endFactor to be a number from 0 to 1, but got -1.",
    ],
    [
      () => new PolynomialLR(sgd(), { totalIters: 0 }),
      `PolynomialLR expects totalIters to be a positive integer, but got 0. ${floor}`,
    ],
    [() => new PolynomialLR(sgd(), { power: -1 }), "PolynomialLR expects power to be a number ≥ 0, but got -1."],
    [
      () => new OneCycleLR(sgd(), untyped<OneCycleLROptions>({ totalSteps: 5 })),
      "OneCycleLR expects maxLr to be a number, or one for each of the 1 groups, but got undefined. Usual cause: a missing maxLr.",
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: [1, 2], totalSteps: 5 }),
      "OneCycleLR expects maxLr to be a number, or one for each of the 1 groups, but got [1,2]. Usual cause: a missing maxLr.",
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: -1, totalSteps: 5 }),
      "OneCycleLR expects maxLr to be a number ≥ 0, but got -1.",
    ],
    [
      () => new OneCycleLR(sgd(), untyped<OneCycleLROptions>({ maxLr: 1 })),
      `OneCycleLR expects totalSteps to be a positive integer, but got undefined. ${floor}`,
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, pctStart: 2 }),
      "OneCycleLR expects pctStart to be a number from 0 to 1, but got 2.",
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, annealStrategy: untyped<"cos">("cosine") }),
      'OneCycleLR expects annealStrategy to be one of "cos", "linear", but got "cosine".',
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, divFactor: 0 }),
      "OneCycleLR expects divFactor to be a number above 0, but got 0.",
    ],
    [
      () => new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 5, maxMomentum: 2 }),
      "OneCycleLR expects maxMomentum to be a number from 0 to 1, but got 2.",
    ],
    [
      () => new OneCycleLR(new Adagrad([parameter()]), { maxLr: 1, totalSteps: 5 }),
      "OneCycleLR expects an optimizer with a momentum or β₁ to cycle, but Adagrad has neither. Usual cause: a missing cycleMomentum: false.",
    ],
    [
      () => new ReduceLROnPlateau(sgd(), { factor: 2 }),
      "ReduceLROnPlateau expects factor to be below 1, but got 2. Usual cause: what is divided by, where what is multiplied by is meant.",
    ],
    [
      () => new ReduceLROnPlateau(sgd(), { mode: untyped<"min">("low") }),
      'ReduceLROnPlateau expects mode to be one of "min", "max", but got "low".',
    ],
    [
      () => new ReduceLROnPlateau(sgd(), { patience: -1 }),
      `ReduceLROnPlateau expects patience to be an integer ≥ 0, but got -1. ${floor}`,
    ],
    [
      () => new ReduceLROnPlateau(sgd(), { minLr: [0, 0] }),
      "ReduceLROnPlateau expects minLr to be a number, or one for each of the 1 groups, but got 2.",
    ],
  ];

  for (const [make, text] of cases) test(text, () => expectError(make, ArgumentError, text));

  test("a scheduler that is refused leaves the optimizer as it was", () => {
    const optimizer = sgd(0.1, 0.9);
    const before = optimizer.groups.map((group) => ({ ...group }));
    expect(() => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 5, divFactor: 0 })).toThrow();
    expect(() => new LinearLR(optimizer, { endFactor: -1 })).toThrow();
    expect(optimizer.groups).toEqual(before);
    expect(optimizer.groups[0]?.momentum).toBe(0.9);
  });
});
