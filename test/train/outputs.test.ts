/** Training networks of several inputs and outputs: which loss is whose, and that they add up. */
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { DataLoader, Dataset } from "../../src/data.js";
import {
  BatchNorm1d,
  Composite,
  explain,
  graph,
  Linear,
  type Network,
  Random,
  Tanh,
  type Tensor,
  type Value,
} from "../../src/index.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import {
  Adam,
  accuracy,
  CrossEntropyLoss,
  evaluate,
  type FitOptions,
  fit,
  L1Loss,
  MSELoss,
  NonFiniteError,
  SGD,
  summary,
} from "../../src/train.js";
import { normal } from "../support/layers.js";

const seeded = (seed: number) => ({ random: new Random(seed) });

/** Two inputs; what comes out has names. */
class Named extends Composite<Named> {
  override readonly name = "Named";
  readonly a = new Linear(2, 6, seeded(1));
  readonly b = new Linear(3, 6, seeded(2));
  readonly norm = new BatchNorm1d(6);
  readonly tanh = new Tanh();
  readonly classes = new Linear(6, 2, seeded(3));
  readonly size = new Linear(6, 1, seeded(4));

  compose(x: Value, y: Value) {
    const body = this.a.of(x).add(this.b.of(y)).through(this.norm, this.tanh);
    return { logits: this.classes.of(body), size: this.size.of(body), spare: body };
  }
}
/** The same, in a list. */
class Listed extends Named {
  override readonly name = "Listed" as never;
  override compose(x: Value, y: Value): never {
    const { logits, size } = super.compose(x, y);
    return [logits, size] as never;
  }
}

const xs = [normal([16, 2], 1), normal([16, 3], 2)] as const;
const labels = Int32Array.from({ length: 16 }, (_, i) => (xs[0].data[2 * i]! > 0 ? 1 : 0));
const sizes = xs[0].slice(null, [0, 1]).add(xs[1].slice(null, [0, 1]));
const targets = { logits: labels, size: sizes };
const batch = { inputs: xs, targets };
const optimizerOf = (net: Network) => new SGD(net.parameters(), { lr: 0.1 });
const gradientsOf = (net: Network) => net.parameters().map(({ grad }) => grad.clone());

/** The error's class and its whole text. */
async function expectRejection(run: Promise<unknown>, kind: new (...args: never[]) => Error, text: string) {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).message).toBe(text);
}

describe("fit of a network with several inputs and outputs", () => {
  test("learns", async () => {
    const net = new Named();
    const data = new DataLoader(new Dataset(xs, targets), { batchSize: 8, shuffle: true, random: new Random(1) });
    const { epochs } = await fit(net, data, {
      loss: { logits: new CrossEntropyLoss(), size: { loss: new MSELoss(), weight: 0.4 } },
      optimizer: new Adam(net.parameters(), { lr: 0.02 }),
      epochs: 40,
      validation: data,
      metrics: { logits: { accuracy } },
    });
    expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0]!.loss / 4);
    expect(epochs.at(-1)!.validation!.metrics["logits.accuracy"]).toBe(1);
  });

  test("the loss is the weighted sum, and so are the gradients, bit for bit", async () => {
    const weight = fc.double({ min: -2, max: 2, noNaN: true });
    await fc.assert(
      fc.asyncProperty(weight, weight, fc.boolean(), fc.boolean(), async (w, v, isList, sums) => {
        const make = () => (isList ? new Listed() : new Named()) as Named;
        const [net, other] = [make(), make()];
        const reduction = sums ? "sum" : "mean";
        const weighted = [
          { loss: new CrossEntropyLoss(), weight: w },
          { loss: new MSELoss({ reduction }), weight: v },
        ];
        const options = {
          loss: isList ? weighted : { logits: weighted[0], size: weighted[1] },
          optimizer: new SGD(net.parameters(), { lr: 0 }),
        } as unknown as FitOptions<typeof targets>;
        const data = [{ inputs: xs, targets: (isList ? [labels, sizes] : targets) as typeof targets }];
        const { epochs } = await fit(net, data, options);
        const outputs = Object.values(other.forward(...xs) as object) as Tensor[];
        const [classes, mse] = [new CrossEntropyLoss(), new MSELoss({ reduction })];
        const [p, q] = [classes.forward(outputs[0]!, labels), mse.forward(outputs[1]!, sizes)];
        const dys = [classes.backward().mul(w), mse.backward().mul(v)] as const;
        (other as Network).backward(isList ? dys : { logits: dys[0], size: dys[1] });
        expect(epochs[0]!.loss).toBe((w * p * 16 + v * q * (sums ? 1 : 16)) / 16);
        gradientsOf(other).forEach((grad, i) => {
          expect(grad.equals(net.parameters()[i]!.grad)).toBe(true);
        });
      }),
      { numRuns: 30 },
    );
  });

  test("an output without a loss gets no gradient", async () => {
    const net = new Named();
    await fit(net, [batch], { loss: { logits: new CrossEntropyLoss() }, optimizer: optimizerOf(net) });
    expect(net.size.parameters().map(({ hasGrad }) => hasGrad)).toEqual([false, false]);
    expect(net.classes.parameters().map(({ hasGrad }) => hasGrad)).toEqual([true, true]);
  });

  test("auxiliary heads have one target for all of them", async () => {
    const heads = () =>
      graph(
        ["N", 2],
        { stem: new Linear(2, 4, seeded(1)), head: new Linear(4, 2, seeded(2)), aux: new Linear(4, 2, seeded(3)) },
        (l, x) => {
          const y = l.stem.of(x);
          return { logits: l.head.of(y.tanh() as never) as Value, aux1: l.aux.of(y) as Value };
        },
      ) as unknown as Network;
    const [net, other] = [heads(), heads()];
    const loss = () => ({ logits: new CrossEntropyLoss(), aux1: { loss: new CrossEntropyLoss(), weight: 0.3 } });
    await fit(net, [{ inputs: xs[0], targets: labels }], { loss: loss(), optimizer: optimizerOf(net), epochs: 3 });
    const byName = { logits: labels, aux1: labels };
    await fit(other, [{ inputs: xs[0], targets: byName }], { loss: loss(), optimizer: optimizerOf(other), epochs: 3 });
    for (const [key, value] of Object.entries(net.stateDict()))
      expect(value.equals(other.stateDict()[key]!)).toBe(true);
    const { metrics } = await evaluate(net, [{ inputs: xs[0], targets: labels }], {
      loss: { logits: new CrossEntropyLoss() },
      metrics: { logits: { accuracy }, aux1: { accuracy } },
    });
    expect(Object.keys(metrics)).toEqual(["logits.accuracy", "aux1.accuracy"]);
  });

  test("goes on from a checkpoint to the same bits", async () => {
    const train = async (epochs: number, resume?: Uint8Array) => {
      const net = new Named();
      let saved: Uint8Array | undefined;
      const random = new Random(3);
      await fit(net, new DataLoader(new Dataset(xs, targets), { batchSize: 4, shuffle: true, random }), {
        loss: { logits: new CrossEntropyLoss(), size: new L1Loss() },
        optimizer: new Adam(net.parameters()),
        epochs,
        checkpoint: {
          save: (bytes) => {
            saved = bytes;
          },
        },
        ...(resume && { resume }),
      });
      return { net, saved };
    };
    const whole = (await train(4)).net.stateDict();
    const resumed = (await train(4, (await train(2)).saved)).net.stateDict();
    for (const [key, value] of Object.entries(whole)) expect(value.equals(resumed[key]!)).toBe(true);
  });

  test("a loss that is not finite is named, and nothing has changed", async () => {
    const net = new Named();
    const before = net.stateDict();
    const bad = { inputs: xs, targets: { logits: labels, size: sizes.div(0) } };
    const options = { loss: { logits: new CrossEntropyLoss(), size: new MSELoss() }, optimizer: optimizerOf(net) };
    const error = await fit(net, [bad], options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(
      /^fit expects finite numbers, but the loss of size at step 1 of epoch 1 is (Infinity|NaN)\. Usual cause: the batch itself, whose targets hold/,
    );
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.equals(before[key]!)).toBe(true);
  });

  test("wrong losses, metrics and batches are refused before anything has changed", async () => {
    const net = new Named();
    const before = net.stateDict();
    const [ce, mse] = [new CrossEntropyLoss(), new MSELoss()];
    const given = (loss: unknown, metrics: unknown = {}, data: unknown = batch, model: Network = net) =>
      fit(model, [data] as never, { loss, metrics, optimizer: optimizerOf(model) } as never);
    const has = "Named has the outputs logits, size, spare";
    for (const [run, kind, text] of [
      [
        () => given({ logits: ce, boxes: mse }),
        ArgumentError,
        `fit expects losses of outputs that there are, for ${has}, but got a loss of boxes. Usual cause: an output that compose returns under another name, or in another form.`,
      ],
      [
        () => given([ce, mse]),
        ArgumentError,
        `fit expects losses of outputs that there are, for ${has} by name, but got a loss of 0. Usual cause: an output that compose returns under another name, or in another form.`,
      ],
      [
        () => given({}),
        ArgumentError,
        "fit expects loss to be a loss of one output at least, such as { logits: new CrossEntropyLoss() }, but got an object. Usual cause: losses that are undefined.",
      ],
      [
        () => given(mse),
        ArgumentError,
        `fit expects loss to be the losses of outputs by name, or a list where compose gives one, for ${has}, but got a Loss. Usual cause: one loss for all outputs: give it to each that should learn.`,
      ],
      [
        () => given({ logits: ce }, {}, { inputs: xs[0], targets: labels }, new Linear(2, 2) as unknown as Network),
        ArgumentError,
        "fit expects loss to be one loss, for Linear has one output, but got losses of logits. Usual cause: another network.",
      ],
      [
        () => given({ logits: ce }, { accuracy }),
        ArgumentError,
        "fit expects metrics by output, { logits: { accuracy } }, for Named has the outputs logits, size, spare, but got accuracy. Usual cause: metrics of another network, or of no output.",
      ],
      [
        () => given({ logits: { loss: ce, weight: Number.NaN } }),
        ArgumentError,
        "fit expects loss.logits.weight to be a finite number, but got NaN. Usual cause: a division without Math.floor, or an undefined variable.",
      ],
      [
        () => given({ logits: "mse" }),
        ArgumentError,
        'fit expects loss.logits to be a loss such as new CrossEntropyLoss(), but got "mse". Usual cause: a function or a name, where an object with forward and backward is meant.',
      ],
      [
        () => given({ size: mse }, {}, { inputs: xs, targets: { logits: labels } }),
        ArgumentError,
        "fit expects targets of the output size, but its batch has targets of logits. Usual cause: targets under another name than the output.",
      ],
      [
        () => given({ logits: ce }, {}, { inputs: [xs[0], normal([5, 3], 1)], targets }),
        ShapeError,
        "fit expects as many samples in each input of a batch in its data, but batch 1 has the inputs [16, 2], [5, 3]. Usual cause: inputs of different samples, or a missing batch dimension.",
      ],
      [
        () => given({ size: mse }, {}, { inputs: xs, targets: { size: normal([16], 1) } }),
        ShapeError,
        "MSELoss (size) expects a target of the prediction's shape [16, 1], but got [16]. Usual cause: the loss or the targets of another output, or a model's last dimension of size 1: reshape one of the two, for they are not broadcast.",
      ],
      [
        () => given({ logits: ce }, {}, { inputs: xs[0], targets }),
        ArgumentError,
        "Named expects 2 inputs, but got 1. Usual cause: a missing argument, or a batch for fit whose inputs are not in a list.",
      ],
    ] as const) {
      await expectRejection(run(), kind as never, text);
    }
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.equals(before[key]!)).toBe(true);
  });
});

describe("data sets with several inputs and targets", () => {
  test("cut all of them alike", () => {
    const data = new Dataset(xs, targets);
    expect(String(data)).toBe("Dataset(16 × [2], [3])");
    const { inputs, targets: own } = data.batch([3, 1]);
    expect(inputs.map((x) => x.shape)).toEqual([
      [2, 2],
      [2, 3],
    ]);
    expect([...own.logits]).toEqual([labels[3], labels[1]]);
    expect(own.size.data[0]).toBe(sizes.data[3]);
    expect(data.get(2).input[1]!.equals(xs[1].slice(2))).toBe(true);
    expect(data.get(2).target.logits).toBe(labels[2]);
    expect(data.slice(4, 6).inputs[1]!.equals(xs[1].slice([4, 6]))).toBe(true);
    const [first, second] = data.split(0.25);
    expect([first.length, second.length]).toEqual([4, 12]);
    for (const { inputs: each } of new DataLoader(data, { batchSize: 16 })) expect(each[0]!.equals(xs[0])).toBe(true);
    expectTypeOf(data.get(0).target.logits).toEqualTypeOf<number>();
  });

  test("refuse what does not go together", () => {
    expect(() => new Dataset([xs[0], normal([5, 3], 1)], labels)).toThrow(
      new ShapeError(
        "Dataset expects the same number of samples in each of its inputs, but got [16, 2] and [5, 3]. Usual cause: inputs of different samples, or one without batch dimension.",
      ),
    );
    expect(() => new Dataset(xs, { logits: labels, size: normal([3, 1], 1) })).toThrow(ShapeError);
  });
});

test("summary, explain, freeze and the state dict take such a network as it is", () => {
  const net = new Named();
  expect(
    summary(net, [
      [4, 2],
      [4, 3],
    ]).parameters,
  ).toBe(net.parameters().reduce((sum, { value }) => sum + value.size, 0));
  expect(
    explain(
      net,
      [
        [4, 2],
        [4, 3],
      ],
      { peak: 1e9, bandwidth: 1e9 },
    ).layers.map(({ key }) => key),
  ).toEqual(["a", "b", "classes", "size"]);
  net.a.freeze();
  expect(net.a.weight.requiresGrad).toBe(false);
  const other = new Named();
  other.loadStateDict(net.stateDict());
  expect(other.forward(...xs).logits.equals(net.forward(...xs).logits)).toBe(true);
});
