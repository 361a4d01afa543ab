/** Everything that has numbers as plain data: JSON keeps them, and they come back to the same bits. */
import {
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  Parameter,
  Random,
  randn,
  Sequential,
  StateBuffer,
  tensor,
} from "faltung";
import { DataLoader, Dataset } from "faltung/data";
import { Adam, ConfusionMatrix, CrossEntropyLoss, StepLR } from "faltung/train";
import { EmbeddingStore, PanopticQuality } from "faltung/vision";
import { expect, test } from "vitest";

const through = (value: unknown) => JSON.parse(JSON.stringify(value));
const tensors = (entries: object) =>
  Object.fromEntries(Object.entries(entries).map(([key, data]) => [key, tensor(data as Parameters<typeof tensor>[0])]));

function trained() {
  const model = new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new Flatten(), new Linear(8, 3));
  const optimizer = new Adam(model.parameters());
  const scheduler = new StepLR(optimizer, { stepSize: 2 });
  const loss = new CrossEntropyLoss();
  for (let step = 0; step < 3; step++) {
    optimizer.zeroGrad();
    loss.forward(model.forward(randn([2, 1, 4, 4])), [0, 2]);
    model.backward(loss.backward());
    optimizer.step();
    scheduler.step();
  }
  return { model, optimizer, scheduler };
}

test("models, optimizers and schedulers, in whatever holds them", () => {
  const [from, to] = [trained(), trained()];
  const saved = through({ run: [from] }).run[0];
  to.model.loadStateDict(tensors(saved.model));
  to.optimizer.loadStateDict(saved.optimizer);
  to.scheduler.loadStateDict(saved.scheduler);
  expect(through(to)).toEqual(through(from));
  expect(Object.keys(saved.model)).toContain("1.running_mean");
  for (const [key, value] of Object.entries(from.model.stateDict())) {
    expect([...(to.model.stateDict()[key]?.data ?? [])]).toEqual([...value.data]);
  }
});

test("parameters and buffers are their values", () => {
  const value = tensor([[1, -0, Number.NaN]]);
  for (const State of [Parameter, StateBuffer]) {
    expect(JSON.stringify({ state: new State("weight", value) })).toBe(
      '{"state":{"shape":[1,3],"dtype":"float32","data":[1,"-0","NaN"]}}',
    );
  }
  expect(through(new Proxy(new Parameter("weight", value), {}))).toEqual(through(value));
});

test("loaders and generators are their states", () => {
  const data = new Dataset(randn([10, 2]), new Int32Array(10));
  const loader = () => new DataLoader(data, { batchSize: 2, shuffle: true, random: new Random(3) });
  const [from, to] = [loader(), loader()];
  for (const _ of from) break;
  to.loadStateDict(through(from));
  expect([...to].map(({ inputs }) => inputs.toArray())).toEqual(
    continued(loader()).map(({ inputs }) => inputs.toArray()),
  );
  const random = new Random(5);
  random.bits();
  const again = new Random(1);
  again.state = through(random);
  expect(again.bits()).toBe(random.bits());
});

/** The batches that follow the first. */
function continued<T>(loader: Iterable<T>): T[] {
  return [...loader].slice(1);
}

test("what was counted", () => {
  const confusion = new ConfusionMatrix(["cat", "dog"]).update([0, 1, 1], [0, 0, 1]);
  expect(JSON.stringify(confusion)).toBe('{"classes":["cat","dog"],"counts":[[1,1],[0,1]]}');
  const quality = new PanopticQuality(2);
  expect(through(quality)).toEqual(Array(2).fill({ iou: 0, truePositives: 0, falsePositives: 0, falseNegatives: 0 }));
});

test("embeddings", () => {
  const store = new EmbeddingStore().add("Ada", [1, 0.5]).add("Grace", [0, 2]);
  expect(JSON.stringify(store)).toBe('{"embeddings":[["Ada",[1,0.5]],["Grace",[0,2]]]}');
  const { embeddings, ...options } = through(new EmbeddingStore({ threshold: 0.6 }).add("Ada", [1, 0.5]));
  const again = new EmbeddingStore(options);
  for (const [name, numbers] of embeddings) again.add(name, numbers);
  expect([again.threshold, again.match([1, 0.5])]).toEqual([0.6, { name: "Ada", distance: 0 }]);
});
