/** Losses, schedulers and optimizers of one's own: what plain JavaScript lets their classes forget becomes a sentence. */
import { describe, expect, test } from "vitest";
import { Linear, Parameter, ReLU, tensor } from "../../src/index.js";
import { ArgumentError, StateError } from "../../src/shape/errors.js";
import { Loss, NonFiniteError, Optimizer, Scheduler, SGD, StepLR } from "../../src/train.js";
import { expectError } from "../support/errors.js";

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
