/** Transfer learning: what `freeze()` keeps from changing, and what it leaves exactly as it was. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GroupNorm,
  type Layer,
  Linear,
  MaxPool2d,
  PReLU,
  Random,
  ReLU,
  Residual,
  Sequential,
} from "../../src/index.js";
import { AdamW, CrossEntropyLoss, fit, SGD } from "../../src/train.js";
import { Net, SHAPE } from "../support/composites.js";
import { normal } from "../support/layers.js";

type Kind = (channels: number, random: Random) => Layer;

/** Layers that keep `[N, C, 8, 8]`: each kind of parameter, buffer and mode that a body can have. */
const KINDS: readonly Kind[] = [
  (c, random) => new Conv2d(c, c, 3, { padding: 1, random }),
  (c, random) => new Conv2d(c, c, 1, { bias: false, random }),
  (c) => new BatchNorm2d(c),
  (c) => new GroupNorm(1, c),
  (c) => new PReLU(c),
  () => new ReLU(),
  (_, random) => new Dropout(0.5, { random }),
  (c, random) => new Residual(new Sequential(new Conv2d(c, c, 3, { padding: 1, random }), new BatchNorm2d(c))),
];

interface Case {
  readonly kinds: readonly number[];
  readonly channels: number;
  readonly seed: number;
}

const cases = fc.record({
  kinds: fc.array(fc.nat(KINDS.length - 1), { minLength: 1, maxLength: 5 }),
  channels: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});

function network({ kinds, channels, seed }: Case) {
  const random = new Random(seed);
  const body: Layer = new Sequential(...kinds.map((kind) => KINDS[kind]!(channels, random)));
  const head: Layer = new Sequential(
    new MaxPool2d(2),
    new Flatten(),
    new Linear(16 * channels, 5, { random }),
    new ReLU(),
    new Linear(5, 3, { random }),
  );
  const model: Layer = new Sequential(body, head);
  return { model, body, head };
}

const inputs = ({ channels, seed }: Case) => normal([4, channels, 8, 8], seed);
const TARGETS = [0, 1, 2, 1];

function refuseGradients(layer: Layer): void {
  for (const parameter of layer.parameters()) {
    Object.defineProperty(parameter, "grad", {
      get: () => {
        throw new Error(`the gradient of ${parameter.name} was made`);
      },
    });
  }
}

describe("freeze", () => {
  test("training changes no bit of a frozen body, makes none of its gradients, and runs none of its backwards", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (drawn, adam) => {
        const { model, body, head } = network(drawn);
        body.freeze();
        refuseGradients(body);
        const backward = body.modules().map((layer) => vi.spyOn(layer, "backward"));
        const before = body.stateDict();
        const headBefore = head.stateDict();
        const optimizer = adam
          ? new AdamW(model.parameters(), { lr: 0.1, weightDecay: 0.1 })
          : new SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 0.1 });
        const data = [{ inputs: inputs(drawn), targets: TARGETS }];
        await fit(model, data, { loss: new CrossEntropyLoss(), optimizer, epochs: 3, clipGradNorm: 1 });
        expect(body.stateDict()).toEqual(before);
        for (const spy of backward) expect(spy).not.toHaveBeenCalled();
        expect(head.stateDict()).not.toEqual(headBefore);
      }),
      { numRuns: 40 },
    );
  });

  test("the head's gradient is bit for bit that of the same network with a body that learns, in eval mode", () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const [frozen, free] = [network(drawn), network(drawn)];
        frozen.body.freeze();
        frozen.model.train();
        free.model.train();
        free.body.eval();
        const [x, loss] = [inputs(drawn), new CrossEntropyLoss()];
        for (const { model } of [frozen, free]) {
          loss.forward(model.forward(x), TARGETS);
          model.backward(loss.backward(), { inputGradient: false });
        }
        const gradients = (layer: Layer) => layer.parameters().map(({ grad }) => grad.data);
        expect(gradients(frozen.head)).toEqual(gradients(free.head));
        expect(gradients(frozen.head).some((grad) => grad.some((value) => value !== 0))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("a frozen layer still passes on the gradient of its input, the same as before", () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const [frozen, free] = [network(drawn), network(drawn)];
        frozen.model.freeze();
        free.model.eval();
        const [x, dy] = [inputs(drawn), normal([4, 3], 7)];
        const dx = [frozen, free].map(({ model }) => {
          model.forward(x);
          return model.backward(dy);
        });
        expect(dx[0]?.data).toEqual(dx[1]?.data);
      }),
      { numRuns: 20 },
    );
  });

  test("a frozen composite in the middle of a hand-written model: every other gradient is as it was", () => {
    const [frozen, free] = [new Net(), new Net()];
    for (const block of frozen.blocks) {
      block.freeze();
      refuseGradients(block);
    }
    const [x, dy] = [normal(SHAPE, 1), normal([2, 2, 5, 4], 2)];
    for (const net of [frozen, free]) {
      net.forward(x);
      net.backward(dy);
    }
    expect(frozen.stem.weight.grad.data).toEqual(free.stem.weight.grad.data);
    expect(frozen.head.parameters()[0]?.grad.data).toEqual(free.head.parameters()[0]?.grad.data);
  });

  test("eval mode stays through train() of the layer and of its parents; requiresGrad is false all over", () => {
    const { model, body, head } = network({ kinds: [2, 6, 7], channels: 2, seed: 1 });
    expect(body.freeze()).toBe(body);
    model.train();
    body.train();
    expect(body.modules().map(({ training }) => training)).not.toContain(true);
    expect(head.modules().map(({ training }) => training)).not.toContain(false);
    expect(body.parameters().map(({ requiresGrad }) => requiresGrad)).not.toContain(true);
    expect(head.parameters().map(({ requiresGrad }) => requiresGrad)).not.toContain(false);
  });

  test("a batch norm that is not frozen but whose parameters are still follows the data, as in torch", () => {
    const norm = new BatchNorm2d(2);
    for (const parameter of norm.parameters()) parameter.requiresGrad = false;
    norm.forward(normal([4, 2, 3, 3], 1));
    expect(norm.numBatchesTracked?.value.data[0]).toBe(1);
    norm.freeze().train();
    norm.forward(normal([4, 2, 3, 3], 2));
    expect(norm.numBatchesTracked?.value.data[0]).toBe(1);
  });

  test("unfreeze makes everything learn again, in train mode after the next train()", async () => {
    const { model, body } = network({ kinds: [1, 2], channels: 2, seed: 3 });
    expect(body.freeze().unfreeze()).toBe(body);
    expect(body.training).toBe(false);
    model.train();
    expect(body.modules().map(({ training }) => training)).not.toContain(false);
    const before = body.stateDict();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    await fit(model, [{ inputs: normal([4, 2, 8, 8], 1), targets: TARGETS }], {
      loss: new CrossEntropyLoss(),
      optimizer,
    });
    for (const [key, value] of Object.entries(body.stateDict())) expect(value.data, key).not.toEqual(before[key]!.data);
  });
});
