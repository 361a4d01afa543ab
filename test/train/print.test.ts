/** What is not a tensor and no layer prints as one line of facts, never as its internals. */
import { inspect } from "node:util";
import * as faltung from "faltung";
import { Cache, Parameter, Random, StateBuffer, tensor, zeros } from "faltung";
import * as data from "faltung/data";
import * as train from "faltung/train";
import * as vision from "faltung/vision";
import { describe, expect, test } from "vitest";
import { Branded } from "../../src/shape/brand.js";

const { Adam, AdamW, RAdam, SGD, RMSprop, Rprop, Adagrad } = train;
const weight = new Parameter("weight", tensor([[1, 2]]));
const bias = new Parameter("bias", tensor([1]));
const all = [weight, bias];
const stepped = () => {
  const scheduler = new train.StepLR(new SGD(all, { lr: 1 }), { stepSize: 10 });
  scheduler.step();
  return scheduler;
};
const digits = new data.Dataset(zeros([130, 1, 28, 28]), new Uint8Array(130));

const PRINTED: readonly (readonly [value: object, text: string])[] = [
  [new Adam(all), "Adam(lr=0.001, weightDecay=0, maximize=false, betas=[0.9, 0.999], eps=1e-8, amsgrad=false)"],
  [
    new AdamW(all, { lr: 0.1, betas: [0, 0.5] }),
    "AdamW(lr=0.1, weightDecay=0.01, maximize=false, betas=[0, 0.5], eps=1e-8, amsgrad=false)",
  ],
  [
    new RAdam(all),
    "RAdam(lr=0.001, weightDecay=0, maximize=false, betas=[0.9, 0.999], eps=1e-8, decoupledWeightDecay=false)",
  ],
  [new SGD(all), "SGD(lr=0.001, weightDecay=0, maximize=false, momentum=0, dampening=0, nesterov=false)"],
  [
    new SGD([{ parameters: [weight], lr: 1 }, bias, { parameters: [new Parameter("x", zeros([1]))], weightDecay: 2 }]),
    "SGD(lr=[0.001, 1, 0.001], weightDecay=[0, 0, 2], maximize=false, momentum=0, dampening=0, nesterov=false)",
  ],
  [
    new RMSprop(all),
    "RMSprop(lr=0.01, weightDecay=0, maximize=false, alpha=0.99, eps=1e-8, momentum=0, centered=false)",
  ],
  [new Rprop(all), "Rprop(lr=0.01, maximize=false, etas=[0.5, 1.2], stepSizes=[0.000001, 50])"],
  [
    new Adagrad(all),
    "Adagrad(lr=0.01, weightDecay=0, maximize=false, lrDecay=0, initialAccumulatorValue=0, eps=1e-10)",
  ],
  [new train.CrossEntropyLoss(), 'CrossEntropyLoss(reduction="mean", ignoreIndex=-100, labelSmoothing=0)'],
  [
    new train.NLLLoss({ weight: [1, 2, 3], reduction: "none" }),
    'NLLLoss(reduction="none", weight=Tensor [3], ignoreIndex=-100)',
  ],
  [new train.MSELoss({ reduction: "sum" }), 'MSELoss(reduction="sum")'],
  [new train.HuberLoss(), 'HuberLoss(reduction="mean", delta=1)'],
  [stepped(), "StepLR(stepSize=10, gamma=0.1, steps=1)"],
  [
    new train.OneCycleLR(new SGD(all, { momentum: 0.9 }), { maxLr: 1, totalSteps: 10 }),
    "OneCycleLR(maxLrs=[1], totalSteps=10, steps=0)",
  ],
  [weight, "Parameter weight: Tensor [1, 2]\n[[1, 2]]"],
  [new StateBuffer("running_mean", tensor(3)), "StateBuffer running_mean: Tensor [] 3"],
  [digits, "Dataset(130 × [1, 28, 28])"],
  [new data.DataLoader(digits, { batchSize: 64 }), "DataLoader(3 batches of 64)"],
  [new data.DataLoader(digits, { batchSize: 200 }), "DataLoader(1 batch of 200)"],
  [new Cache(), "Cache()"],
  [new vision.EmbeddingStore().add("Ada", [1]), "EmbeddingStore(size=1, names=1, threshold=Infinity)"],
  [new vision.PanopticQuality(3), "PanopticQuality(3 classes, pq=NaN)"],
];

test.each(PRINTED.map(([value, text]) => [text, value] as const))("%s", (text, value) => {
  expect(String(value)).toBe(text);
  expect(inspect(value)).toBe(text);
  expect(String(new Proxy(value, {}))).toBe(text);
});

test("a generator is its state, a matrix its table", () => {
  const random = new Random(1);
  expect(inspect(random)).toBe(`Random(${random.state.join(", ")})`);
  const confusion = new train.ConfusionMatrix(2).update([0, 1], [0, 1]);
  expect(inspect(confusion)).toBe(String(confusion));
  expect(String(confusion)).toContain("accuracy 100% of 2");
});

class Hinge extends train.Loss {
  readonly margin = 2;
  readonly table = new Map([[1, 2]]);
  readonly names = ["a"];
  protected compute(): never {
    throw new Error("not run");
  }
}

test("a loss of one's own shows its options, and nothing else", () => {
  expect(inspect([new Hinge("Hinge")])).toBe('[ Hinge(reduction="mean", margin=2) ]');
});

describe("every exported class", () => {
  const exported: Readonly<Record<string, unknown>> = { ...faltung, ...data, ...train, ...vision };
  const classes = Object.values(exported).flatMap((value): [string, object][] =>
    typeof value === "function" && value.prototype instanceof Branded ? [[value.name, value.prototype]] : [],
  );
  test.each(classes)("%s has a text of its own", (name, prototype) => {
    expect(prototype.toString === Branded.prototype.toString).toBe(/^_?Cache$/.test(name));
  });
});
