/** What a layer owns, and what somebody else did to it: fields of subclasses, exchanged states, arrays that went to a worker. */
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  Embedding,
  Identity,
  Layer,
  Linear,
  ones,
  Parallel,
  Parameter,
  ReLU,
  Sequential,
  StateBuffer,
  setBackend,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { ArgumentError, StateError } from "../../src/shape/errors.js";
import { splitState } from "../../src/train/optimizer-state.js";
import { Adam } from "../../src/train.js";
import { expectError } from "../support/errors.js";

describe("a class that extends a container", () => {
  class Headed extends Sequential {
    readonly head = new Linear(2, 3);
    protected override compute(x: Tensor): Tensor {
      return this.head.forward(super.compute(x));
    }
    protected override computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
      return super.computeBackward(this.head.backward(dy), inputGradient);
    }
    protected override inferShape(): number[] {
      return [1, 3];
    }
  }

  test("has the layers of its fields as well, behind those that it was given", () => {
    const model = new Headed(new Linear(2, 2));
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "head.weight", "head.bias"]);
    model.backward(model.forward(ones([1, 2])));
    expect(model.parameters().every(({ hasGrad }) => hasGrad)).toBe(true);
  });

  test("Parallel too", () => {
    class Sided extends Parallel {
      readonly sides = { left: new Linear(1, 1) };
    }
    const keys = Object.keys(new Sided([new Identity(), new Linear(1, 1)]).stateDict());
    expect(keys).toEqual(["1.weight", "1.bias", "sides.left.weight", "sides.left.bias"]);
  });
});

test("a field with a dot in its name is refused: its key could be another's", () => {
  class Net extends Layer {
    readonly "a.b" = new Parameter("x", ones([1]));
    readonly a = { b: new Parameter("y", ones([1])) };
    protected compute(x: Tensor): Tensor {
      return x;
    }
    protected computeBackward(dy: Tensor): Tensor {
      return dy;
    }
  }
  expectError(
    () => new Net().stateDict(),
    ArgumentError,
    "The field a.b expects a name without a dot, which separates the fields of a key. Usual cause: a whole key used as a name.",
  );
});

describe("states exchanged for others of another shape", () => {
  const told = (count: number, shape: string) =>
    `A kernel expects ${count} numbers, but got a tensor of shape ${shape}. Usual cause: a parameter, buffer or setting exchanged for one of another shape.`;

  test.each([false, true])("running statistics in eval mode, behind a convolution: %s", (behind) => {
    const norm = new BatchNorm2d(3).eval();
    Object.assign(norm, { runningVar: new StateBuffer("running_var", ones([1])) });
    const model: Layer = behind ? new Sequential(new Conv2d(3, 3, 1), norm).eval() : norm;
    expectError(() => model.forward(ones([1, 3, 2, 2])), StateError, told(3, "[1]"));
  });

  test("an embedding's table, forward and backward", () => {
    const embedding = new Embedding(5, 2);
    const y = embedding.forward(tensor([4]));
    Object.assign(embedding, { weight: new Parameter("weight", ones([3, 2])) });
    expectError(() => embedding.backward(y), StateError, told(10, "[3, 2]"));
    expectError(() => embedding.forward(tensor([4])), StateError, told(10, "[3, 2]"));
  });
});

describe.each(["reference", "wasm"] as const)("a parameter's array that went to a worker, %s", (backend) => {
  const told = (count: number) =>
    `A tensor of ${count} numbers lost its memory: 0 are left. Usual cause: its data transferred to a worker; transfer a copy.`;
  /** Its data lie in an array of their own: those that a kernel has used may be shared, which cannot be transferred. */
  function transferred(): { layer: Linear; optimizer: Adam } {
    setBackend(backend);
    try {
      const layer = new Linear(2, 1);
      const optimizer = new Adam(layer.parameters());
      const { data } = layer.bias!.value;
      if (!(data.buffer instanceof ArrayBuffer)) return { layer, optimizer };
      structuredClone(data, { transfer: [data.buffer] });
      return { layer, optimizer };
    } finally {
      setBackend("wasm");
    }
  }

  test("is told wherever its numbers are asked for, and nothing else changes", () => {
    const { layer, optimizer } = transferred();
    const weight = layer.weight.value.toArray();
    const isGone = (() => {
      try {
        return layer.bias!.value.data.length === 0;
      } catch {
        return true;
      }
    })();
    if (!isGone) return; // it is shared
    const state = { weight: zeros([1, 2]), bias: zeros([1]) };
    for (const use of [
      () => layer.bias!.value.data,
      () => layer.bias!.value.toArray(),
      () => layer.forward(ones([1, 2])),
      () => layer.stateDict(),
      () => layer.loadStateDict(state),
    ]) {
      expectError(use, StateError, told(1));
    }
    expect(layer.weight.value.toArray()).toEqual(weight);
    expect(splitState(optimizer.stateDict()).tensors).toEqual({});
  });
});

test("a state whose source lost its memory is not half loaded", () => {
  const layer = new Linear(2, 1);
  const before = layer.weight.value.toArray();
  const bias = zeros([1]);
  structuredClone(bias.data, { transfer: [bias.data.buffer as ArrayBuffer] });
  expect(() => layer.loadStateDict({ weight: zeros([1, 2]), bias })).toThrow(StateError);
  expect(layer.weight.value.toArray()).toEqual(before);

  const optimizer = new Adam(layer.parameters());
  layer.backward(layer.forward(ones([1, 2])));
  optimizer.step();
  const state = optimizer.stateDict();
  const held = splitState(state).tensors["1.exp_avg"]!.data;
  structuredClone(held, { transfer: [held.buffer as ArrayBuffer] });
  const saved = optimizer.stateDict();
  expect(() => optimizer.loadStateDict(state)).toThrow(StateError);
  expect(splitState(optimizer.stateDict()).rest).toEqual(splitState(saved).rest);
  expect(splitState(optimizer.stateDict()).tensors["0.exp_avg"]!.toArray()).toEqual(
    splitState(saved).tensors["0.exp_avg"]!.toArray(),
  );
});

test("a tensor's shape cannot be exchanged", () => {
  const x = ones([2, 3]);
  expect(() => Object.assign(x, { shape: [4, 4] })).toThrow(TypeError);
  expect(new ReLU().forward(x).shape).toEqual([2, 3]);
});
