import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Composite,
  Conv2d,
  Dropout,
  Random,
  ReLU,
  Residual,
  Sequential,
  StateError,
  Tanh,
  type Value,
} from "../../src/index.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

/** Keys in another order than the layers run in, a layer used twice, and a drop that is in no field. */
class Block extends Composite {
  override readonly name: string = "Block";
  readonly norm: BatchNorm2d;
  readonly conv: Conv2d;
  readonly tanh = new Tanh();

  constructor(seed: number) {
    super();
    const random = new Random(seed);
    this.norm = new BatchNorm2d(2);
    this.conv = new Conv2d(2, 2, 3, { padding: 1, bias: false, random });
  }

  compose(x: Value) {
    const drop = new Dropout(0.5, { random: new Random(1) });
    return x.through(new Residual(new Sequential(this.conv, this.tanh, this.norm)), this.tanh, drop);
  }
}

describe("Composite", () => {
  test("keys are the fields, in their order; the containers of compose() appear in none", () => {
    expect(Object.keys(new Block(1).stateDict())).toEqual([
      "norm.weight",
      "norm.bias",
      "norm.running_mean",
      "norm.running_var",
      "norm.num_batches_tracked",
      "conv.weight",
    ]);
    const { rows } = summary(new Sequential(new Block(1)), [1, 2, 4, 4]);
    expect(rows.map(({ key }) => key)).toEqual(["0.conv", "0.tanh", "0.norm", "0.tanh", ""]);
  });

  test("computes what it is composed of, bit for bit, in train and eval mode", () => {
    const block = new Block(1);
    const { conv, tanh, norm } = new Block(1);
    const x = normal([2, 2, 4, 4], 2);
    const drop = new Dropout(0.5, { random: new Random(1) });
    const plain = () => drop.forward(tanh.forward(norm.forward(tanh.forward(conv.forward(x))).add(x)));
    expect(block.forward(x).equals(plain())).toBe(true);
    block.eval();
    for (const layer of [norm, drop]) layer.eval();
    expect(block.forward(x).equals(plain())).toBe(true);
  });

  test("eval() and train() reach every layer that runs, whether in a field or not", () => {
    const block = new Block(1);
    const modes = () => new Set(block.modules().map(({ training }) => training));
    expect(block.modules().map(({ name }) => name)).toContain("Dropout");
    expect(block.namedModules().map(([, { name }]) => name)).not.toContain("Dropout");
    block.eval();
    expect(modes()).toEqual(new Set([false]));
    block.train();
    expect(modes()).toEqual(new Set([true]));
  });

  test("gradients agree with differences within 1e-6, alone and inside of others", () => {
    expectGradients(new Block(1).eval(), [2, 2, 4, 5]);
    const nested = new Sequential(new Block(1), new Block(2)).eval();
    expectGradients(nested, [2, 2, 4, 5]);
  });

  test("without the input's gradient it gives none, and learns all the same", () => {
    const block = new Block(1).eval();
    const x = normal([2, 2, 4, 4], 2);
    const dy = normal([2, 2, 4, 4], 3);
    block.forward(x);
    expect(block.backward(dy, { inputGradient: false })).toBeUndefined();
    const alone = block.conv.weight.grad.clone();
    block.zeroGrad();
    block.forward(x);
    block.backward(dy);
    expect(block.conv.weight.grad.equals(alone)).toBe(true);
  });

  test("gives its output away to what follows, as its last layer does", () => {
    const first = new Block(1).eval();
    const x = normal([1, 2, 4, 4], 2);
    const y = first.forward(x);
    const model = new Sequential(first, new ReLU()).eval();
    expect(model.forward(x).equals(new ReLU().forward(y))).toBe(true);
    expect(first.forward(x).equals(y)).toBe(true);
  });

  test("refuses weights that are in no field", () => {
    class Forgetful extends Composite {
      override readonly name: string = "Forgetful";
      readonly relu = new ReLU();
      compose(x: Value) {
        return x.through(new Sequential(new Conv2d(2, 2, 1)), this.relu);
      }
    }
    expectError(
      () => new Forgetful().forward(normal([1, 2, 3, 3], 1)),
      StateError,
      "Forgetful is composed of a Conv2d that is in none of its fields, so its weights would neither train nor be saved. Usual cause: a layer made inside compose(), or kept in a #private field or a Map; keep it in a public field.",
    );
  });
});
