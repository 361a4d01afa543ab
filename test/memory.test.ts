/**
 * A number that the program can still reach changes only when the program writes to it, or when the optimiser, layer or
 * buffer that owns it does; it never becomes another tensor's memory, and never has length 0. In Node and in pages, with
 * memory that is shared and that is not.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  Layer,
  Linear,
  ones,
  Parameter,
  Sequential,
  StateBuffer,
  type Tensor,
  tensor,
  zeros,
  zerosLike,
} from "../src/index.js";
import * as train from "../src/train.js";
import { collected } from "./support/collect.js";
import { normal } from "./support/layers.js";

type OptimizerClass = new (parameters: Parameter[], options?: object) => train.Optimizer;

/** Classes with options that make all of their state. */
const OPTIMISERS: Record<string, [make: OptimizerClass, options: object]> = {
  SGD: [train.SGD, { lr: 0.1 }],
  "SGD with momentum": [train.SGD, { lr: 0.1, momentum: 0.9 }],
  Adam: [train.Adam, {}],
  "Adam with AMSGrad": [train.Adam, { amsgrad: true }],
  AdamW: [train.AdamW, {}],
  Adamax: [train.Adamax, {}],
  RAdam: [train.RAdam, {}],
  RMSprop: [train.RMSprop, {}],
  "centred RMSprop with momentum": [train.RMSprop, { centered: true, momentum: 0.5 }],
  Adagrad: [train.Adagrad, {}],
  Adadelta: [train.Adadelta, {}],
  Rprop: [train.Rprop, {}],
};

const WIDTH = 24;

/** A model that has learned a step: all that it owns is somewhere. */
function learned() {
  const model = new Sequential(
    new Conv2d(2, 4, 3, { padding: 1 }),
    new BatchNorm2d(4),
    new Conv2d(4, 2, 3, { padding: 1 }),
  );
  const optimizer = new train.Adam(model.parameters());
  const x = normal([3, 2, 5, WIDTH], 1);
  const y = model.forward(x);
  const dx = model.backward(normal(y.shape, 2));
  optimizer.step();
  return { model, optimizer, y, dx };
}

type Learned = ReturnType<typeof learned>;

const HELD: Record<string, (from: Learned) => Tensor> = {
  "a parameter": ({ model }) => model.parameters()[0]!.value,
  "a gradient": ({ model }) => model.parameters()[1]!.grad,
  "a running mean": ({ model }) => model.stateDict()["1.running_mean"]!,
  "an optimiser's moment": ({ optimizer }) => optimizer.stateDict().tensors["0.exp_avg"]!,
  "an output": ({ y }) => y,
  "an input gradient": ({ dx }) => dx,
};

/** Ways to hold a tensor's numbers: each gives a function that reads them, and holds nothing else. */
const WAYS: Record<string, (tensor: Tensor) => () => number[]> = {
  "the tensor": (kept) => () => [...kept.data],
  "its data":
    ({ data }) =>
    () => [...data],
  "a part of its data": ({ data }) => {
    const rest = data.subarray(1);
    return () => [...rest];
  },
  "a DataView": ({ data: { buffer, byteOffset, byteLength } }) => {
    const bytes = new DataView(buffer, byteOffset, byteLength);
    return () => Array.from({ length: byteLength / 4 }, (_, i) => bytes.getFloat32(4 * i, true));
  },
  "an iterator": ({ data }) => {
    const values = data.values();
    return () => [...values];
  },
};

let large = 4e6;

/** Other models come, run, learn and go; then comes one for which the memory has to grow. */
async function life(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { model } = learned();
    for (const { value, grad } of model.parameters()) {
      value.data.fill(-1);
      grad.data.fill(-1);
    }
    await collected();
  }
  large = Math.ceil(1.3 * large);
  new Parameter("large", zeros([large]));
  await collected();
}

describe("numbers that are held while what they come from is dropped", () => {
  test.each(Object.entries(HELD))("stay as they were: %s", async (_, of) => {
    // In a function of its own: nothing else of the models may be on the stack.
    const hold = () =>
      Object.entries(WAYS).map(([way, keep]) => {
        const kept = of(learned());
        return { way, read: keep(kept), want: keep(kept)() };
      });
    const held = hold();
    await life();
    for (const { way, read, want } of held) expect(read(), way).toEqual(want);
  });
});

describe("arrays that are kept of a model that goes on", () => {
  /** A step of gradient descent on these arrays. */
  const descend = (kept: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[]) => {
    for (const [value, grad] of kept as readonly (readonly [Float32Array, Float32Array])[]) {
      for (let i = 0; i < value.length; i++) value[i] = value[i]! - 0.1 * grad[i]!;
    }
  };

  test("are its weights and gradients, also after the memory has grown: an optimiser of one's own learns what SGD does", async () => {
    const model = new Sequential(new Conv2d(2, 3, 3), new BatchNorm2d(3));
    const other = new Sequential(new Conv2d(2, 3, 3), new BatchNorm2d(3));
    other.loadStateDict(model.stateDict());
    const kept = model.parameters().map(({ value, grad }) => [value.data, grad.data] as const);
    const optimizer = new train.SGD(other.parameters(), { lr: 0.1 });
    for (let step = 0; step < 3; step++) {
      await life();
      for (const one of [model, other]) {
        one.zeroGrad();
        one.backward(normal(one.forward(normal([5, 2, 6, 7], step)).shape, 50 + step));
      }
      descend(kept);
      optimizer.step();
      for (const [i, { value, grad }] of model.parameters().entries()) {
        expect([...value.data]).toEqual([...kept[i]![0]]);
        expect([...grad.data]).toEqual([...kept[i]![1]]);
        expect(value.allClose(other.parameters()[i]!.value, { atol: 1e-6 })).toBe(true);
      }
    }
  });

  test("show in a layer of one's own its input while it makes its output, whatever the batch", () => {
    class Double extends Layer {
      protected compute(x: Tensor): Tensor {
        const from = x.data;
        const y = zerosLike(x);
        const to = y.data;
        const more = zerosLike(x).data;
        for (let i = 0; i < from.length; i++) to[i] = 2 * from[i]! + more[i]!;
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return dy.mul(2);
      }
      override inferShape(shape: readonly number[]): number[] {
        return [...shape];
      }
    }
    fc.assert(
      fc.property(fc.constantFrom(1, 16, 64, 400, 3000), fc.integer(), (batch, seed) => {
        const x = normal([batch, 300], seed);
        const inside = new Sequential(new Double(), new Double());
        const y = inside.forward(x);
        expect(y.equals(x.mul(4))).toBe(true);
        expect(inside.backward(x).equals(y)).toBe(true);
      }),
      { numRuns: 12 },
    );
  });
});

describe("assigning", () => {
  class Memory extends Layer {
    readonly linear = new Linear(2, 2);
    readonly last = new StateBuffer("last", zeros([1, 2]));
    protected compute(x: Tensor): Tensor {
      const y = this.linear.forward(x);
      this.last.value = y;
      return y;
    }
    protected computeBackward(dy: Tensor): Tensor {
      return this.linear.backward(dy);
    }
    override inferShape(shape: readonly number[]): number[] {
      return [...shape];
    }
  }

  test("copies: a target network stays where it was while the other one learns", () => {
    const [online, target] = [new Linear(3, 2), new Linear(3, 2)];
    for (const [i, parameter] of target.parameters().entries()) parameter.value = online.parameters()[i]!.value;
    const before = target.parameters().map(({ value }) => value.toArray());
    const optimizer = new train.SGD(online.parameters(), { lr: 0.5 });
    online.backward(normal(online.forward(normal([4, 3], 1)).shape, 2));
    optimizer.step();
    expect(target.parameters().map(({ value }) => value.toArray())).toEqual(before);
    target.weight.value.data.fill(9);
    expect(online.weight.value.data).not.toContain(9);
  });

  test("copies: a buffer keeps a child's output while the child runs again", () => {
    const layer = new Memory();
    const y = layer.forward(tensor([[1, 2]])).toArray();
    layer.linear.forward(tensor([[5, 5]]));
    expect(layer.stateDict().last!.toArray()).toEqual(y);
  });

  test("copies: what was assigned may be written to afterwards", () => {
    const source = ones([2, 3]);
    const parameter = new Parameter("p", zeros([2, 3]));
    const buffer = new StateBuffer("b", zeros([2, 3]));
    parameter.value = source;
    buffer.value = source;
    source.data.fill(4);
    expect([...parameter.value.data, ...buffer.value.data]).toEqual(Array(12).fill(1));
  });

  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });

  test("what has another shape is refused, and changes nothing anywhere", () => {
    fc.assert(
      fc.property(shape, shape, fc.constantFrom("parameter", "buffer"), (has, gets, kind) => {
        fc.pre(String(has) !== String(gets));
        const owner = kind === "parameter" ? new Parameter("p", ones(has)) : new StateBuffer("p", ones(has));
        const neighbours = [new Parameter("q", ones([8])), new Parameter("r", ones([8]))];
        expect(() => {
          owner.value = zeros(gets);
        }).toThrow();
        expect(owner.value.shape).toEqual(has);
        for (const { value } of [owner, ...neighbours]) expect(new Set(value.data)).toEqual(new Set([1]));
      }),
    );
  });
});

describe("the first step of an optimiser, whose state makes the memory grow", () => {
  test.each(Object.entries(OPTIMISERS))(
    "%s does to a large parameter what it does to a small one",
    async (_, entry) => {
      const [Optimizer, options] = entry;
      const parameter = (size: number) => {
        const made = new Parameter("p", ones([size]));
        made.grad.data.fill(0.5);
        return made;
      };
      const [small, victim, large] = [parameter(4), parameter(1000), parameter(5_000_000)];
      for (const one of [small, large]) {
        const optimizer = new Optimizer([one], options);
        for (let step = 0; step < 2; step++) optimizer.step();
      }
      expect(small.value.data[0]).not.toBe(1);
      expect(large.value.size).toBe(5_000_000);
      expect(new Set(large.value.data)).toEqual(new Set(small.value.data));
      expect(new Set(victim.value.data)).toEqual(new Set([1]));
      await collected();
    },
  );
});
