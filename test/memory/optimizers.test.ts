/** Optimizers move what they were given, whatever the memory does meanwhile, and nothing that no backward reached. */
import { afterEach, describe, expect, test } from "vitest";
import { Linear, ones, Parameter } from "../../src/index.js";
import { trouble } from "../../src/kernels/wasm/memory.js";
import { Adadelta, Adagrad, Adam, Adamax, AdamW, clipGradNorm, RAdam, RMSprop, Rprop, SGD } from "../../src/train.js";
import { collected } from "../support/collect.js";
import { normal } from "../support/layers.js";

const grew = trouble.growsAlways;
afterEach(() => {
  trouble.growsAlways = grew;
});

/** All of them, with options that make all of their state. */
const OPTIMIZERS: Record<string, (p: Parameter) => { step(): void }> = {
  SGD: (p) => new SGD([p], { lr: 0.1 }),
  "SGD with momentum": (p) => new SGD([p], { lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
  Adam: (p) => new Adam([p], { lr: 0.1, weightDecay: 0.1 }),
  "Adam with AMSGrad": (p) => new Adam([p], { lr: 0.1, amsgrad: true }),
  AdamW: (p) => new AdamW([p], { lr: 0.1 }),
  Adamax: (p) => new Adamax([p], { lr: 0.1 }),
  RAdam: (p) => new RAdam([p], { lr: 0.1 }),
  RMSprop: (p) => new RMSprop([p], { lr: 0.1 }),
  "centered RMSprop with momentum": (p) => new RMSprop([p], { lr: 0.1, momentum: 0.5, centered: true }),
  Rprop: (p) => new Rprop([p], { lr: 0.1 }),
  Adagrad: (p) => new Adagrad([p], { lr: 0.1, weightDecay: 0.1 }),
  Adadelta: (p) => new Adadelta([p], { lr: 0.1 }),
};

describe.each(Object.entries(OPTIMIZERS))("%s", (_, make) => {
  test("takes the same steps while its state makes the memory grow", () => {
    const run = (grows: boolean) => {
      trouble.growsAlways = grows;
      const victim = new Parameter("victim", ones([1000]));
      const p = new Parameter("p", normal([300], 1));
      const optimizer = make(p);
      const seen: number[][] = [];
      for (let i = 0; i < 12; i++) {
        p.grad.data.set(normal([300], 2 + i).data);
        optimizer.step();
        seen.push([...p.value.view()]);
      }
      expect(victim.value.view().every((v) => v === 1)).toBe(true);
      return seen;
    };
    expect(run(true)).toEqual(run(false));
  });

  test("does to a parameter for which the memory has to grow what it does to a small one", async () => {
    const parameter = (size: number) => {
      const made = new Parameter("p", ones([size]));
      made.grad.data.fill(0.5);
      return made;
    };
    const [small, victim, large] = [parameter(4), parameter(1000), parameter(5_000_000)];
    for (const one of [small, large]) {
      const optimizer = make(one);
      for (let step = 0; step < 2; step++) optimizer.step();
    }
    expect(small.value.data[0]).not.toBe(1);
    expect(large.value.size).toBe(5_000_000);
    expect(new Set(large.value.data)).toEqual(new Set(small.value.data));
    expect(new Set(victim.value.data)).toEqual(new Set([1]));
    await collected();
  });

  test("leaves alone what no backward reached", () => {
    const layer = new Linear(3, 3);
    const before = layer.weight.value.toArray();
    const optimizer = make(layer.weight);
    for (let i = 0; i < 3; i++) {
      layer.zeroGrad();
      clipGradNorm(layer.parameters(), 1);
      optimizer.step();
      expect([...layer.weight.grad.view()]).toEqual(new Array(9).fill(0)); // looking is not reaching
    }
    expect(layer.weight.value.toArray()).toEqual(before);
    layer.backward(ones(layer.forward(normal([2, 3], 1)).shape));
    expect(layer.weight.hasGrad).toBe(true);
    optimizer.step();
    expect(layer.weight.value.toArray()).not.toEqual(before);
  });
});

test("a gradient that the program wrote counts, also into an array that it kept", () => {
  const p = new Parameter("p", ones([2]));
  const grad = p.grad.data;
  const optimizer = new SGD([p], { lr: 1 });
  for (let i = 1; i <= 3; i++) {
    optimizer.zeroGrad();
    grad.fill(1);
    optimizer.step();
    expect(p.value.toArray()).toEqual([1 - i, 1 - i]);
  }
});
