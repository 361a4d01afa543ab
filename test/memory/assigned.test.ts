/** What can be assigned to a parameter or a buffer is copied, and checked before anything changes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  Layer,
  Linear,
  ones,
  Parameter,
  ShapeError,
  StateBuffer,
  StateError,
  type Tensor,
  tensor,
  zeros,
} from "../../src/index.js";
import { SGD } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

/** What can be assigned, by the beginning of the sentence that refuses it: makes it of a shape, filled with 1. */
const ASSIGNED: Record<string, (shape: readonly number[]) => { value: Tensor }> = {
  'Parameter "p" expects a value': (shape) => new Parameter("p", ones(shape)),
  'Parameter "p" expects a grad': (shape) => {
    const p = new Parameter("p", ones(shape));
    p.grad = ones(shape);
    return {
      get value() {
        return p.grad;
      },
      set value(value) {
        p.grad = value;
      },
    };
  },
  'StateBuffer "p" expects a value': (shape) => new StateBuffer("p", ones(shape)),
};

describe.each(Object.entries(ASSIGNED))("%s", (who, make) => {
  test("of its shape and precision", () => {
    const owner = make([3, 2]);
    expectError(
      () => {
        owner.value = zeros([1, 2]);
      },
      ShapeError,
      `${who} of its shape [3, 2], but got [1, 2]. Usual cause: weights of a layer with other sizes: make such a layer.`,
    );
    expectError(
      () => {
        owner.value = zeros([3, 2]).to("float64");
      },
      ArgumentError,
      `${who} of its precision float32, but got float64. Usual cause: a missing to("float32").`,
    );
    expect(() => {
      owner.value = [[1, 2]] as unknown as Tensor;
    }).toThrow(ArgumentError);
    expect(owner.value.equals(ones([3, 2]))).toBe(true);
  });

  const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });

  test("and another shape changes nothing anywhere", () => {
    fc.assert(
      fc.property(shape, shape, (has, gets) => {
        fc.pre(String(has) !== String(gets));
        const owner = make(has);
        const neighbors = [new Parameter("q", ones([8])), new Parameter("r", ones([8]))];
        expect(() => {
          owner.value = zeros(gets);
        }).toThrow(ShapeError);
        expect(owner.value.shape).toEqual(has);
        for (const { value } of [owner, ...neighbors]) expect(new Set(value.data)).toEqual(new Set([1]));
      }),
    );
  });

  test("which is copied: what was assigned may be written to afterwards", () => {
    const owner = make([3, 2]);
    const source = normal([3, 2], 1);
    const before = source.toArray();
    owner.value = source;
    source.data.fill(100);
    expect(owner.value.toArray()).toEqual(before);
  });
});

describe("what lies in the engine's memory is copied too", () => {
  test("a target network stays where it was while the other one learns", () => {
    const [online, target] = [new Linear(3, 2), new Linear(3, 2)];
    const learn = () => {
      const optimizer = new SGD(online.parameters(), { lr: 0.5 });
      online.backward(normal(online.forward(normal([4, 3], 1)).shape, 2));
      optimizer.step();
    };
    learn();
    learn(); // by now everything has a place
    for (const [i, parameter] of target.parameters().entries()) parameter.value = online.parameters()[i]!.value;
    const before = target.parameters().map(({ value }) => value.toArray());
    learn();
    online.weight.value.data.fill(9);
    expect(target.parameters().map(({ value }) => value.toArray())).toEqual(before);
    target.weight.value.data.fill(7);
    expect(online.weight.value.data).not.toContain(7);
  });

  test("a buffer keeps a child's output while the child runs again", () => {
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
    }
    const layer = new Memory();
    const y = layer.forward(tensor([[1, 2]])).toArray();
    layer.linear.forward(tensor([[5, 5]]));
    expect(layer.stateDict().last!.toArray()).toEqual(y);
  });
});

test("arrays do not follow when another tensor is assigned: the tensor that was there keeps its numbers", () => {
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

test("a parameter that was exchanged for a smaller one is refused by the kernel", () => {
  const layer = new Linear(2, 3) as { weight: Parameter } & Linear;
  layer.weight = new Parameter("weight", zeros([1, 2]));
  expectError(
    () => (layer as Linear).forward(ones([1, 2])),
    StateError,
    "A kernel expects 6 numbers, but got a tensor of shape [1, 2]. Usual cause: a parameter, buffer or setting exchanged for one of another shape.",
  );
});
