/** The memory contract: what lies in the engine's memory, for how long, and that a user never notices. */
import { afterEach, describe, expect, test } from "vitest";
import {
  ArgumentError,
  backendName,
  Conv2d,
  Flatten,
  Layer,
  Linear,
  MaxPool2d,
  manualSeed,
  ReLU,
  Sequential,
  StateError,
  setBackend,
  type Tensor,
} from "../../src/index.js";
import { memory } from "../../src/kernels/wasm/memory.js";
import { LeNet5 } from "../../src/models.js";
import { Adam, CrossEntropyLoss } from "../../src/train.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

afterEach(() => setBackend("wasm"));

/** A small network with everything that a run keeps in the engine's memory. */
const network = () =>
  new Sequential(new Conv2d(1, 4, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(36, 3));

describe("the backend", () => {
  test("is the fastest that the platform runs, and can be chosen", () => {
    expect(backendName()).toMatch(/^wasm-(relaxed-)?simd$/);
    setBackend("reference");
    expect(backendName()).toBe("reference");
    setBackend("wasm", { relaxedSimd: false });
    expect(backendName()).toBe("wasm-simd");
  });

  test("an unknown one is refused, and the chosen one stays", () => {
    setBackend("reference");
    expectError(
      // @ts-expect-error no such backend
      () => setBackend("webgl"),
      ArgumentError,
      'setBackend expects "reference" or "wasm", but got "webgl".',
    );
    expect(backendName()).toBe("reference");
  });

  test("may change between two steps: both agree within 1e-5", () => {
    const losses = (["reference", "wasm"] as const).map((name) => {
      setBackend(name);
      manualSeed(1);
      const model = network();
      const optimizer = new Adam(model.parameters(), { lr: 0.01 });
      const loss = new CrossEntropyLoss();
      return Array.from({ length: 20 }, (_, step) => {
        if (step === 10) setBackend(name === "wasm" ? "reference" : "wasm");
        optimizer.zeroGrad();
        const value = loss.forward(model.forward(normal([8, 1, 8, 8], step)), [0, 1, 2, 0, 1, 2, 0, 1]);
        model.backward(loss.backward());
        optimizer.step();
        return value;
      });
    });
    losses[0]?.forEach((value, step) => {
      expect(Math.abs(value - (losses[1]?.[step] ?? Number.NaN)), `step ${step}`).toBeLessThan(1e-5);
    });
  });
});

describe("results", () => {
  test("of one's own calls are ordinary arrays, each with its own memory", () => {
    const model = network();
    const x = normal([2, 1, 8, 8], 1);
    const a = model.forward(x);
    const kept = a.data.slice();
    const b = model.forward(normal([2, 1, 8, 8], 2));
    const dx = model.backward(b);
    for (const result of [a, b, dx]) {
      expect(result.isResident).toBe(false);
      expect(result.data.buffer).toBeInstanceOf(ArrayBuffer);
    }
    expect(a.data).toEqual(kept);
    expect(new Set([a, b, dx].map(({ data }) => data.buffer)).size).toBe(3);
  });

  test("inside a model stay in the engine's memory; parameters and gradients lie there, too", () => {
    const seen: boolean[] = [];
    class Net extends Layer {
      readonly conv = new Conv2d(1, 2, 3);
      protected compute(x: Tensor): Tensor {
        const y = this.conv.forward(x);
        seen.push(x.isResident, y.isResident);
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.conv.backward(dy);
      }
    }
    const net = new Net();
    net.backward(net.forward(normal([1, 1, 5, 5], 1)));
    expect(seen).toEqual([true, true]);
    for (const { value, grad } of net.parameters()) expect([value.isResident, grad.isResident]).toEqual([true, true]);
    expect(Object.values(net.stateDict()).every((tensor) => !tensor.isResident)).toBe(true);
  });

  test("that a composite keeps past its child's next run are stale: reading them throws, a clone does not", () => {
    const kept: Tensor[] = [];
    class Hoarder extends Layer {
      readonly relu = new ReLU();
      protected compute(x: Tensor): Tensor {
        const y = this.relu.forward(x);
        kept.push(y, y.clone());
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.relu.backward(dy);
      }
    }
    const hoarder = new Hoarder();
    hoarder.forward(normal([2, 2], 1));
    const [stale, clone] = kept as [Tensor, Tensor];
    const before = clone.data.slice();
    expect(stale.toArray()).toEqual(clone.toArray());
    hoarder.forward(normal([2, 2], 2));
    expect(stale.toArray()).toEqual(clone.toArray()); // the first forward still waits for its backward
    hoarder.backward(normal([2, 2], 3));
    for (const seed of [4, 5]) hoarder.forward(normal([2, 2], seed));
    expectError(
      () => stale.data,
      StateError,
      "A tensor was read after its network had gone on, which overwrote it. Usual cause: a layer of your own that keeps an input or a child's output; keep a clone() of it.",
    );
    expect(clone.data).toEqual(before);
  });

  test("of a smaller batch after a larger one are right, and the larger one again", () => {
    const model = network();
    for (const batch of [3, 1, 5, 2]) {
      const x = normal([batch, 1, 8, 8], batch);
      const y = model.forward(x);
      setBackend("reference");
      const expected = model.forward(x);
      setBackend("wasm");
      expect(y.allClose(expected, { rtol: 1e-5, atol: 1e-6 })).toBe(true);
      expect(model.backward(model.forward(x)).shape).toEqual(x.shape);
    }
  });
});

describe("memory", () => {
  test("is flat over 300 training steps", () => {
    const model = new LeNet5();
    const optimizer = new Adam(model.parameters());
    const loss = new CrossEntropyLoss();
    const x = normal([8, 1, 28, 28], 1);
    const step = () => {
      optimizer.zeroGrad();
      loss.forward(model.forward(x), [0, 1, 2, 3, 4, 5, 6, 7]);
      model.backward(loss.backward(), { inputGradient: false });
      optimizer.step();
    };
    for (let i = 0; i < 5; i++) step();
    const after5 = memory().buffer.byteLength;
    for (let i = 0; i < 300; i++) step();
    expect(memory().buffer.byteLength).toBe(after5);
  });

  test("a thousand models dropped in one loop are no problem: each computes what it should", () => {
    const x = normal([1, 1, 28, 28], 1);
    for (let i = 0; i < 1000; i++) {
      manualSeed(1);
      const y = new LeNet5().forward(x);
      if (i % 250 === 0) expect(y.data.every(Number.isFinite)).toBe(true);
    }
  });
});
