/** Losses, optimizers, schedulers, augmentation, and whole trainings. */
import { randomNoise, randomRotate } from "../../src/data.js";
import type { Layer } from "../../src/graph/layer.js";
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GELU,
  Linear,
  MaxPool2d,
  manualSeed,
  Parameter,
  Random,
  ReLU,
  rand,
  randn,
  Sequential,
  Softmax,
  type Tensor,
} from "../../src/index.js";
import { LeNet5 } from "../../src/models.js";
import * as train from "../../src/train.js";
import { type Digest, normal } from "./digest.js";

const LABELS = Array.from({ length: 33 }, (_, i) => (i * 7) % 10);

const OPTIMIZERS: Record<string, (parameters: Parameter[]) => train.Optimizer> = {
  SGD: (p) => new train.SGD(p, { lr: 0.1 }),
  "SGD with momentum": (p) => new train.SGD(p, { lr: 0.1, momentum: 0.9, weightDecay: 1e-3 }),
  Nesterov: (p) => new train.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true }),
  Adam: (p) => new train.Adam(p, { lr: 0.01 }),
  "Adam with AMSGrad": (p) => new train.Adam(p, { amsgrad: true, weightDecay: 0.01 }),
  AdamW: (p) => new train.AdamW(p, { lr: 0.01 }),
  Adamax: (p) => new train.Adamax(p),
  RAdam: (p) => new train.RAdam(p),
  RMSprop: (p) => new train.RMSprop(p, { momentum: 0.5 }),
  "centered RMSprop": (p) => new train.RMSprop(p, { centered: true }),
  Adagrad: (p) => new train.Adagrad(p, { lrDecay: 0.1 }),
  Adadelta: (p) => new train.Adadelta(p),
  Rprop: (p) => new train.Rprop(p),
};

/** Loss and parameters after each of some steps on one batch. */
function fit(digest: Digest, model: Layer, optimizer: train.Optimizer, x: Tensor, steps: number): void {
  const loss = new train.CrossEntropyLoss();
  const labels = Array.from({ length: x.shape[0] ?? 0 }, (_, i) => (i * 7) % 10);
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    digest.number(loss.forward(model.forward(x), labels));
    model.backward(loss.backward(), { inputGradient: false });
    train.clipGradNorm(model.parameters(), 5);
    optimizer.step();
  }
  digest.tensor(...Object.values(model.stateDict()));
}

export const training: Record<string, (digest: Digest) => void> = {
  "losses of classes"(digest) {
    const x = normal([33, 10], 1);
    for (const loss of [
      new train.CrossEntropyLoss(),
      new train.CrossEntropyLoss({ labelSmoothing: 0.1, reduction: "sum" }),
      new train.CrossEntropyLoss({ weight: Array.from({ length: 10 }, (_, i) => 0.5 + i / 8), ignoreIndex: 3 }),
    ]) {
      digest.number(loss.forward(x, LABELS));
      digest.tensor(loss.backward());
    }
    const none = new train.CrossEntropyLoss({ reduction: "none" });
    digest.tensor(none.forward(x, LABELS), none.backward(normal([33], 2)));
    const likelihood = new train.NLLLoss();
    digest.number(likelihood.forward(x, LABELS));
    digest.tensor(likelihood.backward());
  },

  "losses of numbers"(digest) {
    const [x, target] = [normal([33, 11], 1), normal([33, 11], 2)];
    const [p, q] = [x.sigmoid(), target.sigmoid()];
    const log = new Softmax(1).forward(x).log();
    for (const [loss, prediction, wanted] of [
      [new train.MSELoss(), x, target],
      [new train.L1Loss(), x, target],
      [new train.SmoothL1Loss({ beta: 0.5 }), x, target],
      [new train.HuberLoss({ delta: 0.7 }), x, target],
      [new train.BCELoss(), p, q],
      [new train.BCEWithLogitsLoss(), x, q],
      [new train.KLDivLoss({ reduction: "batchmean" }), log, q],
    ] as const) {
      digest.number(loss.forward(prediction, wanted));
      digest.tensor(loss.backward());
    }
  },

  optimizers(digest) {
    for (const make of Object.values(OPTIMIZERS)) {
      const parameter = new Parameter("p", normal([101], 1));
      const optimizer = make([parameter]);
      for (let step = 0; step < 20; step++) {
        parameter.grad.data.set(normal([101], 2 + step).data);
        optimizer.step();
      }
      digest.tensor(parameter.value);
    }
  },

  schedulers(digest) {
    for (const make of [
      (o: train.Optimizer) => new train.CosineAnnealingLR(o, { tMax: 17 }),
      (o: train.Optimizer) => new train.ExponentialLR(o, { gamma: 0.93 }),
      (o: train.Optimizer) => new train.PolynomialLR(o, { totalIters: 30, power: 0.9 }),
      (o: train.Optimizer) => new train.PolynomialLR(o, { totalIters: 30, power: 2.3 }),
      (o: train.Optimizer) => new train.OneCycleLR(o, { maxLr: 0.1, totalSteps: 40 }),
      (o: train.Optimizer) => new train.LinearLR(o),
      (o: train.Optimizer) => new train.StepLR(o, { stepSize: 3 }),
    ]) {
      const optimizer = new train.SGD([new Parameter("p", normal([1], 1))], { lr: 0.05 });
      const scheduler = make(optimizer);
      for (let step = 0; step < 25; step++) {
        scheduler.step();
        digest.number(optimizer.lr);
      }
    }
  },

  "gradient norms, tensors' functions"(digest) {
    for (const normType of [2, 1, Infinity, 3, 2.5]) {
      const parameter = new Parameter("p", normal([1001], 1));
      parameter.grad.data.set(normal([1001], 2).data);
      digest.number(train.clipGradNorm([parameter], 1, { normType }));
      digest.tensor(parameter.grad);
    }
    const x = normal([999], 3);
    const size = x.abs();
    digest.tensor(x.exp(), size.log(), size.sqrt(), x.sigmoid(), x.tanh(), size.pow(1.7), x.pow(3), size.pow(-0.5));
    digest.tensor(x.std(0), x.var(0), x.mean(0), normal([31, 40], 4).matmul(normal([40, 23], 5)));
  },

  "random numbers, initial weights, augmentation"(digest) {
    manualSeed(11);
    digest.tensor(randn([501]), rand([501]), ...new LeNet5().parameters().map(({ value }) => value));
    const batch = { inputs: normal([5, 1, 14, 14], 1), targets: [0, 1, 2, 3, 4] };
    digest.tensor(randomRotate(30)(batch, new Random(2)).inputs, randomNoise(0.1)(batch, new Random(3)).inputs);
  },

  "20 steps of LeNet-5 with default seeds"(digest) {
    manualSeed(0);
    const model = new LeNet5();
    fit(digest, model, new train.Adam(model.parameters()), randn([64, 1, 28, 28]), 20);
  },

  "20 steps of a network with everything that draws or normalizes"(digest) {
    manualSeed(0);
    const model = new Sequential(
      new Conv2d(3, 16, 3, { padding: 1 }),
      new BatchNorm2d(16),
      new GELU(),
      new Conv2d(16, 16, 3, { padding: 1, groups: 16 }),
      new BatchNorm2d(16),
      new GELU(),
      new Flatten(),
      new Dropout(0.2),
      new Linear(16 * 64, 10),
    );
    fit(digest, model, new train.AdamW(model.parameters(), { lr: 0.003 }), randn([16, 3, 8, 8]), 20);
  },

  "PyTorch's MNIST example, two steps by each optimizer"(digest) {
    // Its 1.2 million weights, their gradients and an optimizer's state do not fit into what the memory begins with.
    for (const make of Object.values(OPTIMIZERS)) {
      manualSeed(0);
      const model = new Sequential(
        new Conv2d(1, 32, 3),
        new ReLU(),
        new Conv2d(32, 64, 3),
        new ReLU(),
        new MaxPool2d(2),
        new Dropout(0.25),
        new Flatten(),
        new Linear(9216, 128),
        new ReLU(),
        new Dropout(0.5),
        new Linear(128, 10),
      );
      fit(digest, model, make(model.parameters()), rand([4, 1, 28, 28]), 2);
    }
  },
};
