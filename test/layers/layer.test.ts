/** What every layer inherits: finding children and parameters, fresh results, state, modes, refusals. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conv2d, Flatten, Layer, Linear, Sequential, Sigmoid, Tanh, type Tensor } from "../../src/index.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Random } from "../../src/tensor/random.js";
import { allZero, Net, Scale, SHAPE, Twice } from "../support/composites.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const keysOf = (layer: Layer) => layer.namedParameters().map(([key]) => key);

describe("a composite of one's own", () => {
  test("finds children in fields and arrays, parameters and buffers by torch's keys, parents' own first", () => {
    const net = new Net();
    expect(net.namedChildren().map(([key]) => key)).toEqual(["stem", "blocks.0", "blocks.1", "head"]);
    expect(keysOf(net)).toEqual(["stem.weight", "stem.bias", "blocks.0.weight", "blocks.1.weight", "head.1.scale"]);
    expect(Object.keys(net.stateDict())).toEqual([...keysOf(net), "head.1.calls"]);
    expect(net.children()).toEqual(net.namedChildren().map(([, child]) => child));
    expect(net.namedModules().map(([key, { name }]) => [key, name])).toEqual([
      ["", "Net"],
      ["stem", "Conv2d"],
      ["blocks.0", "Conv2d"],
      ["blocks.1", "Conv2d"],
      ["head", "Sequential"],
      ["head.0", "Tanh"],
      ["head.1", "Scale"],
    ]);
    expect(net.modules()).toEqual(net.namedModules().map(([, layer]) => layer));
  });

  test("has a child that two fields share once among its layers, under its first key, as in torch", () => {
    const shared = new Linear(2, 2);
    const model = new Sequential(shared, new Tanh(), shared);
    expect(model.namedChildren().map(([key]) => key)).toEqual(["0", "1"]);
    expect(model.children()).toEqual([shared, model.layers[1]]);
    expect(model.namedModules().map(([key]) => key)).toEqual(["", "0", "1"]);
    expect(model.modules()).toEqual([model, ...model.children()]);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  });

  test("gradients agree with differences within 1e-6, through fields, arrays and nested containers", () => {
    expectGradients(new Net(), SHAPE);
  });

  test("a layer used twice in one forward gets the gradient of both uses", () => {
    expectGradients(new Twice(), [2, 2, 4, 3]);
    const conv = new Twice().conv;
    const shared = new Sequential(conv, new Sigmoid(), conv);
    expectGradients(shared, [1, 2, 4, 3]);
    expect(shared.parameters()).toHaveLength(2);
    expect(keysOf(shared)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  });

  test("a layer of another class cannot be adopted from a #private field, a Map or a local variable", () => {
    class Hidden extends Layer {
      readonly #conv = new Conv2d(1, 1, 3);
      protected compute(x: Tensor): Tensor {
        return this.#conv.forward(x);
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.#conv.backward(dy);
      }
    }
    class Mapped extends Layer {
      readonly layers = new Map([["conv", new Conv2d(1, 1, 3)]]);
      protected compute(x: Tensor): Tensor {
        return this.layers.get("conv")!.forward(x);
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.layers.get("conv")!.backward(dy);
      }
    }
    const text = (name: string) =>
      `${name} uses a Conv2d that is in none of its fields, so it would neither train nor be saved. Usual cause: a #private field, Map or variable instead of a public field, or forward overridden instead of compute.`;
    for (const layer of [new Hidden(), new Mapped()]) {
      expectError(() => layer.forward(normal(SHAPE, 1)), StateError, text(layer.name));
      expectError(() => new Sequential(layer).forward(normal(SHAPE, 1)), StateError, text(`${layer.name} (0)`));
    }
  });

  test("is refused when its inferShape and its output disagree, or when its backward returns nothing", () => {
    class Lying extends Layer {
      protected compute(x: Tensor): Tensor {
        return x;
      }
      protected computeBackward(): Tensor | undefined {
        return undefined;
      }
      protected override inferShape(): number[] {
        return [1];
      }
    }
    expectError(
      () => new Lying().forward(normal([2], 1)),
      StateError,
      "Lying computed a tensor of shape [2], but its inferShape says [1].",
    );
    const honest = new Lying();
    honest.forward(normal([1], 1));
    expectError(
      () => honest.backward(normal([1], 1)),
      ArgumentError,
      "Lying.backward expects computeBackward to return a Tensor, but got undefined. Usual cause: a missing argument or return.",
    );
  });
});

describe("what your own call returns is fresh", () => {
  const makers: [name: string, make: () => Layer, shape: number[]][] = [
    ["Net", () => new Net(), SHAPE],
    ["Conv2d", () => new Conv2d(1, 2, 3, { random: new Random(1) }), SHAPE],
    ["Linear", () => new Linear(4, 3, { random: new Random(1) }), SHAPE],
    ["Flatten", () => new Flatten(), SHAPE],
    ["Sigmoid", () => new Sigmoid(), SHAPE],
    ["an empty Sequential", () => new Sequential(), SHAPE],
  ];

  test.each(makers)("%s: writing to x, y or dx corrupts no backward and no earlier result", (_, make, shape) => {
    for (const mode of ["train", "eval"] as const) {
      const [spoiled, clean] = [make()[mode](), make()[mode]()];
      const step = (layer: Layer, spoil: (t: Tensor) => void) => {
        const x = normal(shape, 1);
        const y = layer.forward(x);
        const kept = y.clone();
        spoil(x);
        spoil(y);
        const dy = normal(y.shape, 2);
        const dx = layer.backward(dy);
        expect(dy.data).toEqual(normal(y.shape, 2).data);
        const dxKept = dx.clone();
        spoil(dx);
        return [kept, dxKept, ...layer.parameters().map(({ grad }) => grad.clone())].map(({ data }) => data);
      };
      for (let round = 0; round < 2; round++) {
        expect(step(spoiled, (t) => void t.data.fill(9))).toEqual(step(clean, () => {}));
      }
    }
  });

  test("two results share no memory, and a later forward changes no earlier output", () => {
    const net = new Net();
    const first = net.forward(normal(SHAPE, 1));
    const copy = first.clone();
    const second = net.forward(normal(SHAPE, 2));
    expect(first.data).toEqual(copy.data);
    expect(first.data.buffer).not.toBe(second.data.buffer);
  });

  test("also after a call that failed", () => {
    const net = new Net();
    expect(() => net.forward(normal([2, 3, 5, 4], 1))).toThrow(ShapeError);
    const identity = new Sequential();
    const x = normal([3], 1);
    expect(identity.forward(x).data.buffer).not.toBe(x.data.buffer);
  });
});

describe("backward", () => {
  const dy = normal([2, 2, 5, 4], 2);

  test("in eval mode replays the forward: the same gradients as in train mode, once", () => {
    const [training, evaluating] = [new Net(), new Net().eval()];
    const x = normal(SHAPE, 1);
    for (const net of [training, evaluating]) net.forward(x);
    expect(evaluating.backward(dy).data).toEqual(training.backward(dy).data);
    const grads = (net: Net) => net.parameters().map(({ grad }) => grad.data);
    expect(grads(evaluating)).toEqual(grads(training));
    expect(evaluating.training).toBe(false);
    for (const net of [training, evaluating]) {
      expectError(
        () => net.backward(dy),
        StateError,
        "Net.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).",
      );
    }
  });

  test("belongs to the newest forward, whichever modes the two ran in", () => {
    for (const [first, second] of [["train", "train"], ["train", "eval"], ["eval", "train"], ["eval", "eval"]] as const) {
      const [both, last] = [new Net(), new Net()];
      both[first]().forward(normal(SHAPE, 1));
      for (const net of [both, last]) net[second]().forward(normal(SHAPE, 3));
      expect(both.backward(dy).data).toEqual(last.backward(dy).data);
    } // biome-ignore format: one line
  });

  test("refuses what is no Tensor, and a gradient of another shape; then the right one still works", () => {
    const net = new Net();
    net.forward(normal(SHAPE, 1));
    expectError(
      () => net.backward([1, 2] as unknown as Tensor),
      ArgumentError,
      "Net.backward expects a Tensor, but got [1, 2]. Usual cause: a plain array, or a tensor after JSON or postMessage, which tensor(data) converts.",
    );
    expectError(
      () => net.backward(normal([2, 2, 5], 1)),
      ShapeError,
      "Net.backward expects the gradient of its output [2, 2, 5, 4], but got [2, 2, 5]. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.",
    );
    expect(net.parameters().every(({ grad }) => allZero(grad))).toBe(true);
    expect(net.backward(dy).shape).toEqual(SHAPE);
  });

  test("is right although a child ran alone, or in another model, since", () => {
    const make = () => {
      const last = new Conv2d(1, 2, 1, { random: new Random(1) });
      return { last, model: new Sequential(new Tanh(), last) };
    };
    const [used, fresh] = [make(), make()];
    for (const { model } of [used, fresh]) model.forward(normal(SHAPE, 1));
    used.last.forward(normal(SHAPE, 7));
    new Sequential(used.last).forward(normal([3, 1, 2, 2], 8));
    const out = normal([2, 2, 5, 4], 2);
    expect(used.model.backward(out).data).toEqual(fresh.model.backward(out).data);
    expect(used.last.weight.grad.data).toEqual(fresh.last.weight.grad.data);
  });

  test("is right although a forward failed halfway since", () => {
    class Fragile extends Layer {
      readonly conv = new Conv2d(1, 2, 3, { random: new Random(1) });
      fails = false;
      protected compute(x: Tensor): Tensor {
        const y = this.conv.forward(x);
        if (this.fails) throw new RangeError("halfway");
        return y;
      }
      protected computeBackward(d: Tensor): Tensor {
        return this.conv.backward(d);
      }
    }
    for (const mode of ["train", "eval"] as const) {
      const [fragile, fresh] = [new Fragile()[mode](), new Fragile()[mode]()];
      const [y] = [fragile, fresh].map((layer) => layer.forward(normal(SHAPE, 1)));
      fragile.fails = true;
      for (let i = 0; i < 6; i++) expect(() => fragile.forward(normal(SHAPE, 2))).toThrow("halfway");
      fragile.fails = false;
      const out = normal(y!.shape, 3);
      expect(fragile.backward(out).data).toEqual(fresh.backward(out).data);
      expect(fragile.conv.weight.grad.data).toEqual(fresh.conv.weight.grad.data);
    }
  });

  test("of two models in turn: each uses its own forward (a discriminator behind a generator)", () => {
    const nets = () =>
      [new Linear(3, 4, { random: new Random(1) }), new Linear(4, 2, { random: new Random(2) })] as const;
    const [generator, discriminator] = nets();
    const [g, d] = nets();
    const z = normal([2, 3], 1);
    const out = normal([2, 2], 2);
    discriminator.forward(generator.forward(z));
    const dx = generator.backward(discriminator.backward(out));
    const joined = new Sequential(g, d);
    joined.forward(z);
    expect(dx.data).toEqual(joined.backward(out).data);
    expect(generator.weight.grad.data).toEqual(g.weight.grad.data);
  });
});

test("forward and backward of any stack of layers give equal bits on every run", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("conv", "tanh", "scale"), { maxLength: 5 }), fc.integer(), (kinds, seed) => {
      const make = () =>
        new Sequential(
          ...kinds.map((kind) =>
            kind === "conv"
              ? new Conv2d(1, 1, 3, { padding: 1, random: new Random(seed) })
              : kind === "tanh"
                ? new Tanh()
                : new Scale(),
          ),
        );
      const [a, b] = [make(), make()];
      const x = normal(SHAPE, seed);
      expect(a.forward(x).data).toEqual(b.forward(x).data);
      expect(a.backward(x).data).toEqual(b.backward(x).data);
    }),
    { numRuns: 30 },
  );
});
