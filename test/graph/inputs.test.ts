/** Several inputs and their sizes: what fits together, and the sentence about what does not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Composite,
  Conv2d,
  Dropout,
  Flatten,
  graph,
  Linear,
  type Network,
  Sequential,
  type Tensor,
  type Value,
} from "../../src/index.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

const forward = (net: unknown, ...xs: Tensor[]) => (net as Network).forward(...(xs as [Tensor])) as Tensor;

describe("names of sizes", () => {
  const pair = () =>
    graph(
      [
        ["N", 2],
        ["N", 3],
      ],
      { a: new Linear(2, 4), b: new Linear(3, 4) },
      ({ a, b }, x, y) => a.of(x).add(b.of(y)),
    );
  const square = () => graph(["N", 1, "H", "H"], { conv: new Conv2d(1, 1, 1) }, ({ conv }, x) => conv.of(x));

  test("a name is any size, and everywhere the same one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (n, m) => {
        const run = () => forward(pair(), normal([n, 2], 1), normal([m, 3], 2));
        if (n === m) expect(run().shape).toEqual([n, 4]);
        else
          expectError(
            run,
            ShapeError,
            `Graph expects one size for N, but got ${n} and ${m} (input [${m}, 3]). Usual cause: inputs of different batches, or an image that is not square.`,
          );
        const pixels = () => forward(square(), normal([1, 1, n, m], 1));
        if (n === m) expect(pixels().shape).toEqual([1, 1, n, n]);
        else
          expectError(
            pixels,
            ShapeError,
            `Graph expects one size for H, but got ${n} and ${m} (input [1, 1, ${n}, ${m}]). Usual cause: inputs of different batches, or an image that is not square.`,
          );
      }),
    );
  });

  test("outputShape, a network around it, and a Sequential say the same, and the one around it which network", () => {
    const text = (name: string) =>
      `${name} expects one size for H, but got 3 and 4 (input [1, 1, 3, 4]). Usual cause: inputs of different batches, or an image that is not square.`;
    expectError(() => square().outputShape([1, 1, 3, 4]), ShapeError, text("Graph"));
    expectError(() => new Sequential(square()).outputShape([1, 1, 3, 4]), ShapeError, text("Graph (0)"));
    expectError(() => forward(new Sequential(square()), normal([1, 1, 3, 4], 1)), ShapeError, text("Graph (0)"));
    const sequential = new Sequential(["N", 1, "H", "H"], new Conv2d(1, 1, 1));
    expectError(() => forward(sequential, normal([1, 1, 3, 4], 1)), ShapeError, text("Sequential"));
    expectError(() => sequential.outputShape([1, 1, 3, 4] as never), ShapeError, text("Sequential"));
    expect(forward(sequential, normal([2, 1, 4, 4], 1)).shape).toEqual([2, 1, 4, 4]);
  });

  test("another size, another rank, and the layers behind", () => {
    const net = graph(["N", 1, 4, 4], { f: new Flatten(), head: new Linear(16, 2) }, ({ f, head }, x) =>
      x.through(f, head),
    );
    expectError(
      () => forward(net, normal([2, 1, 4, 5], 1)),
      ShapeError,
      "Graph expects an input [N, 1, 4, 4], but got [2, 1, 4, 5]. Usual cause: data of another size than planned, or a missing batch dimension.",
    );
    expectError(
      () => forward(net, normal([1, 4, 4], 1)),
      ShapeError,
      "Graph expects an input [N, 1, 4, 4], but got [1, 4, 4]. Usual cause: data of another size than planned, or a missing batch dimension.",
    );
  });

  test("inputs in another order are among the causes where another one of them would fit", () => {
    const net = (a: string, b: string) =>
      graph(
        [
          ["N", a],
          ["N", b],
        ],
        { a: new Linear(2, 4), b: new Linear(3, 4) },
        (own, x, y) => own.a.of(x as never).add(own.b.of(y as never)),
      );
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(size, size, (first, second) => {
        fc.pre(first !== 2);
        const cause = second === 2 ? "inputs in another order, or " : "";
        expectError(
          () => forward(net("A", "B"), normal([1, first], 1), normal([1, second], 1)),
          ShapeError,
          `Linear (a) expects 2 features, but its input [1, ${first}] has ${first}. Usual cause: ${cause}inFeatures computed for another image size, padding or stride.`,
        );
        const other = second === 2 ? "inputs in another order" : "data of another size than planned";
        expectError(
          () => forward(pair(), normal([1, first], 1), normal([1, second], 1)),
          ShapeError,
          `Graph expects an input [N, 2], but got [1, ${first}]. Usual cause: ${other}, or a missing batch dimension.`,
        );
      }),
    );
  });

  test("a layer that does not fit behind one of two inputs names its neighbor", () => {
    const net = graph(
      [
        ["N", 2],
        ["N", 3],
      ],
      { a: new Linear(2, 4), b: new Linear(3, 5), head: new Linear(4, 1) },
      ({ a, b, head }, x, y) =>
        a
          .of(x)
          .through(head)
          .add(head.of(b.of(y) as never)),
    );
    expectError(
      () => forward(net, normal([1, 2], 1), normal([1, 3], 1)),
      ShapeError,
      "Linear (head) expects 4 features, but the layer before it gives 5. Usual cause: inFeatures computed for another image size, padding or stride.",
    );
  });
});

describe("the number of inputs", () => {
  class Pair extends Composite<Pair> {
    override readonly name = "Pair";
    readonly fc = new Linear(2, 2);
    compose(a: Value, b: Value) {
      return a.through(this.fc).add(b);
    }
  }
  class Sum extends Composite<Sum> {
    override readonly name = "Sum";
    readonly fc = new Linear(2, 2);
    compose(...all: Value[]): Value {
      return all.map((each) => this.fc.of(each)).reduce((a, b) => a.add(b));
    }
  }
  class Optional extends Composite<Optional> {
    override readonly name = "Optional";
    readonly fc = new Linear(2, 2);
    compose(a: Value, b?: Value) {
      return b ? this.fc.of(a).add(b) : this.fc.of(a);
    }
  }
  const x = normal([3, 2], 1);
  const two = () =>
    graph(
      [
        ["N", 2],
        ["N", 2],
      ],
      {},
      (_, a, b) => a.add(b),
    );

  test("is the call's where inputs are optional", () => {
    for (const net of [new Optional(), new Sum()]) {
      const one = forward(net, x);
      expect(forward(net, x, x).equals(one)).toBe(false);
      expect(forward(net, x).equals(one)).toBe(true);
    }
    expect(forward(new Sum(), x, x, x).shape).toEqual([3, 2]);
  });

  test("a missing or superfluous input is refused", () => {
    const missing = "Usual cause: a missing argument, or a batch for fit whose inputs are not in a list.";
    const many = "Usual cause: an argument too many.";
    for (const [net, xs, text] of [
      [new Pair(), [x], `Pair expects 2 inputs, but got 1. ${missing}`],
      [new Pair(), [x, x, x], `Pair expects 2 inputs, but got 3. ${many}`],
      [two(), [x], `Graph expects 2 inputs, but got 1. ${missing}`],
      [two(), [x, x, x], `Graph expects 2 inputs, but got 3. ${many}`],
      [new Sequential(new Linear(2, 2)), [x, x], `Sequential expects one input, but got 2. ${many}`],
    ] as const) {
      expectError(() => forward(net, ...xs), ArgumentError, text);
    }
    const pair = new Pair();
    expect(() => forward(pair, x)).toThrow(ArgumentError);
    expect(forward(pair, x, x).shape).toEqual([3, 2]);
  });

  test("modes, freezing and state dicts do not need to know it", () => {
    class Dropping extends Composite<Dropping> {
      readonly fc = new Linear(2, 2);
      compose(...all: Value[]): Value {
        return all.map((each) => each.through(this.fc, new Dropout(0.5))).reduce((a, b) => a.add(b));
      }
    }
    for (const net of [two(), new Dropping(), new Sum()] as unknown as Network[]) {
      net.eval();
      net.freeze();
      net.unfreeze();
      expect(Object.keys(net.stateDict()).length).toBe(net.parameters().length);
      expect(forward(net, x, x).equals(forward(net, x, x))).toBe(true);
    }
  });
});
