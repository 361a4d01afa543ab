/**
 * A number that the program can still reach changes only when the program writes to it, or when the optimiser, layer or
 * buffer that owns it says so; it never becomes another tensor's memory and never has length 0; and what can no longer
 * be reached gives its memory back.
 */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  ArgumentError,
  Layer,
  Linear,
  MaxPool2d,
  ones,
  Parameter,
  ReLU,
  Sequential,
  ShapeError,
  StateBuffer,
  StateError,
  Tensor,
  tensor,
  zeros,
  zerosLike,
} from "../../src/index.js";
import { isShared, memory, trouble } from "../../src/kernels/wasm/memory.js";
import { engine } from "../../src/tensor/engine.js";
import { Adadelta, Adagrad, Adam, Adamax, AdamW, clipGradNorm, RAdam, RMSprop, Rprop, SGD } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

afterEach(() => {
  trouble.growsAlways = false;
});

/** Lets finalisers run, and what is due at the end of a task. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** The engine's budget for tensors, in bytes. */
const books = () => engine().memory as { budget: number; taken: number; fixed: number };

/** What a program may keep of an array: each reads number i. */
const KEPT: Record<string, (data: Float32Array) => (i: number) => number> = {
  "the array": (data) => (i) => data[i]!,
  "a part of it": (data) => {
    const part = data.subarray(2);
    return (i) => (i < 2 ? data[i]! : part[i - 2]!);
  },
  "a part of it alone": (data) => {
    const part = data.subarray(0);
    return (i) => part[i]!;
  },
  "an iterator": (data) => {
    const iterator = data[Symbol.iterator]();
    const read: number[] = [];
    return (i) => {
      while (read.length <= i) read.push(iterator.next().value as number);
      return read[i]!;
    };
  },
  "a DataView": (data) => {
    const bytes = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return (i) => bytes.getFloat32(4 * i, true);
  },
  "a tensor over it": (data) => {
    const x = new Tensor(data, [data.length]);
    return (i) => x.at(i);
  },
};

/** Whose numbers it keeps. */
const OWNERS: Record<string, (layer: Linear) => Float32Array> = {
  "a weight": ({ weight }) => weight.value.data,
  "a gradient": ({ weight }) => weight.grad.data,
};

describe.each(Object.entries(OWNERS))("of %s whose layer was dropped", (_, dataOf) => {
  test.each(Object.entries(KEPT))("%s goes on showing the same numbers", async (__, keep) => {
    const kept = (() => {
      const layer = new Linear(16, 16);
      layer.backward(ones(layer.forward(ones([1, 16])).shape));
      layer.backward(ones(layer.forward(ones([1, 16])).shape)); // by now everything has a place
      const data = dataOf(layer);
      data.forEach((___, i) => {
        data[i] = i;
      });
      return keep(data);
    })();
    for (let round = 0; round < 30; round++) {
      const junk = Array.from({ length: 100_000 }, (___, i) => ({ i }));
      expect(junk).toHaveLength(100_000);
      const other = new Linear(16, 16);
      for (let i = 0; i < 2; i++) other.backward(ones(other.forward(ones([1, 16])).shape));
      other.weight.value.data.fill(-1);
      other.weight.grad.data.fill(-1);
      await turn();
    }
    for (let i = 0; i < 256; i++) expect(kept(i)).toBe(i);
  });
});

describe("arrays of parameters that live", () => {
  test("show each step, and writing to them is a step, however much else the memory has to hold", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 6 }), (grows, widths) => {
        trouble.growsAlways = grows;
        const layer = new Linear(8, 8, { bias: false });
        const [value, grad] = [layer.weight.value.data, layer.weight.grad.data];
        for (const width of widths) {
          const other = new Linear(width, width); // up to 6 MB each
          other.backward(ones(other.forward(ones([1, width])).shape));
          layer.zeroGrad();
          layer.backward(ones(layer.forward(ones([2, 8])).shape));
          expect([...grad]).toEqual(new Array(64).fill(2));
          const before = [...layer.weight.value.view()];
          for (let i = 0; i < value.length; i++) value[i]! -= grad[i]!;
          expect([...layer.weight.value.view()]).toEqual(before.map((w) => Math.fround(w - 2)));
          expect(layer.weight.value.data).toBe(value);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("do not follow when another tensor is assigned: the tensor that was there keeps its numbers", () => {
    const layer = new Linear(2, 1, { bias: false });
    const [saved, array] = [layer.weight.value, layer.weight.value.data];
    const before = [...saved.view()];
    layer.weight.value = tensor([[7, 8]]);
    expect([...saved.view()]).toEqual(before);
    expect([...array]).toEqual(before);
    layer.weight.value = saved;
    saved.set(100, 0, 0);
    expect([...layer.weight.value.view()]).toEqual(before);
  });
});

describe("a layer of one's own", () => {
  test.each([false, true])("may take an array before it allocates, whether or not the memory grows: %s", (grows) => {
    class Double extends Layer {
      protected compute(x: Tensor): Tensor {
        const from = x.data;
        const y = zerosLike(x);
        zeros([50_000]); // more, which may make the memory grow
        const to = y.data;
        for (let i = 0; i < from.length; i++) to[i] = 2 * from[i]!;
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return dy.mul(2);
      }
    }
    trouble.growsAlways = grows;
    const net = new Sequential(new Linear(40, 40), new Double(), new ReLU());
    for (const batch of [1, 16, 64]) {
      const x = normal([batch, 40], batch);
      const y = net.forward(x);
      expect(y.toArray()).toEqual(net.layers[0].forward(x).mul(2).relu().toArray());
    }
  });

  test("may keep the array of a child's output: the next run leaves it as it is", () => {
    const kept: Float32Array[] = [];
    class Keeper extends Layer {
      readonly relu = new ReLU();
      protected compute(x: Tensor): Tensor {
        const y = this.relu.forward(x);
        kept.push(y.data);
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.relu.backward(dy);
      }
    }
    const keeper = new Keeper();
    const inputs = [1, 2, 3].map((seed) => normal([4, 5], seed));
    for (const x of inputs) keeper.forward(x);
    expect(kept.map((array) => [...array])).toEqual(inputs.map((x) => [...x.relu().data]));
  });
});

describe("what can be assigned is copied, and checked before anything changes", () => {
  const layer = () => new Linear(2, 3);
  const parts: Record<string, (value: unknown) => { old: Tensor; now: () => Tensor }> = {
    'Parameter "weight" expects a value': (value) => {
      const { weight } = layer();
      return attempt(weight, "value", value);
    },
    'Parameter "weight" expects a grad': (value) => {
      const { weight } = layer();
      return attempt(weight, "grad", value);
    },
    'StateBuffer "mean" expects a value': (value) => attempt(new StateBuffer("mean", zeros([3, 2])), "value", value),
  };

  function attempt<K extends string>(owner: Record<K, Tensor>, key: K, value: unknown) {
    const old = owner[key].clone();
    try {
      (owner as Record<K, unknown>)[key] = value;
    } catch (error) {
      expect(owner[key].toArray()).toEqual(old.toArray());
      throw error;
    }
    return { old, now: () => owner[key] };
  }

  test.each(Object.entries(parts))("%s of its shape and precision", (who, assign) => {
    expectError(
      () => assign(zeros([1, 2])),
      ShapeError,
      `${who} of its shape [3, 2], but got [1, 2]. Usual cause: weights of a layer with other sizes: make such a layer.`,
    );
    expectError(
      () => assign(zeros([3, 2]).to("float64")),
      ArgumentError,
      `${who} of its precision float32, but got float64. Usual cause: a missing to("float32").`,
    );
    expect(() => assign([[1, 2]])).toThrow(ArgumentError);
    const source = normal([3, 2], 1);
    const { now } = assign(source);
    source.set(100, 0, 0);
    expect(now().at(0, 0)).not.toBe(100);
  });

  test("numbers of another parameter are copied too", () => {
    const [online, target] = [new Linear(2, 2), new Linear(2, 2)];
    target.weight.value = online.weight.value;
    const before = target.weight.value.toArray();
    online.weight.value.data.fill(9);
    expect(target.weight.value.toArray()).toEqual(before);
  });

  test("a parameter that was exchanged for a smaller one is refused by the kernel", () => {
    const small = layer() as { weight: Parameter } & Linear;
    small.weight = new Parameter("weight", zeros([1, 2]));
    expectError(
      () => (small as Linear).forward(ones([1, 2])),
      StateError,
      "A kernel expects 6 numbers, but got a tensor of shape [1, 2]. Usual cause: a parameter, buffer or setting exchanged for one of another shape.",
    );
  });
});

describe("a tensor", () => {
  test("has a shape that nobody can change", () => {
    const shape = [2, 3];
    const x = zeros(shape);
    shape[0] = 99;
    expect(() => {
      (x.shape as number[])[0] = 99;
    }).toThrow(TypeError);
    expect(x.shape).toEqual([2, 3]);
  });

  test.each(["transferred", "resized"])("whose buffer was %s is refused in words", (how) => {
    type Resizable = ArrayBuffer & { resize(bytes: number): void };
    const Buffer = ArrayBuffer as unknown as new (
      bytes: number,
      options: { readonly maxByteLength: number },
    ) => Resizable;
    const buffer = new Buffer(16, { maxByteLength: 16 });
    const x = new Tensor(new Float32Array(buffer), [4]);
    if (how === "resized") buffer.resize(8);
    else structuredClone(buffer, { transfer: [buffer] });
    const sentence = `A tensor of shape [4] lost its memory: ${how === "resized" ? 2 : 0} of 4 numbers are left. Usual cause: a buffer transferred to a worker, or resized: give the tensor a copy.`;
    for (const use of [() => x.data, () => x.add(1), () => new ReLU().forward(x), () => x.toArray(), () => x.clone()]) {
      expectError(use, StateError, sentence);
    }
  });
});

describe("every optimiser", () => {
  const OPTIMIZERS: Record<string, (p: Parameter) => { step(): void }> = {
    SGD: (p) => new SGD([p], { lr: 0.1 }),
    "SGD with momentum": (p) => new SGD([p], { lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
    Adam: (p) => new Adam([p], { lr: 0.1, weightDecay: 0.1 }),
    "Adam with amsgrad": (p) => new Adam([p], { lr: 0.1, amsgrad: true }),
    AdamW: (p) => new AdamW([p], { lr: 0.1 }),
    Adamax: (p) => new Adamax([p], { lr: 0.1 }),
    RAdam: (p) => new RAdam([p], { lr: 0.1 }),
    RMSprop: (p) => new RMSprop([p], { lr: 0.1, momentum: 0.5, centered: true }),
    Rprop: (p) => new Rprop([p], { lr: 0.1 }),
    Adagrad: (p) => new Adagrad([p], { lr: 0.1, weightDecay: 0.1 }),
    Adadelta: (p) => new Adadelta([p], { lr: 0.1 }),
  };

  test.each(Object.entries(OPTIMIZERS))("%s takes the same steps while its state makes the memory grow", (_, make) => {
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

  test.each(Object.entries(OPTIMIZERS))("%s leaves alone what no backward reached", (_, make) => {
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
});

describe("dropped models", () => {
  /** Bytes of the engine's memory that one model takes, and that a loop over many may take at most. */
  const step = (width: number) => {
    const model = new Sequential(new Linear(width, width), new ReLU());
    for (let i = 0; i < 3; i++) model.backward(ones(model.forward(ones([1, width])).shape));
    return model;
  };

  test("make room for the next one inside of one task: the memory is that of a few", () => {
    step(512);
    const before = memory().buffer.byteLength;
    for (let i = 0; i < 100; i++) step(512); // 2 MB each
    expect(memory().buffer.byteLength - before).toBeLessThan(40e6);
  });

  test("make room whose arrays the program has read", () => {
    const before = memory().buffer.byteLength;
    for (let i = 0; i < 100; i++) {
      const { weight } = step(512).layers[0];
      expect(weight.value.data[0]).toBe(weight.value.at(0, 0));
    }
    expect(memory().buffer.byteLength - before).toBeLessThan(64e6 + books().budget);
    if (!isShared()) expect(books().fixed).toBe(0);
  });

  test("a model larger than the budget gets what it needs after a few runs, and computes the same all the time", () => {
    const model = new Sequential(...Array.from({ length: 12 }, () => new Linear(700, 700))); // 23 MB
    const x = normal([1, 700], 1);
    const first = model.forward(x);
    for (let i = 0; i < 6; i++) expect(model.forward(x).data).toEqual(first.data);
    const { budget } = books();
    for (let i = 0; i < 4; i++) model.forward(x);
    expect(books().budget).toBe(budget); // nobody moves any more
  });
});

test("positions of a maximum survive a move", () => {
  const pool = new MaxPool2d(3, { stride: 2 });
  const x = normal([2, 3, 9, 9], 1);
  const y = pool.forward(x);
  trouble.growsAlways = true;
  const dx = pool.backward(ones(y.shape));
  expect(dx.sum().item()).toBe(y.size);
});
