/** Several outermost forwards, then their backwards: siamese networks, GANs, forwards whose backward never comes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAvgPool2d,
  type Layer,
  Linear,
  MaxPool2d,
  Parallel,
  ReLU,
  Residual,
  Sequential,
  Tanh,
  type Tensor,
  tensor,
} from "../../src/index.js";
import { memory } from "../../src/kernels/wasm/memory.js";
import { ShapeError, StateError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { Adam, MSELoss } from "../../src/train.js";
import { eachBackend } from "../support/backends.js";
import { Net, SHAPE } from "../support/composites.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const NONE =
  "expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).";

/** Every kind of thing that a layer keeps: its input, its output, a mask, winners, statistics, nothing. */
function network(seed: number): Layer {
  const random = new Random(seed);
  const conv = (from: number, to: number) => new Conv2d(from, to, 3, { padding: 1, random });
  return new Sequential(
    conv(1, 4),
    new BatchNorm2d(4),
    new ReLU(),
    new Residual(new Sequential(conv(4, 4), new Tanh(), new Dropout(0.5, { random }))),
    new Parallel([conv(4, 2), new Sequential(new MaxPool2d(3, { stride: 1, padding: 1 }), conv(4, 3))]),
    new GlobalAvgPool2d(),
    new Flatten(),
    new Linear(5, 2, { random }),
  );
}

const gradients = (layer: Layer) => layer.parameters().map(({ grad }) => grad.data.slice());

/** The gradients of one backward. */
function backward(layer: Layer, dy: Tensor) {
  layer.zeroGrad();
  const dx = layer.backward(dy);
  return [dx.data, ...gradients(layer)];
}

const batches = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });

eachBackend("several forwards, then their backwards", () => {
  test("any gradients in reverse: the bits of each forward and backward in turn, step after step", () => {
    fc.assert(
      fc.property(fc.array(batches, { minLength: 1, maxLength: 3 }), fc.integer(), (steps, seed) => {
        const [together, inTurn] = [network(seed), network(seed)];
        for (const sizes of steps) {
          const pairs = sizes.map((n, i) => ({ x: normal([n, 1, 6, 5], i + 1), dy: normal([n, 2], i + 9) }));
          for (const { x } of pairs) together.forward(x);
          const got = pairs.map(({ dy }) => dy).reverse().map((dy) => backward(together, dy)).reverse(); // biome-ignore format: one line
          const want = pairs.map(({ x, dy }) => {
            inTurn.forward(x);
            return backward(inTurn, dy);
          });
          expect(got).toEqual(want);
        }
      }),
      { numRuns: 15 },
    );
  });

  test("a loss's gradients in any order", () => {
    fc.assert(
      fc.property(batches, fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), fc.integer(), (sizes, order, seed) => {
        const [together, inTurn] = [network(seed), network(seed)];
        const loss = new MSELoss();
        const gradientOf = (y: Tensor) => {
          loss.forward(y, normal(y.shape, 7));
          return loss.backward();
        };
        const xs = sizes.map((n, i) => normal([n, 1, 6, 5], i + 1));
        const dys = xs.map((x) => together.forward(x)).map(gradientOf);
        const shuffled = dys.map((dy, i) => ({ dy, i })).sort((a, b) => order[a.i]! - order[b.i]!);
        const got = new Map(shuffled.map(({ dy, i }) => [i, backward(together, dy)]));
        const want = xs.map((x) => backward(inTurn, gradientOf(inTurn.forward(x))));
        expect(xs.map((_, i) => got.get(i))).toEqual(want);
      }),
      { numRuns: 15 },
    );
  });
});

test("a discriminator's backward says which of the generator's forwards its gradient belongs to", () => {
  const make = () =>
    [new Linear(3, 4, { random: new Random(1) }), new Linear(4, 1, { random: new Random(2) })] as const;
  const run = (order: readonly number[]) => {
    const [generator, discriminator] = make();
    const ys = [1, 2, 3].map((seed) => discriminator.forward(generator.forward(normal([2, 3], seed))));
    const loss = new MSELoss();
    const dys = ys.map((y) => {
      loss.forward(y, normal([2, 1], 9));
      return loss.backward();
    });
    const dxs = order.map((i) => discriminator.backward(dys[i]!));
    const back = order.map((i, at) => ({ i, dz: generator.backward(dxs[at]!).data }));
    return back.sort((a, b) => a.i - b.i).map(({ dz }) => dz);
  };
  const [first, ...others] = [[2, 1, 0], [0, 1, 2], [1, 2, 0]].map(run); // biome-ignore format: one line
  for (const other of others) expect(other).toEqual(first);
});

test("a forward of the whole model and one of a part of it wait side by side, whichever goes back first", () => {
  const [a, b, alone] = [new Net(), new Net(), new Net()];
  const [x, z] = [normal(SHAPE, 1), normal([1, 2, 4, 4], 2)];
  const [dy, dz] = [normal([2, 2, 5, 4], 3), normal([1, 2, 4, 4], 4)];
  const part = (net: Net) => net.blocks[1]!;
  for (const net of [a, b]) {
    net.forward(x);
    part(net).forward(z);
  }
  const first = [a.backward(dy), part(a).backward(dz)];
  const second = [part(b).backward(dz), b.backward(dy)].reverse();
  alone.forward(x);
  const want = [alone.backward(dy)];
  part(alone).forward(z);
  want.push(part(alone).backward(dz));
  const data = (tensors: Tensor[]) => tensors.map((tensor) => tensor.data);
  expect(data(first)).toEqual(data(want));
  expect(data(second)).toEqual(data(want));
  expect(gradients(a)).toEqual(gradients(alone));
});

describe("a gradient that cannot be right is refused", () => {
  test("in the order of the forwards, where their shapes differ", () => {
    const layer = new Linear(2, 3);
    for (const n of [5, 4]) layer.forward(normal([n, 2], n));
    expectError(
      () => layer.backward(normal([5, 3], 1)),
      ShapeError,
      "Linear.backward expects the gradient of its output [4, 3], but got [5, 3]. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.",
    );
    for (const n of [4, 5]) expect(layer.backward(normal([n, 3], 1)).shape).toEqual([n, 2]);
  });

  test("of the fifth forward back, and of one from before the last step", () => {
    const layer = new Linear(2, 3);
    const forwards = (count: number) => {
      for (let n = 1; n <= count; n++) layer.forward(normal([n, 2], n));
    };
    const back = (n: number) => layer.backward(normal([n, 3], 1));
    forwards(5);
    for (const n of [5, 4, 3, 2]) back(n);
    expectError(() => back(1), StateError, `Linear.backward ${NONE}`);
    forwards(2);
    back(2);
    forwards(1); // a new step: the first of the two is given up
    back(1);
    expectError(() => back(1), StateError, `Linear.backward ${NONE}`);
  });

  test("of a loss, where its forward has been given up", () => {
    const layer = new Linear(2, 3);
    const loss = new MSELoss();
    loss.forward(layer.forward(normal([1, 2], 1)), normal([1, 3], 1));
    const late = loss.backward();
    for (let i = 0; i < 4; i++) layer.forward(normal([1, 2], 2));
    expectError(() => layer.backward(late), StateError, `Linear.backward ${NONE}`);
    expect(layer.backward(normal([1, 3], 1)).shape).toEqual([1, 2]); // the others still wait
  });

  test("the same gradient may serve forward after forward", () => {
    const layer = new Linear(2, 3);
    const loss = new MSELoss();
    loss.forward(layer.forward(normal([1, 2], 1)), normal([1, 3], 1));
    const dy = loss.backward();
    const dx = layer.backward(dy);
    for (let i = 0; i < 6; i++) {
      layer.forward(normal([1, 2], i));
      expect(layer.backward(dy).data).toEqual(dx.data);
    }
  });
});

describe("memory", () => {
  const step = (model: Layer, optimizer: Adam, forwards: number) => {
    const loss = new MSELoss();
    optimizer.zeroGrad();
    const ys = Array.from({ length: forwards }, (_, i) => model.forward(normal([4, 1, 12, 12], i)));
    for (const y of ys) {
      loss.forward(y, normal([4, 2], 1));
      model.backward(loss.backward());
    }
    optimizer.step();
  };

  test.each([
    ["forwards in train mode whose backward never comes", 1, 1],
    ["two forwards a step", 2, 0],
    ["three forwards a step and evaluation in train mode between", 3, 7],
  ])("is flat over 100 steps of %s", (_, forwards, lost) => {
    const model = network(1);
    const optimizer = new Adam(model.parameters());
    const run = (steps: number) => {
      for (let i = 0; i < steps; i++) {
        for (let n = 0; n < lost; n++) model.forward(normal([4, 1, 12, 12], n));
        step(model, optimizer, forwards);
      }
    };
    run(5);
    const before = memory().buffer.byteLength;
    run(100);
    expect(memory().buffer.byteLength).toBe(before);
  });

  test("of five hundred forwards in train mode is that of a few", () => {
    const model = network(1);
    const forwards = (count: number) => {
      for (let i = 0; i < count; i++) model.forward(normal([4, 1, 12, 12], 1));
    };
    forwards(6);
    const before = memory().buffer.byteLength;
    forwards(500);
    expect(memory().buffer.byteLength).toBe(before);
  });
});

test("a gradient that was scaled, or computed from the output, belongs to its output in any order", () => {
  const layer = new Linear(1, 1, { bias: false });
  layer.weight.value.data.fill(1);
  const [a, b] = [new MSELoss({ reduction: "sum" }), new MSELoss({ reduction: "sum" })];
  const gradient = () => {
    const value = layer.weight.grad.item();
    layer.zeroGrad();
    return value;
  };
  const [real, fake] = [layer.forward(tensor([[2]])), layer.forward(tensor([[3]]))];
  a.forward(real, tensor([[1.5]]));
  b.forward(fake, tensor([[2.5]]));
  layer.backward(a.backward().mul(0.5));
  layer.backward(b.backward().mul(2));
  expect(gradient()).toBe(0.5 * 2 + 2 * 3);

  const [first, second] = [layer.forward(tensor([[2]])), layer.forward(tensor([[3]]))];
  layer.backward(
    first
      .sub(tensor([[1]]))
      .mul(4)
      .neg(),
  );
  layer.backward(tensor([[1]]).add(second.map(Math.sign)));
  expect(gradient()).toBe(-4 * 2 + 2 * 3);

  // Of two outputs it is neither's: the last one that waits.
  const [x, y] = [layer.forward(tensor([[2]])), layer.forward(tensor([[3]]))];
  layer.backward(x.mul(0).add(y.mul(0)).add(1));
  expect(gradient()).toBe(3);
});
