/**
 * A number that the program can still reach changes only when the program writes to it, or when the optimizer, layer or
 * buffer that owns it does; it never becomes another tensor's memory, and never has length 0. In Node and in pages, with
 * memory that is shared and that is not.
 */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  Layer,
  Linear,
  MaxPool2d,
  ones,
  ReLU,
  Sequential,
  StateError,
  Tensor,
  zeros,
  zerosLike,
} from "../../src/index.js";
import { free, memory, take, trouble } from "../../src/kernels/wasm/memory.js";
import { splitState } from "../../src/train/optimizer-state.js";
import { Adam, SGD } from "../../src/train.js";
import { collected } from "../support/collect.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const grew = trouble.growsAlways;
afterEach(() => {
  trouble.growsAlways = grew;
});

const WIDTH = 24;

/** A model that has learned two steps: by now all that it owns has a place. */
function learned() {
  const model = new Sequential(
    new Conv2d(2, 4, 3, { padding: 1 }),
    new BatchNorm2d(4),
    new Conv2d(4, 2, 3, { padding: 1 }),
  );
  const optimizer = new Adam(model.parameters());
  const x = normal([3, 2, 5, WIDTH], 1);
  const step = () => {
    const y = model.forward(x);
    const dx = model.backward(normal(y.shape, 2));
    optimizer.step();
    return { y, dx };
  };
  step();
  return { model, optimizer, ...step() };
}

type Learned = ReturnType<typeof learned>;

const HELD: Record<string, (from: Learned) => Tensor> = {
  "a parameter": ({ model }) => model.parameters()[0]!.value,
  "a gradient": ({ model }) => model.parameters()[1]!.grad,
  "a running mean": ({ model }) => model.stateDict()["1.running_mean"]!,
  "an optimizer's moment": ({ optimizer }) => splitState(optimizer.stateDict()).tensors["0.exp_avg"]!,
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
    const read: number[] = [];
    return () => {
      read.push(...values);
      return read;
    };
  },
  "a tensor over its data": ({ data }) => {
    const over = new Tensor(data, [data.length]);
    return () => Array.from(data, (_, i) => over.at(i));
  },
};

const PART = 2 ** 22;

/** The memory grows as for a program that needs more of it. */
function grow(): void {
  const before = memory().buffer.byteLength;
  const parts: number[] = [];
  while (memory().buffer.byteLength === before) parts.push(take(PART)!);
  for (const at of parts) free(at, PART);
}

/** Other models come, run, learn and go; then the memory grows. */
async function life(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { model } = learned();
    for (const { value, grad } of model.parameters()) {
      value.data.fill(-1);
      grad.data.fill(-1);
    }
    await collected();
  }
  grow();
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
  test("are its weights and gradients, however much else the memory has to hold: an optimizer of one's own learns what SGD does", async () => {
    const widths = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 4 }); // up to 6 MB each
    const run = async (grows: boolean, others: readonly number[]) => {
      trouble.growsAlways = grows;
      const [model, other] = [0, 1].map(() => new Sequential(new Conv2d(2, 3, 3), new BatchNorm2d(3)));
      other!.loadStateDict(model!.stateDict());
      const kept = model!.parameters().map(({ value, grad }) => [value.data, grad.data] as const);
      const optimizer = new SGD(other!.parameters(), { lr: 0.1 });
      for (const [step, width] of others.entries()) {
        const passing = new Linear(width, width);
        passing.backward(ones(passing.forward(ones([1, width])).shape));
        if (step === 0) await life();
        for (const one of [model!, other!]) {
          one.zeroGrad();
          one.backward(normal(one.forward(normal([5, 2, 6, 7], step)).shape, 50 + step));
        }
        for (const [value, grad] of kept) for (let i = 0; i < value.length; i++) value[i]! -= 0.1 * grad[i]!;
        optimizer.step();
        for (const [i, { value, grad }] of model!.parameters().entries()) {
          expect(value.data).toBe(kept[i]![0]);
          expect([...value.view()]).toEqual([...kept[i]![0]]);
          expect([...grad.view()]).toEqual([...kept[i]![1]]);
          expect(value.allClose(other!.parameters()[i]!.value, { atol: 1e-6 })).toBe(true);
        }
      }
    };
    await fc.assert(fc.asyncProperty(fc.boolean(), widths, run), { numRuns: 10 });
  });

  test.each([false, true])(
    "show in a layer of one's own its input while it makes its output, also where that makes the memory grow: %s",
    (grows) => {
      class Double extends Layer {
        protected compute(x: Tensor): Tensor {
          const from = x.data;
          const y = zerosLike(x);
          zeros([50_000]); // more, which may make the memory grow
          const to = y.data;
          const more = zerosLike(x).data;
          for (let i = 0; i < from.length; i++) to[i] = 2 * from[i]! + more[i]!;
          return y;
        }
        protected computeBackward(dy: Tensor): Tensor {
          return dy.mul(2);
        }
      }
      trouble.growsAlways = grows;
      for (const batch of [1, 16, 64, 400, 3000]) {
        const x = normal([batch, 300], batch);
        const inside = new Sequential(new ReLU(), new Double(), new Double());
        const y = inside.forward(x);
        expect(y.equals(x.relu().mul(4))).toBe(true);
        expect(inside.backward(y).equals(y.mul(4))).toBe(true);
      }
    },
  );

  test("are those of a child's output too: the next run leaves them as they are", () => {
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

  test("are positions of a maximum, which survive a move", () => {
    const pool = new MaxPool2d(3, { stride: 2 });
    const y = pool.forward(normal([2, 3, 9, 9], 1));
    trouble.growsAlways = true;
    expect(pool.backward(ones(y.shape)).sum().item()).toBe(y.size);
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
