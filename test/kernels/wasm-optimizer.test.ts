/** The wasm optimizer steps against the reference: one step from any state, and a hundred from the start. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OptimizerKernels } from "../../src/kernels/optimizer.js";
import { referenceOptimizer } from "../../src/kernels/reference/optimizer.js";
import { wasmOptimizer } from "../../src/kernels/wasm/optimizer.js";
import { Random } from "../../src/tensor/random.js";
import { expectNear, inMemory } from "../support/kernels.js";
import { distance } from "../support/wasm.js";

type Call = (
  kernels: OptimizerKernels,
  step: number,
  p: Float32Array,
  g: Float32Array,
  ...state: Float32Array[]
) => void;

interface Case {
  readonly states: number;
  readonly call: Call;
}

const plain = { lr: 0.05, weightDecay: 0, maximize: false };
const decaying = { ...plain, weightDecay: 0.1 };
const momentum = { momentum: 0.9, dampening: 0.2, nesterov: false };
const betas = { beta1: 0.9, beta2: 0.99, eps: 1e-4, decoupled: false };
const corrected = (step: number) => ({ correction1: 1 - 0.9 ** step, correction2: 1 - 0.99 ** step });

function adam(settings: object, amsgrad = false): Case {
  const states = amsgrad ? 3 : 2;
  return {
    states,
    call: (k, step, p, g, m, v, highest) =>
      k.adam({ ...plain, ...betas, ...settings, ...corrected(step) }, p, g, m!, v!, highest),
  };
}
function sgd(settings: object): Case {
  return { states: 1, call: (k, step, p, g, b) => k.sgd({ ...plain, ...momentum, ...settings }, p, g, b, step === 1) };
}
function radam(rectification: number, settings = {}): Case {
  return {
    states: 2,
    call: (k, step, p, g, m, v) =>
      k.radam({ ...plain, ...betas, ...corrected(step), ...settings, rectification }, p, g, m!, v!),
  };
}
const rms = { alpha: 0.9, eps: 1e-4, momentum: 0.8 };

const CASES: Record<string, Case> = {
  SGD: { states: 0, call: (k, _, p, g) => k.sgd({ ...plain, ...momentum }, p, g, undefined, true) },
  "SGD with decay, ascending": {
    states: 0,
    call: (k, _, p, g) => k.sgd({ ...decaying, ...momentum, maximize: true }, p, g, undefined, true),
  },
  "SGD with momentum": sgd({}),
  "SGD with Nesterov's momentum and decay": sgd({ nesterov: true, dampening: 0, weightDecay: 0.1 }),
  Adam: adam({}),
  "Adam with decay": adam({ weightDecay: 0.1 }),
  AdamW: adam({ weightDecay: 0.1, decoupled: true }),
  AMSGrad: adam({ maximize: true }, true),
  Adamax: {
    states: 2,
    call: (k, step, p, g, m, u) => k.adamax({ ...decaying, ...betas, ...corrected(step) }, p, g, m!, u!),
  },
  RAdam: radam(0.7, { weightDecay: 0.1, decoupled: true }),
  "RAdam before its variance can be trusted": radam(0),
  RMSprop: { states: 1, call: (k, _, p, g, v) => k.rmsprop({ ...decaying, ...rms }, p, g, v!, undefined, undefined) },
  "RMSprop with momentum": {
    states: 2,
    call: (k, _, p, g, v, b) => k.rmsprop({ ...plain, ...rms }, p, g, v!, undefined, b),
  },
  "centered RMSprop": {
    states: 2,
    call: (k, _, p, g, v, a) => k.rmsprop({ ...plain, ...rms }, p, g, v!, a!.fill(0), undefined),
  },
  Adagrad: { states: 1, call: (k, _, p, g, sum) => k.adagrad({ ...decaying, eps: 1e-6 }, p, g, sum!) },
  Adadelta: {
    states: 2,
    call: (k, _, p, g, v, d) => k.adadelta({ ...plain, lr: 1, rho: 0.9, eps: 1e-3 }, p, g, v!, d!),
  },
  Rprop: {
    states: 2,
    call: (k, _, p, g, previous, size) => {
      const settings = { maximize: false, etaMinus: 0.5, etaPlus: 1.2, smallest: 1e-6, largest: 50 };
      k.rprop(settings, p, g, previous!, size!);
    },
  },
};

describe.each(Object.entries(CASES))("%s", (_, { states, call }) => {
  test("takes a step within 1e-6 of the reference from any state", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 9 }), fc.integer(), (n, step, seed) => {
        const random = new Random(seed >>> 0);
        const [p, g] = [0, 0].map(() => Float32Array.from({ length: n }, () => random.normal())) as [
          Float32Array,
          Float32Array,
        ];
        const state = Array.from({ length: states }, () =>
          Float32Array.from({ length: n }, () => random.uniform(0.1, 2)),
        );
        const got = inMemory([p, g, ...state], (...copies) => {
          call(wasmOptimizer, step, ...(copies as [Float32Array, Float32Array]));
        });
        const gradient = g.slice();
        call(referenceOptimizer, step, p, g, ...state);
        // Numbers of size 1 are added up and divided by numbers of at least 0.1.
        for (const [i, want] of [p, g, ...state].entries()) expectNear(got[i]!, want, 1e-6, () => 1e-6);
        expect([...g]).toEqual([...gradient]);
      }),
    );
  });

  test("ends within 1e-5 of the reference after a hundred noisy steps downhill", () => {
    const n = 103;
    const random = new Random(7);
    const [start, goal] = [0, 0].map(() => Float32Array.from({ length: n }, () => random.normal())) as [
      Float32Array,
      Float32Array,
    ];
    const run = (kernels: OptimizerKernels, p: Float32Array, g: Float32Array, ...state: Float32Array[]) => {
      // Noisy, as of batches: at the very bottom, where g / √v is rounding over rounding, two runs part ways.
      const noise = new Random(8);
      for (let step = 1; step <= 100; step++) {
        for (let i = 0; i < n; i++) g[i] = 0.1 * (p[i]! - goal[i]!) * (1 + (i % 5)) + noise.normal();
        call(kernels, step, p, g, ...state);
      }
    };
    const state = Array.from({ length: states }, () => new Float32Array(n));
    const [got] = inMemory([start, goal, ...state], (...copies) =>
      run(wasmOptimizer, ...(copies as [Float32Array, Float32Array])),
    );
    run(referenceOptimizer, start, new Float32Array(n), ...state);
    expect(distance(got!, start)).toBeLessThan(1e-5);
  });
});

test("a parameter that is infinite stays so without decay, and one without a gradient stays as it is", () => {
  const g = Float32Array.of(0, 0, 1, NaN);
  const p = Float32Array.of(Infinity, -0, 2, 3);
  const [got] = inMemory([p, g], (a, b) => wasmOptimizer.sgd({ ...plain, ...momentum }, a, b, undefined, true));
  referenceOptimizer.sgd({ ...plain, ...momentum }, p, g, undefined, true);
  expectNear(got, p, 1e-6);
});

test("the first step with momentum does not read what momentum held", () => {
  const [p, , b] = inMemory([Float32Array.of(1), Float32Array.of(2), Float32Array.of(NaN)], (...arrays) =>
    wasmOptimizer.sgd({ ...plain, ...momentum }, ...arrays, true),
  );
  expect([p[0], b[0]]).toEqual([Math.fround(0.9), 2]);
});
