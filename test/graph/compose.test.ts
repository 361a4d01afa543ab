/** Networks composed as values: gates, several inputs and outputs, shared layers, and the operations on values. */
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Composite,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAvgPool2d,
  gradcheck,
  graph,
  type Input,
  type Layer,
  Linear,
  MaxPool2d,
  Parameter,
  Random,
  ReLU,
  Sequential,
  Sigmoid,
  StateError,
  Tanh,
  type Tensor,
  tensor,
  type Value,
} from "../../src/index.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { Adam, CrossEntropyLoss, MSELoss, summary } from "../../src/train.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const seeded = (seed: number) => ({ random: new Random(seed) });

class SqueezeExcite extends Composite<SqueezeExcite> {
  override readonly name = "SqueezeExcite";
  readonly pool = new GlobalAvgPool2d();
  readonly reduce = new Conv2d(4, 2, 1, seeded(1));
  readonly relu = new ReLU();
  readonly expand = new Conv2d(2, 4, 1, seeded(2));
  readonly gate = new Sigmoid();

  compose(x: Input<["N", 4, "H", "W"]>) {
    return x.mul(x.through(this.pool, this.reduce, this.relu, this.expand, this.gate));
  }
}

/** One body used twice. */
class Siamese extends Composite<Siamese> {
  readonly body = new Sequential(new Linear(3, 2, seeded(1)), new Tanh());

  compose(a: Input<["N", 3]>, b: Input<["N", 3]>) {
    return this.body.of(a).sub(this.body.of(b));
  }
}

class Detector extends Composite<Detector> {
  readonly stem = new Conv2d(1, 2, 3, { padding: 1, ...seeded(1) });
  readonly relu = new ReLU();
  readonly pool = new MaxPool2d(2);
  readonly heads = [new Conv2d(2, 3, 1, seeded(2)), new Conv2d(2, 5, 1, seeded(3))] as const;

  compose(x: Value) {
    const fine = x.through(this.stem, this.relu);
    const coarse = fine.through(this.pool);
    return { small: this.heads[0].of(fine), large: this.heads[1].of(coarse) };
  }
}

eachBackend("composed networks", () => {
  test("a gate computes x · gate(x), and learns", () => {
    const net = new SqueezeExcite();
    const x = normal([2, 4, 3, 5], 1);
    const gate = new Sequential(net.pool, net.reduce, net.relu, net.expand, net.gate);
    expect(net.forward(x).allClose(x.mul(gate.forward(x)))).toBe(true);
    expectGradients(net as unknown as Layer, [2, 4, 3, 5]);
    expect(Object.keys(net.stateDict())).toEqual(["reduce.weight", "reduce.bias", "expand.weight", "expand.bias"]);
  });

  test("a layer used twice is one set of weights, whose gradients add up, also where one use has none", () => {
    const net = new Siamese();
    const [a, b] = [normal([4, 3], 1), normal([4, 3], 2)];
    const dy = normal([4, 2], 3);
    const { body } = net;
    const y = net.forward(a, b);
    expect(y.allClose(body.forward(a).sub(body.forward(b)))).toBe(true);
    net.zeroGrad();
    net.forward(a, b);
    const [da, db] = net.backward(dy);
    const both = body.parameters().map(({ grad }) => grad.clone());
    net.zeroGrad();
    body.forward(a);
    const first = body.backward(dy);
    body.forward(b);
    const second = body.backward(dy.neg());
    expect(da.allClose(first)).toBe(true);
    expect(db.allClose(second)).toBe(true);
    for (const [i, { grad }] of body.parameters().entries()) expect(both[i]!.allClose(grad)).toBe(true);
  });

  test("several outputs come by name; one without a gradient counts as zero", () => {
    const net = new Detector();
    const x = normal([2, 1, 4, 4], 1);
    const { small, large } = net.forward(x);
    expect([small.shape, large.shape]).toEqual([[2, 3, 4, 4], [2, 5, 2, 2]]); // biome-ignore format: one line
    const dx = net.backward({ large: normal([2, 5, 2, 2], 2) });
    expect(dx.shape).toEqual([2, 1, 4, 4]);
    const [head, other] = net.heads;
    expect([head.weight.hasGrad, other.weight.hasGrad]).toEqual([false, true]);
    const grad = net.stem.weight.grad.clone();
    net.zeroGrad();
    net.forward(x);
    net.backward({ small: normal([2, 3, 4, 4], 2).mul(0), large: normal([2, 5, 2, 2], 2) });
    expect(net.stem.weight.grad.allClose(grad)).toBe(true);
  });

  test("graph() needs no class: the keys are the layers' names", () => {
    const net = graph(
      ["N", 1, 4, 4],
      { stem: new Conv2d(1, 2, 3, seeded(1)), name: new ReLU(), head: [new Flatten(), new Linear(8, 3, seeded(2))] },
      ({ stem, name, head }, x) => x.through(stem, name, head[0], head[1]),
    );
    expect(Object.keys(net.stateDict())).toEqual(["stem.weight", "stem.bias", "head.1.weight", "head.1.bias"]);
    expect(net.forward(normal([5, 1, 4, 4], 1)).shape).toEqual([5, 3]);
    expect(net.layers.stem.weight.value.shape).toEqual([2, 1, 3, 3]);
    expectGradients(net as unknown as Layer, [2, 1, 4, 4]);
  });
});

/** A network of one value. */
function composed(compose: (x: Value) => Value): Layer {
  return graph(["N", "C", "H", "W"], {}, (_, x) => compose(x as unknown as Value)) as unknown as Layer;
}

const OPERATIONS: Record<string, (x: Value) => Value> = {
  "add a value": (x) => x.add(x.mul(2)),
  "add a broadcast value": (x) => x.add(x.mean([2, 3], { keepDims: true })),
  "add a number": (x) => x.add(3),
  "sub a broadcast value": (x) => x.mean([0, 1], { keepDims: true }).sub(x),
  "sub a number": (x) => x.sub(3).mul(x),
  "mul by itself": (x) => x.mul(x),
  "mul by a spatial gate": (x) => x.mul(x.mean(1, { keepDims: true }).sigmoid()),
  "div by a value": (x) => x.div(x.mul(x).add(1)),
  "div by a number": (x) => x.div(3).mul(x),
  concat: (x) => x.concat([x.mul(2), x]),
  "concat along another dim": (x) => x.concat([x.mul(x)], -1),
  split: (x) => {
    const [a, b] = x.split([1, 3], 1) as readonly Value[];
    return b!.concat([a!.mul(a!)]);
  },
  "split with a part left unread": (x) => (x.split([1, 3], 1) as readonly Value[])[1]!,
  chunk: (x) => (x.chunk(2, 1) as readonly Value[]).reduce((a, b) => a.mul(b)),
  slice: (x) => x.slice(null, [1, 3], 0, [null, null, 2]),
  "reshape by a function": (x) => x.reshape(([n, c, h, w]) => [n, 2, c / 2, h * w]).mul(2),
  "channel shuffle": (x) => x.unflatten(1, [2, 2]).transpose(1, 2).flatten(1, 2),
  flatten: (x) => x.flatten(1).mul(2),
  permute: (x) => x.permute([0, 2, 3, 1]).mul(2),
  "squeeze and unsqueeze": (x) => x.unsqueeze(2).squeeze(2).mul(x),
  pad: (x) => x.pad([1, 2, 0, 1]),
  "pad by reflection": (x) => x.pad([1, 2, 0, 1], { mode: "reflect" }),
  crop: (x) => x.pad([-1, 0, 1, -1]),
  "mean over all": (x) => x.mean().mul(x),
  "mean over dims": (x) => x.mean([-1, -2]),
  sum: (x) => x.sum(1).mul(0.5),
  max: (x) => x.max([2, 3], { keepDims: true }).mul(x),
  "max over dims apart": (x) => x.max([1, 3]),
  matmul: (x) => x.matmul(x.transpose(2, 3)),
  softmax: (x) => x.softmax(-1).mul(x),
  upsample: (x) => x.upsample({ scaleFactor: 2, mode: "bilinear" }),
  resizeLike: (x) => x.slice(null, null, [0, 2], [0, 2]).resizeLike(x, { mode: "bilinear" }).mul(x),
  relu: (x) => x.relu().mul(x),
  sigmoid: (x) => x.sigmoid(),
  tanh: (x) => x.tanh().mul(x),
  neg: (x) => x.neg().mul(x),
  abs: (x) => x.abs(),
  square: (x) => x.square(),
  sqrt: (x) => x.square().add(0.5).sqrt(),
  exp: (x) => x.exp(),
  log: (x) => x.square().add(0.5).log(),
  "pow of whole numbers": (x) => x.pow(3).add(x.pow(0)).add(x.pow(1)).add(x.pow(2)),
  "pow of fractions": (x) => x.abs().add(1).pow(0.5).mul(x.abs().add(1).pow(-1.3)),
  clip: (x) => x.clip(-0.5, 1).mul(x),
};

describe("operations on values", () => {
  test.each(Object.entries(OPERATIONS))("%s: gradients agree with differences within 1e-6", (_, compose) => {
    expectGradients(composed(compose), [2, 4, 3, 4]);
  });

  test.each(Object.entries(OPERATIONS))(
    "%s: the shape that outputShape says is the one that comes out",
    (_, compose) => {
      const net = composed(compose);
      expect(net.outputShape([2, 4, 3, 4])).toEqual([...net.forward(normal([2, 4, 3, 4], 1)).shape]);
    },
  );

  test("a parameter is learned as an operand", () => {
    class Scaled extends Composite<Scaled> {
      readonly gamma = new Parameter("gamma", tensor([[[2]], [[3]]]));
      compose(x: Value) {
        return x.mul(this.gamma).add(x);
      }
    }
    const net = new Scaled();
    expect(Object.keys(net.stateDict())).toEqual(["gamma"]);
    const x = normal([2, 2, 3, 3], 1);
    expect(net.forward(x).allClose(x.mul(tensor([[[3]], [[4]]])))).toBe(true);
    expectGradients(net, [2, 2, 3, 3]);
    net.gamma.requiresGrad = false;
    net.zeroGrad();
    net.forward(x);
    net.backward(x);
    expect(net.gamma.hasGrad).toBe(false);
  });
});

describe("a composed network", () => {
  class Two extends Composite<Two> {
    override readonly name = "Two";
    readonly a = new Linear(2, 3, seeded(1));
    readonly b = new Linear(3, 2, seeded(2));
    compose(x: Value, y: Value) {
      return [this.a.of(x), this.b.of(y)] as const;
    }
  }

  test("trains with several outputs, each with a loss of its own", () => {
    const net = new Two();
    const optimizer = new Adam(net.parameters(), { lr: 0.1 });
    const [x, y] = [normal([8, 2], 1), normal([8, 3], 2)];
    const [first, second] = [new MSELoss(), new CrossEntropyLoss()];
    const step = () => {
      optimizer.zeroGrad();
      const [p, q] = net.forward(x, y);
      const loss = first.forward(p, y) + second.forward(q, [0, 1, 0, 1, 0, 1, 0, 1]);
      net.backward([first.backward(), second.backward()]);
      optimizer.step();
      return loss;
    };
    const before = step();
    for (let i = 0; i < 30; i++) step();
    expect(step()).toBeLessThan(before / 2);
  });

  test("shows its layers in a summary, by their keys, for the shapes of all inputs", () => {
    const { rows, outputShape } = summary(new Two() as unknown as Layer, [[8, 2], [8, 3]]); // biome-ignore format: one line
    expect(rows.map(({ key, outputShape: shape }) => [key, shape])).toEqual([["a", [8, 3]], ["b", [8, 2]]]); // biome-ignore format: one line
    expect(outputShape).toEqual([[8, 3], [8, 2]]); // biome-ignore format: one line
  });

  test("notices that a field was exchanged", () => {
    class Net extends Composite<Net> {
      fc = new Linear(2, 3, seeded(1));
      compose(x: Value) {
        return this.fc.of(x);
      }
    }
    const net = new Net();
    const x = normal([1, 2], 1);
    expect(net.forward(x).shape).toEqual([1, 3]);
    net.fc = new Linear(2, 5, seeded(2)) as never;
    expect(net.forward(x).equals(net.fc.forward(x))).toBe(true);
    expect(new Sequential(net).forward(x).shape).toEqual([1, 5]);
  });

  test("notices that a layer was exchanged, added or taken away in a list or an object, at any depth", () => {
    class Net extends Composite<Net> {
      readonly first = [new Linear(2, 2, seeded(1))];
      readonly named = { inner: [{ fc: new Linear(2, 2, seeded(2)) }] };
      readonly later: Linear[] = [];
      readonly sizes: unknown[] = [1, 2, 3];
      compose(x: Value) {
        const all = [...this.first, ...this.named.inner.map(({ fc }) => fc), ...this.later];
        return all.reduce<Value>((y, layer) => layer.of(y) as Value, x);
      }
    }
    const net = new Net();
    const outer = new Sequential(net as unknown as Layer);
    const x = normal([3, 2], 1);
    const expected = () => {
      const all = [...net.first, ...net.named.inner.map(({ fc }) => fc), ...net.later];
      return all.reduce<Tensor>((y, layer) => layer.forward(y) as Tensor, x);
    };
    const changes = [
      () => net.first.push(new Linear(2, 2, seeded(3))),
      () => net.first.splice(0, 1, new Linear(2, 2, seeded(4))),
      () => net.named.inner.push({ fc: new Linear(2, 2, seeded(5)) }),
      () => Object.assign(net.named.inner[0] as object, { fc: new Linear(2, 2, seeded(6)) }),
      () => net.later.push(new Linear(2, 2, seeded(7))),
      () => net.first.pop(),
      () => net.later.reverse().push(new Linear(2, 2, seeded(8))),
      () => net.later.reverse(),
      () => net.sizes.push("not a layer", {}),
    ];
    for (const change of [() => {}, ...changes]) {
      change();
      for (let i = 0; i < 2; i++) expect(outer.forward(x).equals(expected())).toBe(true);
    }
  });

  test("keeps the modes of layers that compose makes", () => {
    class Net extends Composite<Net> {
      compose(x: Value) {
        return x.through(new Dropout(0.5, seeded(1)));
      }
    }
    const net = new Net().eval();
    const x = normal([20], 1);
    expect(net.forward(x).equals(x)).toBe(true);
    expect(net.train().forward(x).equals(x)).toBe(false);
  });

  test("gradcheck takes it in eval mode, batch norm and all", () => {
    class Net extends Composite<Net> {
      readonly conv = new Conv2d(2, 2, 3, { padding: 1, ...seeded(1) });
      readonly norm = new BatchNorm2d(2);
      compose(x: Value) {
        return x.through(this.conv, this.norm).relu().add(x);
      }
    }
    expect(gradcheck(new Net().eval(), [2, 2, 4, 4]).passed).toBe(true);
  });
});

describe("wrong graphs get sentences", () => {
  const x = normal([1, 2], 1);

  /** A network with a Linear `fc` that is composed as is said. */
  const net = (compose: (net: Net, x: Value) => unknown) => new Net(compose) as unknown as Layer;
  class Net extends Composite<Net> {
    override readonly name = "Net";
    readonly fc = new Linear(2, 2, seeded(1));
    readonly #compose: (net: Net, x: Value) => unknown;
    kept: Value | undefined;
    constructor(compose: (net: Net, x: Value) => unknown) {
      super();
      this.#compose = compose;
    }
    compose(x: Value): Value {
      return this.#compose(this, x) as Value;
    }
  }

  test("a value of another graph", () => {
    let kept: Value | undefined;
    const first = net((n, v) => {
      kept = n.fc.of(v);
      return kept;
    });
    first.forward(x);
    const text = (cause: string) => `A value of Net was used after its compose had returned. Usual cause: ${cause}.`;
    expectError(() => kept?.relu(), StateError, text("a value kept in a field, or an await in compose"));
    let outer: Value | undefined;
    const inner = net((n, v) => n.fc.of(v).add(outer as Value));
    class Outer extends Composite<Outer> {
      override readonly name = "Outer";
      readonly inner = inner;
      compose(v: Value) {
        outer = v;
        return this.inner.of(v);
      }
    }
    expectError(
      () => new Outer().forward(x),
      StateError,
      "Net is composed with a value of Outer. Usual cause: a value kept in a field or variable; each compose gets values of its own.",
    );
  });

  test("a layer in no field", () => {
    expectError(
      () => net((_, v) => new Linear(2, 2).of(v)).forward(x),
      StateError,
      "Net is composed of a Linear that is in none of its fields, so its weights would neither train nor be saved. Usual cause: a layer made inside compose(), or kept in a #private field or a Map; keep it in a public field.",
    );
  });

  test("a result that nothing reads", () => {
    expectError(
      () =>
        net((n, v) => {
          n.fc.of(v);
          return v.relu();
        }).forward(x),
      StateError,
      "Net is composed of a call of Linear whose result nothing reads. Usual cause: a value that compose forgot to return, or to use.",
    );
  });

  test("compose that returns nothing, a layer, or something else", () => {
    const start = "Net expects compose to return a value, a list of values or an object of values, but got";
    for (const [compose, got] of [
      [() => undefined, "undefined. Usual cause: a missing return."],
      [(n: Net) => n.fc, "a Linear. Usual cause: the layer itself instead of layer.of(x) or x.through(layer)."],
      [async (_: Net, v: Value) => v, "a Promise. Usual cause: an async compose."],
      [() => [], "[]. Usual cause: compose instead of compute."],
      [() => 5, "5. Usual cause: compose instead of compute."],
    ] as const) {
      expectError(() => net(compose).forward(x), ArgumentError, `${start} ${got}`);
    }
  });

  test("forward with a missing or a superfluous input, or a tensor in compose", () => {
    const siamese = new Siamese() as unknown as { forward(...xs: Tensor[]): Tensor };
    expect(() => siamese.forward(normal([1, 3], 1))).toThrow(ArgumentError);
    expectError(
      () => (new Linear(2, 2) as unknown as typeof siamese).forward(x, x),
      ArgumentError,
      "Linear expects one input, but got 2. Usual cause: an argument too many, or a Layer where a Composite is meant.",
    );
    expectError(
      () => net((n) => n.fc.of(x as never)).forward(x),
      ArgumentError,
      "Linear.of expects values of the network that is being composed, but got a Tensor. Usual cause: a tensor, which forward takes, or a missing argument.",
    );
    expectError(
      () => net((_, v) => v.add(x as never)).forward(x),
      ArgumentError,
      "Value.add expects its operands to be values of the network that is being composed, but got a Tensor. Usual cause: a tensor, which only forward takes.",
    );
    expectError(
      () => net((n, v) => n.fc.forward(v as never)).forward(x),
      ArgumentError,
      "Linear.forward expects a Tensor, but got a Value. Usual cause: forward instead of of(value) in compose.",
    );
  });

  test("shapes that do not broadcast", () => {
    expectError(
      () => net((n, v) => v.add(n.fc.of(v).slice(null, [0, 1]).pad([0, 2]))).forward(x),
      ShapeError,
      "Value.add expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [1, 2] and [1, 3], where 2 meets 3. Usual cause: a missing unsqueeze.",
    );
  });

  test("a network composed of itself, and a mode that compose asks for", () => {
    expectError(
      () => net((n, v) => n.of(v as never)).forward(x),
      StateError,
      "Net is composed of itself. Usual cause: this.of(x) in its own compose, or a layer that contains it.",
    );
    expectError(
      () => net((n, v) => (n.training ? n.fc.of(v) : v)).forward(x),
      StateError,
      "Net reads training in compose, which runs once for both modes. Usual cause: a branch for one mode; use a layer that does nothing in the other, such as Dropout.",
    );
  });

  test("a gradient of no output, or of one that there is not", () => {
    const detector = new Detector() as unknown as { forward(x: Tensor): unknown; backward(dy: unknown): Tensor };
    detector.forward(normal([1, 1, 4, 4], 1));
    for (const dy of [{}, { medium: x }, normal([1, 3, 4, 4], 1), undefined]) {
      expect(() => detector.backward(dy)).toThrow(ArgumentError);
    }
    expectError(
      () => detector.backward({ small: x }),
      ShapeError,
      "Detector.backward expects the gradient of its output [1, 3, 4, 4], but got [1, 2]. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.",
    );
    expect(detector.backward({ small: normal([1, 3, 4, 4], 1) }).shape).toEqual([1, 1, 4, 4]);
  });

  test("a failed compose changes nothing: the next one is as if it had not been", () => {
    let fails = true;
    const model = net((n, v) => {
      if (fails) throw new RangeError("not now");
      return n.fc.of(v);
    });
    expect(() => model.forward(x)).toThrow("not now");
    fails = false;
    expect(model.forward(x).shape).toEqual([1, 2]);
    expect(model.training).toBe(true);
  });
});
