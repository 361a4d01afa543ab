/** The wasm activations against the reference: any length, so that tails of 1 to 3 are drawn, and special values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { relu } from "../../src/ops/relu.js";
import { ACTIVATIONS } from "../support/activations.js";
import { expectNear, expectSame, inMemory, SPECIAL, spread } from "../support/kernels.js";

type ActivationName = keyof typeof ACTIVATIONS;

interface Case {
  /** Relative error of each direction, 0 for the same bits. */
  readonly forward: number;
  readonly backward: number;
  /** Error of f′ that comes from a zero of f′, where a relative error says nothing. */
  readonly crossing?: number;
}

/** 1e-6, but for an exponent that is a cubic, and for the difference x − tanh x. */
const CASES: Record<ActivationName, Case> = {
  relu: { forward: 0, backward: 0 },
  leakyRelu: {
    forward: 0,
    backward: 0,
  },
  elu: {
    forward: 1e-6,
    backward: 1e-6,
  },
  hardtanh: {
    forward: 0,
    backward: 0,
  },
  hardsigmoid: { forward: 1e-6, backward: 0 },
  hardswish: { forward: 1e-6, backward: 1e-6, crossing: 2e-7 },
  hardshrink: {
    forward: 0,
    backward: 0,
  },
  softshrink: {
    forward: 0,
    backward: 0,
  },
  sigmoid: { forward: 1e-6, backward: 1e-6 },
  tanh: { forward: 1e-6, backward: 1e-6 },
  gelu: { forward: 1e-6, backward: 1e-6, crossing: 2e-7 },
  geluTanh: { forward: 8e-6, backward: 1e-6, crossing: 4e-7 },
  silu: { forward: 1e-6, backward: 1e-6, crossing: 2e-7 },
  softplus: {
    forward: 1e-6,
    backward: 1e-6,
  },
  mish: { forward: 1e-6, backward: 1e-6, crossing: 2e-7 },
  softsign: { forward: 1e-6, backward: 1e-6 },
  tanhshrink: { forward: 3e-6, backward: 1e-6 },
  logSigmoid: { forward: 1e-6, backward: 1e-6 },
  abs: { forward: 0, backward: 0 },
  sqrt: { forward: 0, backward: 0 },
  exp: { forward: 1e-6, backward: 0 },
  log: { forward: 1e-6, backward: 0 },
  clip: { forward: 0, backward: 0 },
};

/** What the reference itself leaves out where its double precision cancels, and float32 where it is denormal. */
const LEFT_OUT = 1e-15;
const DENORMAL = 2e-37;

const length = fc.integer({ min: 0, max: 70 });

describe.each(Object.entries(CASES) as [ActivationName, Case][])("%s", (name, c) => {
  const { f, numbers: tried } = ACTIVATIONS[name];
  const { reference, readsOutput } = f;
  const { forward, backward } = f.wasm();
  const numbers = fc.constantFrom(...tried);
  const draw = (size: number, seed: number) => spread(size, seed, SPECIAL);

  test(`forward is ${c.forward === 0 ? "the reference's, bit by bit" : `within ${c.forward} of the reference`}`, () => {
    fc.assert(
      fc.property(length, numbers, fc.integer(), (size, own, seed) => {
        const x = draw(size, seed);
        const want = new Float32Array(size);
        reference.forward(x, want, own);
        const [, got] = inMemory([x, new Float32Array(size)], (input, y) => forward(input, y, own));
        const told = (i: number) => `f(${x[i]}) for ${JSON.stringify(own)}`;
        if (c.forward === 0) expectSame(got, want, told);
        else expectNear(got, want, c.forward, (i) => LEFT_OUT * Math.abs(x[i]!) + DENORMAL, told);
      }),
    );
  });

  test(`backward is ${c.backward === 0 ? "the reference's, bit by bit" : `within ${c.backward} of the reference`}`, () => {
    fc.assert(
      fc.property(length, numbers, fc.integer(), (size, own, seed) => {
        const x = draw(size, seed);
        const kept = x.slice();
        if (readsOutput) reference.forward(x, kept, own);
        const dy = spread(size, seed + 1);
        const want = new Float32Array(size);
        reference.backward(kept, dy, want, own);
        const [, , got] = inMemory([kept, dy, new Float32Array(size)], (k, d, dx) => backward(k, d, dx, own));
        const told = (i: number) => `${dy[i]} · f′(${x[i]}) for ${JSON.stringify(own)}`;
        const absolute = (i: number) => (LEFT_OUT + (c.crossing ?? 0)) * Math.abs(dy[i]!) + DENORMAL;
        if (c.backward === 0) expectSame(got, want, told);
        else expectNear(got, want, c.backward, absolute, told);
      }),
    );
  });
});

test("arrays outside the engine's memory are copied in and out", () => {
  const x = Float32Array.of(-1, 2, -3, 4, 5);
  const y = new Float32Array(5);
  inMemory([], () => relu.wasm().forward(x, y, {}));
  expect([...y]).toEqual([0, 2, 0, 4, 5]);
});

test("forward may overwrite its input", () => {
  const [x] = inMemory([Float32Array.of(-1, 2, -3, 4, 5)], (array) => relu.wasm().forward(array, array, {}));
  expect([...x]).toEqual([0, 2, 0, 4, 5]);
});
