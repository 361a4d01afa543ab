/**
 * Optimizer steps in single precision; their formulas are in the interface.
 *
 * From the reference: Rprop, and RMSprop when it is centered, whose v − a² cancels where gradients are steady.
 */
import { arrayOf, type Operand } from "../../tensor/storage.js";
import { onArrays } from "../operands.js";
import type { OptimizerKernels } from "../optimizer.js";
import { referenceOptimizer } from "../reference/optimizer.js";
import { abs, add, div, gt, max, mul, sqrt, sub } from "./assembler/f32x4.js";
import { keep, type Vector, where } from "./elementwise/math.js";
import { type Cursor, rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";

interface Descent {
  readonly maximize: boolean;
  readonly weightDecay: number;
  readonly lr: number;
  readonly decoupled?: boolean;
}

/**
 * p ← p − what `move` returns, from d = ±g + weightDecay·p or, where the decay is decoupled, d = ±g and p ← p·(1 −
 * lr·weightDecay) first. Without any decay p is left out of d, for an infinite p must not meet a factor of 0.
 */
function descent<A extends string, N extends string>(
  arrays: readonly A[],
  numbers: readonly N[],
  move: (d: Vector, arrays: Readonly<Record<A, Cursor>>, numbers: Readonly<Record<N, Vector>>) => Vector,
) {
  const [plain, decaying] = [false, true].map((decays) =>
    rowKernel({ arrays: ["p", "g", ...arrays], numbers: ["sign", "decay", "left", ...numbers] }, (all, n) => {
      const p = keep(all.p.get());
      const g = mul(all.g.get(), n.sign);
      const d = keep(decays ? add(g, mul(p, n.decay)) : g);
      const moved = keep(move(d, all, n));
      all.p.set(sub(mul(p, n.left), moved));
    }),
  ) as [ReturnType<typeof rowKernel>, ReturnType<typeof rowKernel>];
  return (
    { maximize, weightDecay, lr, decoupled }: Descent,
    values: readonly Operand[],
    ...settings: readonly number[]
  ): void => {
    const decay = decoupled ? 0 : weightDecay;
    const left = decoupled ? 1 - lr * weightDecay : 1;
    run(decay === 0 ? plain : decaying, values, maximize ? -1 : 1, decay, left, ...settings);
  };
}

/** state ← β·state + (1 − β)·value */
function average(state: Cursor, beta: Vector, rest: Vector, value: Vector): Vector {
  const next = keep(add(mul(state.get(), beta), mul(value, rest)));
  state.set(next);
  return next;
}

/** The same of d², in the order that overflows last. */
function averageSquare(state: Cursor, beta: Vector, rest: Vector, d: Vector): Vector {
  const next = keep(add(mul(state.get(), beta), mul(mul(d, rest), d)));
  state.set(next);
  return next;
}

const sgd = /* @__PURE__ */ descent([], ["lr"], (d, _, { lr }) => mul(d, lr));
const sgdKernel = (nesterov: boolean) =>
  descent(["b"], ["lr", "momentum", "rest"], (d, { b }, { lr, momentum, rest }) => {
    const velocity = average(b, momentum, rest, d);
    return mul(nesterov ? add(d, mul(velocity, momentum)) : velocity, lr);
  });
const momentumSgd = /* @__PURE__ */ sgdKernel(false);
const nesterovSgd = /* @__PURE__ */ sgdKernel(true);

const adamKernel = (keepsHighest: boolean) =>
  descent(
    keepsHighest ? (["m", "v", "highest"] as const) : (["m", "v"] as const),
    ["step", "beta1", "rest1", "beta2", "rest2", "root", "eps"],
    (d, all, n) => {
      const mean = average(all.m, n.beta1, n.rest1, d);
      let variance = averageSquare(all.v, n.beta2, n.rest2, d);
      if ("highest" in all) {
        variance = keep(max(all.highest.get(), variance));
        all.highest.set(variance);
      }
      return div(mul(mean, n.step), add(mul(sqrt(variance), n.root), n.eps));
    },
  );
const adam = /* @__PURE__ */ adamKernel(false);
const amsgrad = /* @__PURE__ */ adamKernel(true);

const adamax = /* @__PURE__ */ descent(["m", "u"], ["step", "beta1", "rest1", "beta2", "eps"], (d, { m, u }, n) => {
  const mean = average(m, n.beta1, n.rest1, d);
  const norm = keep(max(mul(u.get(), n.beta2), add(abs(d), n.eps)));
  u.set(norm);
  return div(mul(mean, n.step), norm);
});

const radam = /* @__PURE__ */ descent(
  ["m", "v"],
  ["step", "beta1", "rest1", "beta2", "rest2", "adaptive", "eps"],
  (d, { m, v }, n) => {
    const mean = mul(average(m, n.beta1, n.rest1, d), n.step);
    const variance = averageSquare(v, n.beta2, n.rest2, d);
    return mul(mean, where(gt(n.adaptive, 0), div(n.adaptive, add(sqrt(variance), n.eps)), 1));
  },
);

const RMSPROP = ["lr", "alpha", "rest", "eps", "momentum"] as const;
const rmspropKernel = (hasMomentum: boolean) =>
  descent(hasMomentum ? (["v", "b"] as const) : (["v"] as const), RMSPROP, (d, all, n) => {
    const variance = averageSquare(all.v, n.alpha, n.rest, d);
    const scaled = div(d, add(sqrt(variance), n.eps));
    if (!("b" in all)) return mul(scaled, n.lr);
    const velocity = keep(add(scaled, mul(all.b.get(), n.momentum)));
    all.b.set(velocity);
    return mul(velocity, n.lr);
  });
const rmsprop = /* @__PURE__ */ rmspropKernel(false);
const momentumRmsprop = /* @__PURE__ */ rmspropKernel(true);

const adagrad = /* @__PURE__ */ descent(["sum"], ["lr", "eps"], (d, { sum }, { lr, eps }) => {
  const total = keep(add(sum.get(), mul(d, d)));
  sum.set(total);
  return div(mul(d, lr), add(sqrt(total), eps));
});

const adadelta = /* @__PURE__ */ descent(["v", "deltas"], ["lr", "rho", "rest", "eps"], (d, { v, deltas }, n) => {
  const variance = averageSquare(v, n.rho, n.rest, d);
  const delta = keep(div(mul(d, sqrt(add(deltas.get(), n.eps))), sqrt(add(variance, n.eps))));
  averageSquare(deltas, n.rho, n.rest, delta);
  return mul(delta, n.lr);
});

export const wasmOptimizer: OptimizerKernels = {
  sgd(s, p, g, b, first) {
    if (!b) return sgd(s, [p, g], s.lr);
    if (first) arrayOf(b).fill(0);
    const kernel = s.nesterov ? nesterovSgd : momentumSgd;
    // On the first step b is d, which the step then sees with momentum as always.
    return kernel(s, [p, g, b], s.lr, s.momentum, first ? 1 : 1 - s.dampening);
  },

  adam(s, p, g, m, v, highest) {
    const numbers = [
      s.lr / s.correction1,
      s.beta1,
      1 - s.beta1,
      s.beta2,
      1 - s.beta2,
      1 / Math.sqrt(s.correction2),
      s.eps,
    ];
    if (highest) amsgrad(s, [p, g, m, v, highest], ...numbers);
    else adam(s, [p, g, m, v], ...numbers);
  },

  adamax(s, p, g, m, u) {
    adamax({ ...s, decoupled: false }, [p, g, m, u], s.lr / s.correction1, s.beta1, 1 - s.beta1, s.beta2, s.eps);
  },

  radam(s, p, g, m, v) {
    const adaptive = s.rectification * Math.sqrt(s.correction2);
    const moments = [s.lr / s.correction1, s.beta1, 1 - s.beta1, s.beta2, 1 - s.beta2];
    radam(s, [p, g, m, v], ...moments, adaptive, s.eps);
  },

  rmsprop(s, p, g, v, a, b) {
    if (a) return onArrays(referenceOptimizer.rmsprop, s, p, g, v, a, b);
    const numbers = [s.lr, s.alpha, 1 - s.alpha, s.eps, s.momentum];
    return b ? momentumRmsprop(s, [p, g, v, b], ...numbers) : rmsprop(s, [p, g, v], ...numbers);
  },

  adagrad(s, p, g, sum) {
    adagrad(s, [p, g, sum], s.lr, s.eps);
  },

  adadelta(s, p, g, v, deltas) {
    adadelta(s, [p, g, v, deltas], s.lr, s.rho, 1 - s.rho, s.eps);
  },

  rprop: (...args) => onArrays(referenceOptimizer.rprop, ...args),
};
