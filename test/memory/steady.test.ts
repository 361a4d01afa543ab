/** A training that goes on takes no new places: what the engine's memory holds stays where it is from step to step. */
import { describe, expect, test } from "vitest";
import type { Network } from "../../src/graph/layer.js";
import { ReLU } from "../../src/layers/activations/relu.js";
import { BatchNorm2d } from "../../src/layers/batch-norm.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { Flatten } from "../../src/layers/flatten.js";
import { GlobalAvgPool2d } from "../../src/layers/global-pool2d.js";
import { Linear } from "../../src/layers/linear.js";
import { Residual } from "../../src/layers/residual.js";
import { Sequential } from "../../src/layers/sequential.js";
import { LeNet5 } from "../../src/models/lenet5.js";
import { randn } from "../../src/tensor/create.js";
import { engine } from "../../src/tensor/engine.js";
import { CrossEntropyLoss } from "../../src/train/losses/cross-entropy.js";
import { Adam } from "../../src/train/optimizers/adam.js";
import { backends, onBackend } from "../support/backends.js";

const NETWORKS: Readonly<Record<string, () => Network>> = {
  "LeNet-5": () => new LeNet5(),
  "a residual network": () =>
    new Sequential(
      new Conv2d(1, 24, 3, { padding: 1 }),
      new BatchNorm2d(24),
      new ReLU(),
      new Residual(new Sequential(new Conv2d(24, 24, 3, { padding: 1 }), new BatchNorm2d(24), new ReLU())),
      new GlobalAvgPool2d(),
      new Flatten(),
      new Linear(24, 10),
    ),
};

/** Every place of the memory that can be moved. */
function places(): readonly (readonly [span: object, at: number])[] {
  const { queue } = engine().memory as { readonly queue: ReadonlySet<{ readonly at: number }> };
  return [...queue].map((span) => [span, span.at] as const).sort(([, a], [, b]) => a - b);
}

describe.skipIf(!backends.includes("wasm, plain SIMD"))("a step like the one before moves nothing", () => {
  test.each(Object.entries(NETWORKS))("%s, also after an inference", (_, make) => {
    onBackend("wasm, plain SIMD", () => {
      const model = make();
      const optimizer = new Adam(model.parameters());
      const loss = new CrossEntropyLoss();
      const x = randn([64, 1, 28, 28]);
      const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
      const step = () => {
        optimizer.zeroGrad();
        loss.forward(model.forward(x), labels);
        model.backward(loss.backward(), { inputGradient: false });
        optimizer.step();
      };
      for (const before of [() => {}, () => model.eval().forward(x) && model.train()]) {
        before();
        // Weights and the optimizer's averages move in by and by.
        for (let i = 0; i < 12; i++) step();
        const steady = places();
        for (let i = 0; i < 3; i++) {
          step();
          const now = places();
          expect(now.length).toBe(steady.length);
          now.forEach(([span, at], k) => {
            expect(span).toBe(steady[k]?.[0]);
            expect(at).toBe(steady[k]?.[1]);
          });
        }
      }
    });
  });
});
