/** An error of a network says which of its layers it is about, by the key that `namedModules` gives it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Composite,
  graph,
  Layer,
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
