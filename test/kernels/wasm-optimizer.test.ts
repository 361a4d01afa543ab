/** The wasm optimizer steps against the reference: one step from any state, and a hundred from the start. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Parameter, Random, Tensor, tensor } from "../../src/index.js";
import { type SavedParameter, SGD } from "../../src/train.js";
import { backends, onBackend } from "../support/backends.js";
import { expectNear } from "../support/kernels.js";
import { normal } from "../support/layers.js";
import { type MakeOptimizer, OPTIMIZERS } from "../support/optimizers.js";
import { distance } from "../support/wasm.js";

/** Two options that change every kernel. */
const variants: readonly object[] = [{}, { maximize: true }];

/** Everything that a step changes, and the gradient, after one step from this state. */
function stepped(make: MakeOptimizer, start: Tensor, gradient: Tensor, state: SavedParameter) {
  const p = new Parameter("p", start.clone());
  const optimizer = make([p]);
  optimizer.loadStateDict({ ...optimizer.stateDict(), state: { 0: state } });
  p.grad.data.set(gradient.data);
  optimizer.step();
  return { p: p.value, g: p.grad, ...tensorsIn(optimizer.stateDict().state[0]!) };
}

const tensorsIn = (state: SavedParameter) =>
  Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) => (value instanceof Tensor ? [[name, value]] : [])),
  );

/** What an optimizer remembers of one number after a step. */
function remembered(make: MakeOptimizer): SavedParameter {
  const p = new Parameter("p", tensor([1]));
  p.grad.data.fill(1);
  const optimizer = make([p]);
  optimizer.step();
  return optimizer.stateDict().state[0]!;
}

describe.each(backends.filter((name) => name !== "reference"))("%s", (backend) => {
  describe.each(OPTIMIZERS)("%s", (_, plain) => {
    test.each(variants)("takes a step within 1e-6 of the reference from any state: %o", (options) => {
      const make: MakeOptimizer = (parameters) => plain(parameters, options);
      const state = remembered(make);
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), fc.integer(), (n, step, seed) => {
          const random = new Random(seed >>> 0);
          const uniform = () => tensor(Float32Array.from({ length: n }, () => random.uniform(0.1, 2)));
          const any = Object.fromEntries(Object.keys(tensorsIn(state)).map((name) => [name, uniform()]));
          const [start, gradient] = [normal([n], seed), normal([n], seed + 1)];
          const run = () => stepped(make, start, gradient, { ...state, ...any, step });
          const [got, want] = [onBackend(backend, run), onBackend("reference", run)] as const;
          // Numbers of size 1 are added up and divided by numbers of at least 0.1.
          for (const [name, { data }] of Object.entries(want)) {
            expectNear(got[name as "p"].data, data, 1e-6, () => 1e-6);
          }
          expect([...got.g.data]).toEqual([...gradient.data]);
        }),
      );
    });

    test("ends within 1e-5 of the reference after a hundred noisy steps downhill", () => {
      const n = 103;
      const [start, goal] = [normal([n], 7), normal([n], 8)];
      const run = () => {
        // Noisy, as of batches: at the very bottom, where g / √v is rounding over rounding, two runs part ways.
        const noise = new Random(8);
        const p = new Parameter("p", start.clone());
        const optimizer = plain([p]);
        for (let step = 1; step <= 100; step++) {
          for (let i = 0; i < n; i++) {
            p.grad.data[i] = 0.1 * (p.value.data[i]! - goal.data[i]!) * (1 + (i % 5)) + noise.normal();
          }
          optimizer.step();
        }
        return p.value.data;
      };
      expect(distance(onBackend(backend, run), onBackend("reference", run))).toBeLessThan(1e-5);
    });
  });

  test("a parameter that is infinite stays so without decay, and one without a gradient stays as it is", () => {
    const run = () => {
      const p = new Parameter("p", tensor([Infinity, -0, 2, 3]));
      p.grad.data.set([0, 0, 1, Number.NaN]);
      new SGD([p], { lr: 0.05 }).step();
      return p.value.data;
    };
    expectNear(onBackend(backend, run), onBackend("reference", run), 1e-6);
  });
});
