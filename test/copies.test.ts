/**
 * Objects of the library where `instanceof` and private fields fail: those of a second copy of it in one program, and
 * those behind a Proxy, which reactive stores put around everything they are given.
 */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as core from "faltung";
import { ArgumentError, Linear, manualSeed, ones, ReLU, randn, Sequential, StateError, type Tensor } from "faltung";
import * as data from "faltung/data";
import { DataLoader, Dataset } from "faltung/data";
import * as io from "faltung/io";
import * as models from "faltung/models";
import * as train from "faltung/train";
import { Adam, ConfusionMatrix, CrossEntropyLoss, fit, StepLR } from "faltung/train";
import * as vision from "faltung/vision";
import { describe, expect, test, vi } from "vitest";
import { Branded } from "../src/shape/brand.js";
import { splitState } from "../src/train/optimizer-state.js";
import { expectError } from "./support/errors.js";

const EXPORTS: Readonly<Record<string, unknown>> = { ...core, ...data, ...io, ...models, ...train, ...vision };

/** Classes that can be met as objects: all that are exported, errors aside. */
const CLASSES = Object.entries(EXPORTS).flatMap(([name, value]): [string, Class][] =>
  typeof value === "function" && /^class\b/.test(String(value)) && !(value.prototype instanceof Error)
    ? [[name, value]]
    : [],
);

// biome-ignore lint/complexity/noBannedTypes: any class
type Class = Function;

describe("every exported class with private fields", () => {
  const hasPrivates = (Class: object): boolean =>
    typeof Class === "function" &&
    Class !== Branded &&
    (/[\s;{.(]#\w/.test(String(Class)) || hasPrivates(Object.getPrototypeOf(Class) as object));

  test("says what it is and has a way around Proxies", () => {
    const private_ = CLASSES.filter(([, Class]) => hasPrivates(Class));
    expect(private_.length).toBeGreaterThan(40);
    const bare = private_.filter(([, Class]) => !(Class.prototype instanceof Branded)).map(([name]) => name);
    expect(bare).toEqual([]);
    for (const [name, { prototype }] of private_) {
      expect(Object.prototype.toString.call(prototype), name).toMatch(/^\[object faltung\.[A-Z]\w+\]$/);
    }
  });

  test("reaches them, in what others call, by way of the object itself", () => {
    // Methods that are private, protected ones of containers, and constructors run on the object itself.
    const root = resolve(import.meta.dirname, "../src");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
      /^(tensor|train|data|vision)\/.*\.ts$|^layers\/(layer|parameter|cache)\.ts$/.test(name),
    );
    const wrong = files.flatMap((name) => {
      const text = readFileSync(resolve(root, name), "utf8");
      return text.includes("extends Branded")
        ? methodsOf(text)
            .filter(([method, body]) => /^\*?\[?[a-z]/.test(method) && /\bthis\.#/.test(body))
            .map(([method]) => `${name}: ${method}`)
        : [];
    });
    expect(wrong).toEqual([]);
  });

  /** Methods and accessors by name, and their text; fields and constructors are omitted. */
  function methodsOf(text: string): [name: string, body: string][] {
    return [...text.matchAll(/^ {2}(?! |\/|\*|\))(.*?(\n {4,}.*|\n {2}\).*|\n)*)\n {2}\}$/gm)].flatMap(
      ([, member = ""]) => {
        const [, name] =
          /^(?:(?:protected|override|async|get|set|static|public) )*(\*?\[?#?[A-Za-z][\w.\]]*)\s*[<(]/.exec(member) ??
          [];
        return name && name !== "constructor" ? [[name, member] as [string, string]] : [];
      },
    );
  }
});

/** What Vue does: plain objects, and arrays, maps and sets of them, are proxied, however deep they lie. */
function reactive<T>(value: T): T {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (!["Object", "Array", "Map", "Set", "WeakMap", "WeakSet"].includes(kind)) return value;
  return new Proxy(value as object, {
    get: (target, key, receiver) => reactive(Reflect.get(target, key, receiver)),
  }) as T;
}

/** What a bare Proxy does. */
const proxied = <T extends object>(value: T): T => new Proxy(value, {});

/** Four steps of training and everything else that a program does with these objects; each is given to `wrap` first. */
async function used(wrap: <T extends object>(value: T) => T): Promise<unknown> {
  manualSeed(1);
  const inner = wrap(new Sequential(new Linear(4, 5), new ReLU()));
  const model = wrap(new Sequential(inner, wrap(new Linear(5, 3))));
  const optimizer = wrap(new Adam(wrap(model.parameters()), { lr: 0.1 }));
  const scheduler = wrap(new StepLR(optimizer, { stepSize: 1 }));
  const loss = wrap(new CrossEntropyLoss());
  const samples = wrap(new Dataset(wrap(randn([8, 4])), [0, 1, 2, 0, 1, 2, 0, 1]));
  const loader = wrap(new DataLoader(samples, { batchSize: 2, shuffle: true, random: wrap(new core.Random(3)) }));
  await fit(model, loader, { loss, optimizer, scheduler, epochs: 2 });
  const state = model.stateDict();
  model.zeroGrad();
  model.eval().train();
  model.freeze();
  model.unfreeze();
  model.loadStateDict(wrap(state));
  const x = wrap(randn([2, 4]));
  const y = wrap(model.forward(x));
  const dx = model.backward(wrap(ones([2, 3])));
  const confusion = wrap(new ConfusionMatrix(3)).update(y, [0, 1]);
  const [parameter] = model.parameters().map(wrap);
  const store = wrap(new vision.EmbeddingStore());
  store.add("a", wrap(ones([3])));
  const quality = wrap(new vision.PanopticQuality(2));
  return [
    ...Object.values(state).map((tensor) => tensor.toArray()),
    [y.toArray(), dx.toArray(), confusion.counts, confusion.accuracy, String(confusion), String(model)],
    [parameter?.value.toArray(), parameter?.grad.toArray(), parameter?.name, scheduler.stateDict(), scheduler.steps],
    [
      splitState(optimizer.stateDict()).rest,
      loader.stateDict(),
      samples.get(1),
      store.match(ones([3])),
      store.size,
      store.names,
    ],
    [quality.mean(), io.writeNpy(y), model.outputShape([2, 4]), model.modules().length, model.children().length],
    [core.explain(model, [2, 4], { peak: 1, bandwidth: 1 }).layers, String(train.summary(model, [2, 4]))],
  ];
}

test.each([
  ["a bare Proxy", proxied],
  ["Vue's reactive()", reactive],
])("all that a program does gives the same bits through %s", async (_, wrap) => {
  const plain = await used((value) => value);
  expect(await used(wrap)).toEqual(plain);
});

test("every method of a tensor gives the same through a Proxy, as object and as operand", () => {
  const [x, y] = [randn([2, 3]), randn([2, 3])] as Tensor[] as [Tensor, Tensor];
  const arguments_: Readonly<Record<string, readonly unknown[]>> = {
    ...Object.fromEntries(
      ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "eq", "ne", "gt", "ge", "lt", "le"].map((name) => [
        name,
        [y],
      ]),
    ),
    matmul: [y.transpose(0, 1)],
    allClose: [y],
    equals: [y],
    to: ["float64"],
    as: [[2, 3]],
    at: [1, 2],
    set: [7, 0, 1],
    slice: [[0, 1]],
    reshape: [[6]],
    withShape: [[6]],
    unsqueeze: [0],
    transpose: [0, 1],
    permute: [[1, 0]],
    pad: [[1, 1]],
    map: [(value: number) => 2 * value],
    clip: [-1, 1],
    operand: [6],
  };
  const scalars = { item: [] as const };
  const { prototype } = core.Tensor;
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === "constructor" || name === "own") continue;
    const run = (tensor: Tensor, wrap: (operand: unknown) => unknown): unknown =>
      property.get
        ? property.get.call(tensor)
        : (property.value as (...args: unknown[]) => unknown).call(
            tensor,
            ...(arguments_[name] ?? scalars.item).map(wrap),
          );
    const outcome = (tensor: Tensor, wrap: (operand: unknown) => unknown): unknown => {
      try {
        const result = run(tensor, wrap);
        return result instanceof core.Tensor ? [result.shape, result.toArray()] : result;
      } catch (error) {
        return String(error);
      }
    };
    const wrap = (operand: unknown) => (operand instanceof core.Tensor ? proxied(operand) : operand);
    expect(outcome(proxied(x), wrap), name).toEqual(outcome(x, (operand) => operand));
  }
  expect([...proxied(x)].map((row) => row.toArray())).toEqual(x.toArray());
});

test("a copy without private fields, as other stores make it, is refused in words", () => {
  const x = ones([2]);
  const copy = Object.create(Object.getPrototypeOf(x)) as Tensor & Record<PropertyKey, unknown>;
  for (const key of Reflect.ownKeys(x)) {
    const value: unknown = Reflect.get(x, key);
    Reflect.set(copy, key, value === x ? copy : value);
  }
  expectError(
    () => copy.data,
    StateError,
    "A faltung.Tensor was copied without its private fields. Usual cause: a reactive store that copies: keep it out.",
  );
});

describe("a second copy of the library", async () => {
  vi.resetModules();
  const [otherCore, otherTrain] = [await import("faltung"), await import("faltung/train")];
  const foreign = (who: string, kind: string) =>
    `${who} expects what this copy of faltung made, but got a ${kind} of a second copy. Usual cause: two versions installed (npm ls faltung), or bundled twice.`;
  const x = otherCore.ones([1, 2]) as unknown as Tensor;
  const layer = () => new otherCore.Linear(2, 1) as unknown as Linear;
  const parameters = () => layer().parameters();
  class Holds extends core.Layer {
    constructor(readonly held: unknown) {
      super();
    }
    protected compute(input: Tensor): Tensor {
      return input;
    }
    protected computeBackward(dy: Tensor): Tensor {
      return dy;
    }
  }

  test("is one, and shares the engine of its own version", () => {
    expect(otherCore.Tensor).not.toBe(core.Tensor);
    const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../package.json"), "utf8")) as {
      readonly version: string;
    };
    expect(Object.hasOwn(globalThis, Symbol.for(`faltung.engine@${version}`))).toBe(true);
    expect(otherCore.defaultRandom()).toBe(core.defaultRandom());
  });

  test.each<[who: string, kind: string, run: () => unknown]>([
    ["Linear.forward", "Tensor", () => new Linear(2, 1).forward(x as never)],
    ["Linear.backward", "Tensor", () => new Linear(2, 1).backward(x)],
    ["Tensor.add", "Tensor", () => ones([1, 2]).add(x as never)],
    ["Tensor.matmul", "Tensor", () => ones([1, 2]).matmul(x as never)],
    ["Tensor.equals", "Tensor", () => ones([1, 2]).equals(x)],
    ["concat", "Tensor", () => core.concat([ones([1, 2]), x], 0)],
    ["Sequential", "Layer", () => new Sequential(layer())],
    ["Parallel", "Layer", () => new core.Parallel([new Linear(2, 1), layer()])],
    ["Residual", "Layer", () => new core.Residual(layer())],
    ["SGD", "Parameter", () => new train.SGD(parameters())],
    ["SGD", "Parameter", () => new train.SGD([{ parameters: parameters() }])],
    ["clipGradNorm", "Parameter", () => train.clipGradNorm(parameters(), 1)],
    [
      "StepLR",
      "Optimizer",
      () => new StepLR(new otherTrain.SGD(layer().parameters() as never) as never, { stepSize: 1 }),
    ],
    ["CrossEntropyLoss.forward", "Tensor", () => new CrossEntropyLoss().forward(x as never, [0])],
    ["CrossEntropyLoss", "Tensor", () => new CrossEntropyLoss().forward(ones([1, 2]), x as never)],
    ["MSELoss.forward", "Tensor", () => new train.MSELoss().forward(ones([1, 2]), x)],
    ["CrossEntropyLoss", "Tensor", () => new CrossEntropyLoss({ weight: x })],
    ["accuracy", "Tensor", () => train.accuracy(x, [0])],
    ["ConfusionMatrix", "Tensor", () => new ConfusionMatrix(2).update(x, [0])],
    ["Dataset", "Tensor", () => new Dataset(x, [0])],
    ["Dataset", "Tensor", () => new Dataset(ones([1, 2]), x)],
    ["writeNpy", "Tensor", () => io.writeNpy(x)],
    ["writeNpz", "Tensor", () => io.writeNpz({ x })],
    ["writeSafetensors", "Tensor", () => io.writeSafetensors({ x })],
    ["EmbeddingStore.add", "Tensor", () => new vision.EmbeddingStore().add("a", x)],
    ["The field held", "Layer", () => new Holds(layer()).parameters()],
    ["The field held.1", "Layer", () => new Holds([new ReLU(), layer()]).stateDict()],
    ["The field held", "Parameter", () => new Holds(parameters()[0]).namedParameters()],
    ["The field held", "StateBuffer", () => new Holds(new otherCore.StateBuffer("b", x as never)).stateDict()],
  ])("is refused by %s, which gets a %s", (who, kind, run) => {
    expectError(run, ArgumentError, foreign(who, kind));
  });
});
