/** An error of a network says which of its layers it is about, by the key that `namedModules` gives it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Composite,
  Conv2d,
  graph,
  Layer,
  Linear,
  Parallel,
  Residual,
  Sequential,
  StateError,
  type Tensor,
  type Value,
  zeros,
} from "../../src/index.js";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { summary } from "../../src/train.js";
import { expectError } from "../support/errors.js";

const SHAPE = [2, 3] as const;

type Failure = "checkInput" | "inferShape" | "compute" | "shape" | "backward" | "gradient";

/** Gives its input, and fails in its own way; each class of it has the same name. */
class Step extends Layer {
  override readonly name = "Step";
  failure: Failure | undefined;

  override checkInput(): void {
    if (this.failure === "checkInput") throw new StateError("Step expects another input. Usual cause: a test.");
  }

  protected override inferShape(shape: readonly number[]): number[] {
    if (this.failure === "inferShape") throw new ShapeError("Step expects another shape. Usual cause: a test.");
    return [...shape];
  }

  protected compute(x: Tensor): Tensor {
    if (this.failure === "compute") throw new ArgumentError("Step.forward expects more. Usual cause: a test.");
    return (this.failure === "shape" ? x.slice([0, 1]) : x.clone()) as Tensor;
  }

  protected computeBackward(dy: Tensor): Tensor {
    if (this.failure === "backward") throw new StateError("Step.backward expects more. Usual cause: a test.");
    return (this.failure === "gradient" ? dy.slice([0, 1]) : dy.clone()) as Tensor;
  }
}

const SENTENCES: Record<Failure, (key: string) => string> = {
  checkInput: (key) => `Step${key} expects another input. Usual cause: a test.`,
  inferShape: (key) => `Step${key} expects another shape. Usual cause: a test.`,
  compute: (key) => `Step.forward${key} expects more. Usual cause: a test.`,
  shape: (key) => `Step${key} computed a tensor of shape [1, 3], but its inferShape says [2, 3].`,
  backward: (key) => `Step.backward${key} expects more. Usual cause: a test.`,
  gradient: (key) =>
    `Step.backward${key} expects computeBackward to return the gradient of its input [2, 3], but got [1, 3]. Usual cause: a returned dy, or dimensions that were reduced or swapped.`,
};

class Chain extends Composite {
  readonly blocks: { readonly inner: readonly Layer[] };
  constructor(inner: readonly Layer[]) {
    super();
    this.blocks = { inner };
  }
  compose(x: Value): Value {
    return x.through(...this.blocks.inner) as Value;
  }
}

/** Computes by itself what composites in its fields do. */
class Calling extends Layer {
  readonly body: Layer;
  constructor(layers: readonly Layer[]) {
    super();
    this.body = new Sequential(...layers);
  }
  protected override inferShape(shape: readonly number[]): number[] {
    return this.body.outputShape(shape);
  }
  protected compute(x: Tensor): Tensor {
    return this.body.forward(x);
  }
  protected computeBackward(dy: Tensor): Tensor {
    return this.body.backward(dy);
  }
}

const CONTAINERS: readonly ((layers: readonly Layer[]) => Layer)[] = [
  (layers) => new Sequential(...layers),
  (layers) => new Residual(new Sequential(...layers)),
  (layers) => new Parallel(layers, { merge: "add" }),
  (layers) => new Chain(layers),
  (layers) => graph(["N", "C"], { layers }, (own, x) => x.through(...own.layers) as Value) as unknown as Layer,
  (layers) => new Calling(layers),
];

const container = fc.constantFrom(...CONTAINERS);
const { tree } = fc.letrec<{ tree: Layer; node: Layer }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null).map(() => new Step()),
    tie("node"),
  ),
  node: fc
    .tuple(container, fc.array(tie("tree"), { minLength: 1, maxLength: 3 }))
    .map(([make, layers]) => make(layers)),
}));
const networks = fc
  .tuple(fc.constantFrom(...CONTAINERS.slice(0, -1)), fc.array(tree, { minLength: 1, maxLength: 3 }))
  .map(([make, layers]) => make(layers) as Layer);
const failures = fc.constantFrom(...(Object.keys(SENTENCES) as Failure[]));

describe("any nesting", () => {
  test("the key is the one by which namedModules finds the layer that throws", () => {
    fc.assert(
      fc.property(networks, fc.nat(), failures, (network, n, failure) => {
        const steps = network.namedModules().filter(([, layer]) => layer instanceof Step);
        const [key, step] = steps[n % steps.length]!;
        // A layer that computes by itself asks and checks nothing of what it calls.
        const isAsked = !network.modules().some((layer) => layer instanceof Calling && layer.modules().includes(step));
        fc.pre(isAsked || (failure !== "checkInput" && failure !== "shape"));
        (step as Step).failure = failure;
        const x = zeros(SHAPE);
        const run = () => network.backward(network.forward(x));
        let message = "";
        try {
          run();
        } catch (error) {
          message = (error as Error).message;
          expect((error as Error).stack).toContain(message);
        }
        expect(message).toBe(SENTENCES[failure](` (${key})`));
        if (failure !== "inferShape") return;
        expectError(() => network.outputShape(SHAPE), ShapeError, SENTENCES[failure](` (${key})`));
        expectError(() => summary(network, SHAPE), ShapeError, SENTENCES[failure](` (${key})`));
      }),
    );
  });

  test("an operation has the key of the composite whose compose calls it, or none in the network itself", () => {
    class Adds extends Composite {
      readonly inner = new Conv2d(1, 2, 1);
      compose(x: Value): Value {
        return (this.inner.of(x as never) as Value)
          .sum(1, { keepDims: true })
          .add(x.slice(null, null, [0, 1]) as Value);
      }
    }
    const text = (key: string) =>
      `Value.add${key} expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [2, 1, 3, 3] and [2, 1, 2, 3], where 3 meets 2. Usual cause: a missing unsqueeze.`;
    class Crops extends Composite {
      compose(x: Value): Value {
        return x.add(x.slice(null, null, [0, 2]));
      }
    }
    const x = zeros([2, 1, 3, 3]);
    expect(new Adds().forward(x).shape).toEqual([2, 1, 3, 3]);
    expectError(() => new Crops().forward(x), ShapeError, text(""));
    expectError(() => new Sequential(new Adds(), new Crops()).forward(x), ShapeError, text(" (1)"));
    const branches = new Parallel([new Conv2d(1, 1, 1), new Conv2d(1, 2, 1)] as Layer[], { merge: "add" });
    expectError(
      () => new Sequential(new Adds(), branches).forward(x),
      ShapeError,
      "Parallel (1) expects branches of equal shapes to add, but got [2, 1, 3, 3] and [2, 2, 3, 3]. Usual cause: a branch with other channels or another stride.",
    );
  });

  test("a layer in two fields has its first key, one in no field has none", () => {
    class Makes extends Composite {
      readonly first = new Step();
      readonly second = this.first;
      fails = false;
      compose(x: Value): Value {
        const made = new Step();
        if (this.fails) made.failure = "compute";
        return x.through(this.second, made) as Value;
      }
    }
    const twice = new Makes();
    twice.first.failure = "compute";
    expectError(() => new Sequential(twice).forward(zeros(SHAPE)), ArgumentError, SENTENCES.compute(" (0.first)"));
    const made = new Makes();
    made.fails = true;
    expectError(() => new Sequential(made).forward(zeros(SHAPE)), ArgumentError, SENTENCES.compute(""));
  });

  test("what a layer that computes by itself calls has no key where that is the network", () => {
    const step = new Step();
    step.failure = "compute";
    const calling = new Calling([new Sequential(step)]);
    expectError(() => calling.forward(zeros(SHAPE)), ArgumentError, SENTENCES.compute(""));
    // The same error, one network further out.
    expectError(() => new Sequential(calling).forward(zeros(SHAPE)), ArgumentError, SENTENCES.compute(" (0.body.0.0)"));
  });

  test("two inputs for a layer that takes one", () => {
    const net = graph(
      [
        ["N", 2],
        ["N", 2],
      ],
      { one: new Sequential(new Linear(2, 2)) },
      (own, a, b) => (own.one.layers[0] as unknown as { of(...values: Value[]): Value }).of(a, b),
    );
    expectError(
      () => net.forward(zeros([1, 2]), zeros([1, 2])),
      ArgumentError,
      "Linear (one.0) expects one input, but got 2. Usual cause: an argument too many, or a Layer where a Composite is meant.",
    );
  });

  test("an error that is not the library's stays what it is", () => {
    class Throws extends Layer {
      protected compute(): Tensor {
        throw new RangeError("Throws expects nothing.");
      }
      protected computeBackward(dy: Tensor): Tensor {
        return dy;
      }
    }
    expectError(() => new Sequential(new Throws()).forward(zeros(SHAPE)), RangeError, "Throws expects nothing.");
  });

  test("a layer by itself has no key", () => {
    for (const [failure, sentence] of Object.entries(SENTENCES)) {
      const step = new Step();
      step.failure = failure as Failure;
      expect(() => step.backward(step.forward(zeros(SHAPE)))).toThrow(
        new RegExp(`^${sentence("")}$`.replace(/[[\]]/g, "\\$&")),
      );
    }
  });
});
