/** Layers of one's own: how their parameters are found and named, that they run once, and what plain JavaScript forgets. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchNorm1d,
  BatchNorm2d,
  Cache,
  Composite,
  Conv2d,
  defaultRandom,
  explain,
  Flatten,
  gradcheck,
  graph,
  InstanceNorm2d,
  Layer,
  Linear,
  manualSeed,
  ones,
  Parallel,
  Parameter,
  ReLU,
  Residual,
  Sequential,
  StateBuffer,
  type StateDict,
  stack,
  Tensor,
  tensor,
  type Value,
} from "../../src/index.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { CrossEntropyLoss, summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const parameter = (value: number, name = "same") => new Parameter(name, tensor([value]));

/** A layer that passes its input through, with fields that a test gives it. */
class Bag extends Layer {
  constructor(fields: object = {}) {
    super();
    Object.assign(this, fields);
  }
  protected compute(x: Tensor): Tensor {
    return x;
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

/** What a layer reads while it runs, wherever it is kept. */
class Reads extends Bag {
  readonly #state: () => Parameter | StateBuffer | undefined;
  readonly #when: "compute" | "computeBackward";
  constructor(fields: object, state: () => Parameter | StateBuffer | undefined, when: "compute" | "computeBackward") {
    super(fields);
    this.#state = state;
    this.#when = when;
  }
  protected override compute(x: Tensor): Tensor {
    if (this.#when === "compute") this.#state()?.value;
    return x;
  }
  protected override computeBackward(dy: Tensor): Tensor {
    const state = this.#state();
    if (state instanceof Parameter) state.grad;
    else state?.value;
    return dy;
  }
}

/** Nested arrays and objects, and the keys of what lies in them. */
const { fields } = fc.letrec<{ fields: Record<string, unknown>; value: unknown }>((tie) => ({
  fields: fc.dictionary(fc.constantFrom("a", "b", "weight", "heads"), tie("value"), { maxKeys: 3, noNullPrototype: false }) as never,
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer().map((n) => parameter(n)),
    fc.integer().map((n) => new StateBuffer("same", tensor([n]))),
    fc.constant(null),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("fields"),
  ),
})); // biome-ignore format: one idea a line

function expectedKeys(holder: object, prefix = ""): [string, unknown][] {
  return Object.entries(holder).flatMap(([key, value]): [string, unknown][] => {
    if (value instanceof Parameter || value instanceof StateBuffer) return [[prefix + key, value]];
    return typeof value === "object" && value !== null ? expectedKeys(value, `${prefix}${key}.`) : [];
  });
}

describe("parameters and buffers", () => {
  test("have their fields' names as keys, in arrays and objects however deep; whatever they are called, none is lost", () => {
    fc.assert(
      fc.property(fields, (given) => {
        const [layer, other] = [new Bag(given), new Bag(given)];
        const expected = expectedKeys(given);
        const state = layer.stateDict();
        expect(Object.keys(state)).toEqual(expected.map(([key]) => key));
        expect(layer.namedParameters()).toEqual(expected.filter(([, value]) => value instanceof Parameter));
        const saved = Object.values(state).map((value) => value.item());
        for (const [, value] of expected) (value as Parameter).value.data.fill(-1e9);
        other.loadStateDict(state);
        expect(Object.values(other.stateDict()).map((value) => value.item())).toEqual(saved);
      }),
    );
  });

  test("of child layers in arrays and objects are found with them", () => {
    const net = new Bag({
      blocks: [[new Linear(1, 1)], { gate: new Linear(1, 1, { bias: false }) }],
      heads: { small: new Sequential(new ReLU(), new Linear(1, 1)) },
    });
    expect(net.namedChildren().map(([key]) => key)).toEqual(["blocks.0.0", "blocks.1.gate", "heads.small"]);
    expect(Object.keys(net.stateDict())).toEqual([
      ...["blocks.0.0.weight", "blocks.0.0.bias", "blocks.1.gate.weight"],
      ...["heads.small.1.weight", "heads.small.1.bias"],
    ]);
    expect(net.eval().modules().map(({ training }) => training)).toEqual(new Array(6).fill(false)); // biome-ignore format: one line
  });

  test("that two fields share are one parameter under both keys, as in torch", () => {
    const shared = parameter(2);
    const net = new Bag({ embedding: shared, head: { weight: shared } });
    expect(net.parameters()).toEqual([shared]);
    expect(Object.keys(net.stateDict())).toEqual(["embedding", "head.weight"]);
    net.loadStateDict({ embedding: tensor([5]), "head.weight": tensor([5]) });
    expect(shared.value.item()).toBe(5);
  });

  test("keep torch's names in the library's layers", () => {
    for (const norm of [new BatchNorm2d(2), new InstanceNorm2d(2, { affine: true, trackRunningStats: true })]) {
      expect(Object.keys(norm.stateDict())).toEqual([
        ...["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
      ]);
    }
  });

  const places: [string, (state: Parameter | StateBuffer) => object][] = [
    ["a #private field or a local variable", () => ({})],
    ["a Map", (state) => ({ map: new Map([["a", state]]) })],
    ["a Set", (state) => ({ set: new Set([state]) })],
    ["an instance of another class", (state) => ({ box: new (class { constructor(readonly inner = state) {} })() })],
  ]; // biome-ignore format: a row a line

  test.each(places)("in %s are refused when they are used, at any depth, in train and eval mode", (_, place) => {
    for (const kind of [Parameter, StateBuffer] as const) {
      for (const when of ["compute", "computeBackward"] as const) {
        const make = () => {
          const state = new kind("hidden", tensor([1]));
          return new Reads(place(state), () => state, when);
        };
        const wraps = [
          (l: Layer) => ({ model: l, key: "" }),
          (l: Layer) => ({ model: new Sequential(new ReLU(), new Residual(l)), key: " (1.body)" }),
        ];
        for (const wrap of wraps) {
          const { model, key } = wrap(make());
          const run = () => {
            model.forward(tensor([1]));
            model.backward(tensor([1]));
          };
          const text = `Reads${key} uses a ${kind.name} that is in none of its fields, so it would neither train nor be saved. Usual cause: a #private field, Map or variable instead of a public field, or forward overridden instead of compute.`;
          for (let i = 0; i < 2; i++) expectError(run, StateError, text);
          expectError(() => model.eval() && run(), StateError, text);
        }
      }
    }
  });

  test("are looked up once, not every step", () => {
    let walks = 0;
    class Counting extends Bag {
      protected override ownState() {
        walks++;
        return super.ownState();
      }
    }
    const p = parameter(1);
    const layer = new Counting({ p, inner: new Reads({}, () => p, "compute") });
    const model = new Sequential(layer, new Residual(new Reads({ p }, () => p, "compute")));
    for (let i = 0; i < 5; i++) model.backward(model.forward(tensor([1])));
    expect(walks).toBe(1);
  });
});

describe("a child that knows its parent", () => {
  class Child extends Bag {
    parent: Layer | undefined;
    readonly weight = parameter(2, "weight");
  }
  class Parent extends Composite {
    readonly child = new Child();
    readonly list: unknown[] = [this.child];
    readonly relu = new ReLU();
    constructor() {
      super();
      this.child.parent = this;
      this.list.push(this.list); // and a list that holds itself
    }
    compose(x: Value) {
      return x.through(this.child, this.relu);
    }
  }

  test("is visited once by everything", () => {
    const net = new Parent();
    const model = new Sequential(net);
    expect(Object.keys(model.stateDict())).toEqual(["0.child.weight", "0.list.0.weight"]);
    expect(model.parameters()).toHaveLength(1);
    expect(new Set(model.modules()).size).toBe(model.modules().length);
    expect(model.eval().train().freeze().unfreeze().to("float64").to("float32")).toBe(model);
    model.loadStateDict(model.stateDict());
    model.zeroGrad();
    expect(summary(model, [1]).rows.map(({ key, parameters }) => [key, parameters])).toEqual([
      ["0.child", 1],
      ["0.relu", 0],
    ]);
    model.backward(model.forward(tensor([1])));
  });
});

/** Layers without inferShape that count their runs. */
class Once extends Layer {
  runs = 0;
  protected compute(x: Tensor): Tensor {
    this.runs++;
    return x.map((value) => value + defaultRandom().normal());
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

class Log extends Layer {
  protected compute(x: Tensor): Tensor {
    if (!x.data.every((value) => value > 0)) throw new RangeError("Log expects positive numbers");
    return x.log();
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

/** As a detector's selection: the output's size depends on the data. */
class Rows extends Layer {
  protected compute(x: Tensor): Tensor {
    return stack([...x].filter((row) => (row as Tensor).at(0) > 1) as Tensor[], 0);
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

class Whole extends Composite {
  constructor(readonly inner: Layer) {
    super();
  }
  compose(x: Value) {
    return x.through(this.inner, new ReLU());
  }
}

const wraps: [string, (inner: Layer) => Layer][] = [
  ["itself", (inner) => inner],
  ["a Sequential", (inner) => new Sequential(new ReLU(), inner, new ReLU())],
  ["a Sequential with an input shape", (inner) => new Sequential(["N", 1], inner) as unknown as Layer],
  ["a Residual", (inner) => new Residual(inner, inner)],
  ["a Parallel", (inner) => new Parallel([inner], { merge: "add" })],
  ["a Composite", (inner) => new Whole(inner)],
  ["all of them", (inner) => new Sequential(new Parallel([new Whole(new Sequential(inner))]), new ReLU())],
];

describe.each(wraps)("a layer without inferShape in %s", (name, wrap) => {
  const times = name === "a Residual" ? 2 : 1;

  test("runs once a forward, on its input, in either mode", () => {
    for (const mode of ["train", "eval"] as const) {
      const layer = new Once();
      const model = wrap(layer)[mode]();
      manualSeed(3);
      model.forward(tensor([[1], [2]]));
      expect(layer.runs).toBe(times);
    }
    expect(wrap(new Log()).forward(tensor([[1], [2]])).shape).toEqual([2, 1]);
  });

  test("may give what depends on the data", () => {
    const model = wrap(new Rows());
    for (const count of [1, 3, 2]) {
      const rows = Array.from({ length: 4 }, (_, i) => [i < count ? 2 : 1]);
      expect(model.forward(tensor(rows)).shape).toEqual([count, 1]);
    }
  });

  test("has no shape before it has run: outputShape says so, summary and explain show the rest", () => {
    const layer = new Once();
    const model = new Sequential(wrap(layer), new Flatten(), new Linear(3, 2));
    expectError(
      () => model.outputShape([2, 1]),
      StateError,
      "Once.outputShape expects a method inferShape, but has none. Usual cause: a shape that only compute can tell.",
    );
    const table = summary(model, [2, 1]);
    expect(table.outputShape).toBeUndefined();
    expect(table.parameters).toBe(8);
    expect(table.rows.filter((row) => row.layer === "Once")).toHaveLength(1);
    expect(table.rows.at(-1)).toEqual({ key: "2", layer: "Linear", outputShape: undefined, parameters: 8, multiplyAdds: Number.NaN }); // biome-ignore format: one line
    const explanation = explain(model, [2, 1], { peak: 1, bandwidth: 1 });
    expect(explanation.unknown).toContain("2");
    expect(String(explanation)).toMatch(/not explained, because a layer without inferShape .*, 2$/m);
    expect(layer.runs).toBe(0);
  });

  test("ends the check before the run, and only that: what comes before it is still refused first", () => {
    const norm = new BatchNorm1d(1);
    const model = new Sequential(norm, new Linear(9, 1), wrap(new Once())) as Layer;
    expect(() => model.forward(normal([4, 1], 1))).toThrow(ShapeError);
    expect(norm.numBatchesTracked?.value.item()).toBe(0);
  });
});

test("gradcheck puts buffers in arrays back", () => {
  const buffer = new StateBuffer("n", tensor([1]));
  class Counter extends Reads {
    protected override compute(x: Tensor): Tensor {
      buffer.value.data[0]! += 1;
      return super.compute(x);
    }
  }
  expect(gradcheck(new Counter({ list: [buffer] }, () => buffer, "compute"), [2]).passed).toBe(true);
  expect(buffer.value.item()).toBe(1);
});

describe("loading", () => {
  test("num_batches_tracked may be missing, as in torch, in any nesting; nothing else may", () => {
    const make = () =>
      new Bag({
        blocks: [new Sequential(new BatchNorm2d(1))],
        norm: new BatchNorm1d(2),
        own: { num_batches_tracked: parameter(1) },
      });
    const state = Object.entries(make().stateDict()).filter(([key]) => !key.endsWith("num_batches_tracked"));
    const model = make();
    model.loadStateDict(Object.fromEntries(state));
    for (let i = 0; i < state.length; i++) {
      const part = Object.fromEntries(state.filter((_, j) => j !== i));
      expect(() => model.loadStateDict(part)).toThrow(`missing: ${state[i]![0]}.`);
    }
    expect(() => new Bag({ xnum_batches_tracked: parameter(1) }).loadStateDict({})).toThrow(StateError);
  });

  const PLAIN = "a plain array, or a tensor after JSON or postMessage, which tensor(data) converts";
  test.each<[string, unknown, got: string, cause: string]>([
    ["what JSON made of a tensor", JSON.parse(JSON.stringify(tensor([7]))), "an object", PLAIN],
    ["what structuredClone made of one", structuredClone(tensor([7])), "an object", PLAIN],
    ["an array", [7], "[7]", PLAIN],
    ["null", null, "null", PLAIN],
    ["a number", 7, "7", "a bare number, which tensor(x) wraps, or a loss's where loss.backward() is meant"],
    ["a parameter", parameter(7), "a Parameter", "a missing .value"],
    ["a buffer", new StateBuffer("same", tensor([7])), "a StateBuffer", "a missing .value"],
    ["a layer", new ReLU(), "a ReLU", "a layer or loss instead of the tensor it returns"],
    ["a batch", { inputs: tensor([7]), targets: [0] }, "an object", "a batch instead of its inputs"],
    ["a promise", Promise.resolve(tensor([7])), "a Promise", "a missing await"],
  ])("refuses %s and changes nothing, wherever it stands", (_, entry, got, cause) => {
    const model = new Linear(2, 1);
    const before = model.stateDict();
    for (const key of Object.keys(before)) {
      const state = { weight: tensor([[7, 7]]), bias: tensor([7]), [key]: entry } as StateDict;
      for (const strict of [true, false]) {
        expectError(
          () => model.loadStateDict(state, { strict }),
          ArgumentError,
          `Linear.loadStateDict expects ${key} to be a Tensor, but got ${got}. Usual cause: ${cause}.`,
        );
      }
      for (const [name, value] of Object.entries(model.stateDict())) expect(value.data).toEqual(before[name]!.data);
    }
  });
});

describe("what plain JavaScript forgets becomes a sentence", () => {
  const anything = (value: unknown) => value as never;

  test("layers in an array, or something else than layers", () => {
    const list = 'Usual cause: a missing "new", or a list that needs "..." before it.';
    const OTHER = "Usual cause: a missing return, or another argument in its place.";
    for (const [value, got, cause] of [
      [new CrossEntropyLoss(), "a Loss", "Usual cause: a loss, which takes what the model returns."],
      [new Map(), "a Map", OTHER],
      [undefined, "undefined", OTHER],
      [tensor([1]), "a Tensor", "Usual cause: a tensor computed where layers are put together."],
    ] as const) {
      expectError(
        () => new Sequential(new ReLU(), anything(value)),
        ArgumentError,
        `Sequential expects argument 1 to be a layer, but got ${got}. ${cause}`,
      );
    }
    const [conv, relu] = [new Conv2d(1, 1, 1), new ReLU()];
    for (const [first, shown] of [
      [[conv, relu], "[a Conv2d, a ReLU]"],
      [["x", conv], '["x", a Conv2d]'],
      [[[1]], "[[…]]"],
      [[null], "[null]"],
      [[0.5], "[0.5]"],
    ] as const) {
      expectError(
        () => new Sequential(anything(first)),
        ArgumentError,
        `Sequential expects argument 0 to be a layer, but got ${shown}. ${list}`,
      );
    }
    expectError(() => new Residual(anything(5)), ArgumentError, `Residual expects its body to be a layer, but got 5. ${OTHER}`); // biome-ignore format: one line
    expectError(() => new Residual(relu, anything(Conv2d)), ArgumentError, `Residual expects its projection to be a layer, but got a Function. ${list}`); // biome-ignore format: one line
    expect(() => new Parallel(anything([5]))).toThrow(ArgumentError);
    class Empty extends Composite {
      compose(_x: Value): Value[] {
        return anything([conv, relu]);
      }
    }
    expectError(() => new Empty().forward(tensor([1])), ArgumentError, "Empty expects compose to return a value, a list of values or an object of values, but got a Conv2d. Usual cause: the layer itself instead of layer.of(x) or x.through(layer)."); // biome-ignore format: one line
  });

  test("a layer without compute, with forward instead of it, or without computeBackward", () => {
    const Base = Layer as unknown as typeof Bag; // for the compiler, which would not let them go
    class Nothing extends Base {}
    const text = (name: string, method: string) =>
      `${name} expects a method ${method}, but has none. Usual cause: forward or backward overridden instead.`;
    expectError(() => new Nothing().forward(tensor([1])), ArgumentError, text("Nothing", "compute"));
    class Torch extends Base {
      readonly fc = new Linear(1, 1);
      override forward(x: Tensor) {
        return this.fc.forward(x) as never;
      }
    }
    const net = new Torch();
    net.forward(tensor([1]));
    expectError(() => net.backward(tensor([1])), ArgumentError, text("Torch", "compute"));
    expectError(
      () => new Sequential(new Torch()).forward(tensor([1])),
      StateError,
      "Torch (0) overrides forward, so what it computes would have no backward. Usual cause: forward overridden instead of compute.",
    );
    class OneWay extends Base {
      protected override compute(x: Tensor) {
        return x;
      }
    }
    const layer = new OneWay();
    layer.forward(tensor([1]));
    expectError(() => layer.backward(tensor([1])), ArgumentError, text("OneWay", "computeBackward"));
    class Parts extends (Composite as unknown as typeof Whole) {}
    expectError(() => new Parts(new ReLU()).forward(tensor([1])), ArgumentError, text("Parts", "compose"));
  });

  test("a composite that overrides forward, or that computes in compose", () => {
    class Torch extends Composite {
      readonly fc = new Linear(2, 2);
      override forward(x: Tensor) {
        return this.fc.forward(x) as never;
      }
      compose(x: Value) {
        return this.fc.of(x);
      }
    }
    const net = new Torch();
    const start = "Torch.backward expects a forward before it, but none waits for its backward. Usual cause:";
    const dy = net.forward(tensor([1, 2]));
    expectError(() => net.backward(dy), StateError, `${start} forward overridden instead of compose.`);
    class Wrapped extends Bag {
      override forward(x: Tensor) {
        return super.forward(x);
      }
    }
    // One whose own forward has run is like any other.
    const wrapped = new Wrapped();
    const y = wrapped.forward(tensor([1]));
    wrapped.backward(y);
    expect(() => wrapped.backward(y)).toThrow("backward called twice");
    class Computes extends Composite {
      readonly fc = new Linear(2, 2);
      compose(x: Value) {
        return this.fc.forward(anything(x)) as never;
      }
    }
    expectError(
      () => new Computes().forward(tensor([1, 2])),
      ArgumentError,
      "Linear.forward expects a Tensor, but got a Value. Usual cause: forward instead of of(value) in compose.",
    );
  });

  test("a computeBackward whose gradient has another shape than the input, alone and inside of a model", () => {
    class Sums extends Bag {
      protected override compute(x: Tensor) {
        return x.sum(1) as Tensor;
      }
    }
    const text = (key: string) =>
      `Sums.backward${key} expects computeBackward to return the gradient of its input [2, 3], but got [2]. Usual cause: a returned dy, or dimensions that were reduced or swapped.`;
    const x = tensor([[1, 2, 3], [4, 5, 6]]) as Tensor; // biome-ignore format: one line
    for (const [model, key] of [
      [new Sums(), ""],
      [new Sequential(new ReLU(), new Sums()), " (1)"],
    ] as const) {
      const y = model.forward(x);
      expectError(() => model.backward(y), ShapeError, text(key));
    }
  });

  test("a computeBackward that pops what compute did not push, or that calls a child more often, alone and inside of a model", () => {
    class Pops extends Bag {
      readonly #cache = new Cache<number>();
      constructor(readonly pushes: number) {
        super({});
      }
      protected override compute(x: Tensor) {
        for (let i = 0; i < this.pushes; i++) this.#cache.push(i);
        return x.clone();
      }
      protected override computeBackward(dy: Tensor) {
        this.#cache.peek(this.name);
        for (let i = 0; i < 2; i++) this.#cache.pop(this.name);
        return dy.clone();
      }
    }
    class Again extends Bag {
      readonly relu = new ReLU();
      protected override compute(x: Tensor) {
        return this.relu.forward(x);
      }
      protected override computeBackward(dy: Tensor) {
        return this.relu.backward(this.relu.backward(dy));
      }
    }
    const text = (who: string) =>
      `${who} expects what compute keeps for it, but got nothing. Usual cause: compute without cache.push or super.compute, more backwards than forwards, or forward overridden instead of compute.`;
    const x = tensor([1, -1]) as Tensor;
    for (const pushes of [0, 1]) {
      const alone = new Pops(pushes);
      const y = alone.forward(x);
      expectError(() => alone.backward(y), StateError, text("Pops.backward"));
      const model = new Sequential(new ReLU(), new Pops(pushes));
      expectError(() => model.backward(model.forward(x)), StateError, text("Pops.backward (1)"));
    }
    const enough = new Pops(2);
    expect(enough.backward(enough.forward(x)).data).toEqual(x.data);
    const again = new Again({});
    expectError(() => again.backward(again.forward(x)), StateError, text("ReLU.backward"));
  });

  test("inputs in a list, and a list where one tensor is returned", () => {
    const text = (who: string, got: string) =>
      `${who} expects a Tensor, but got ${got}. Usual cause: a list instead of arguments: forward(a, b).`;
    const x = tensor([[1, 2]]) as Tensor;
    const sum = graph([["N", 2], ["N", 2]], {}, (_, a, b) => a.add(b)); // biome-ignore format: one line
    for (const [network, inputs] of [
      [new Linear(2, 1), [x]],
      [new Sequential(new ReLU()), [x]],
      [sum, [x, x]],
    ] as const) {
      const got = inputs.length === 1 ? "[a Tensor]" : "[a Tensor, a Tensor]";
      expectError(
        () => (network as Layer).forward(anything(inputs)),
        ArgumentError,
        text(`${network.name}.forward`, got),
      );
    }
    expectError(() => sum.forward(x as never, anything([x])), ArgumentError, text("Graph.forward", "[a Tensor]"));
    class Lists extends Bag {
      protected override compute(x: Tensor) {
        return anything([x]);
      }
    }
    expectError(
      () => new Lists({}).forward(x),
      ArgumentError,
      `Lists.forward expects compute to return a Tensor, but got [a Tensor]. Usual cause: a plain array, or a tensor after JSON or postMessage, which tensor(data) converts.`,
    );
  });

  test("a tensor in the place of a parameter, or of a tensor's data", () => {
    const text =
      "Layer expects its weights to be Parameters, but got a Tensor. Usual cause: layer.weight = x instead of layer.weight.value = x.";
    const linear = Object.assign(new Linear(2, 2), { weight: ones([2, 2]) });
    expectError(() => linear.forward(ones([1, 2])), ArgumentError, text);
    const conv = Object.assign(new Conv2d(1, 1, 1), { bias: ones([1]) });
    expectError(() => conv.forward(ones([1, 1, 2, 2])), ArgumentError, text);
    const x = ones([2]);
    expectError(
      () => Object.assign(x, { data: new Float32Array(2) }),
      ArgumentError,
      "Tensor.data expects no assignment, but got a Float32Array. Usual cause: x.data.set(numbers), which copies them, is meant.",
    );
  });

  test("a compute that returns no tensor", () => {
    for (const [result, got] of [[undefined, "undefined"], [[1], "[1]"], [Promise.resolve(), "a Promise"]] as const) {
      class Lost extends Bag {
        protected override compute(): Tensor {
          return anything(result);
        }
      }
      expectError(
        () => new Lost().forward(tensor([1])),
        ArgumentError,
        `Lost.forward expects compute to return a Tensor, but got ${got}. Usual cause: ${result instanceof Promise ? "a missing await" : result ? "a plain array, or a tensor after JSON or postMessage, which tensor(data) converts" : "a missing argument or return"}.`,
      );
    } // biome-ignore format: one line
  });
});

test("a Tensor is not mistaken for a list of fields", () => {
  expect(new Bag({ table: new Tensor(new Float32Array(3), [3]) }).stateDict()).toEqual({});
});
