/**
 * Activations, four elements at a time. What each computes, and its derivative at the kinks, is in ../activation.ts; where
 * its formula cancels in float32, another one stands here, and why.
 */
import type { ActivationKernel } from "../interface/activation.js";
import { abs, add, div, ge, gt, le, lt, mul, neg, pmax, pmin, sub } from "./assembler/f32x4.js";
import * as v128 from "./assembler/v128.js";
import * as maths from "./elementwise/maths.js";
import { keep, SIGN, type Vector, where } from "./elementwise/maths.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";
import { place } from "./memory.js";

/** √(2/π) */
const GELU_BETA = 0.7978845608028654;
const GELU_KAPPA = 0.044715;

type Forward = (x: Vector, p: Vector, q: Vector) => Vector;
/** dy · f′, from x, or y where the interface says so. */
type Backward = (kept: Vector, dy: Vector, p: Vector, q: Vector) => Vector;

function kernels(forward: Forward, backward: Backward): ActivationKernel {
  const numbers = ["p", "q"] as const;
  const forwards = rowKernel({ arrays: ["x", "y"], numbers }, ({ x, y }, { p, q }) =>
    y.set(forward(keep(x.get()), p, q)),
  );
  const backwards = rowKernel({ arrays: ["kept", "dy", "dx"], numbers }, ({ kept, dy, dx }, { p, q }) =>
    dx.set(backward(keep(kept.get()), keep(dy.get()), p, q)),
  );
  return {
    forward: (x, y, p, q) => run(forwards, [x, y], p, q),
    backward: (kept, dy, dx, p, q) => run(backwards, [kept, dy, dx], p, q),
  };
}

export const relu: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => pmax(x, 0),
  (y, dy) => v128.andnot(dy, le(y, 0)),
);

export const leakyRelu: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p) => mul(x, where(gt(x, 0), 1, p)),
  (x, dy, p) => mul(dy, where(gt(x, 0), 1, p)),
);

export const elu: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p, q) => mul(where(gt(x, 0), x, mul(maths.expm1(x), p)), q),
  (x, dy, p, q) => mul(mul(dy, q), where(gt(x, 0), 1, mul(maths.exp(x), p))),
);

export const hardtanh: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p, q) => clamp(x, p, q),
  (x, dy, p, q) => inside(x, p, q, dy),
);

export const hardsigmoid: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => div(clamp(add(x, 3), 0, 6), 6),
  (x, dy) => inside(x, -3, 3, div(dy, 6)),
);

const hardswishForward = /* @__PURE__ */ rowKernel({ arrays: ["x", "y"] }, ({ x, y }) => {
  const value = keep(x.get());
  y.set(div(mul(value, clamp(add(value, 3), 0, 6)), 6));
});

const hardswishBackward = /* @__PURE__ */ rowKernel(
  { arrays: ["x", "dy", "dx"], numbers: ["p"] },
  ({ x, dy, dx }, { p }) => {
    const [value, d] = [keep(x.get()), keep(dy.get())];
    dx.set(where(ge(value, p), d, v128.andnot(mul(d, add(div(value, 3), 0.5)), lt(value, -3))));
  },
);

export const hardswish: ActivationKernel = {
  forward: (x, y) => run(hardswishForward, [x, y]),
  /** f′(3) is 1 in whole vectors of 16 and 3/2 behind them, see the reference: the straight piece starts after 3 there. */
  backward(x, dy, dx) {
    const whole = dx.length - (dx.length % 16);
    const places = place(x, dy, dx);
    hardswishBackward()(1, 0, whole, ...places, 3);
    hardswishBackward()(1, 0, dx.length - whole, ...places.map((at) => at + 4 * whole), 3 + 2 ** -22);
  },
};

export const hardshrink: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p) => v128.andnot(x, le(abs(x), p)),
  shrinkBackward,
);
export const softshrink: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p) => where(gt(x, p), sub(x, p), v128.and(add(x, p), lt(x, neg(p)))),
  shrinkBackward,
);

export const sigmoid: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => maths.sigmoid(x).value,
  (y, dy) => mul(mul(dy, sub(1, y)), y),
);

/** 1 − y² as (1 − y)(1 + y), whose first factor is exact near y = 1. */
export const tanh: ActivationKernel = /* @__PURE__ */ kernels(maths.tanh, (y, dy) =>
  mul(dy, mul(sub(1, y), add(y, 1))),
);

export const gelu: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => mul(x, maths.normal(x).cdf),
  (x, dy) => {
    const { cdf, density } = maths.normal(x);
    return mul(dy, add(cdf, mul(x, density)));
  },
);

/** With ½ (1 + tanh u) = σ(2u), which cancels nowhere. */
export const geluTanh: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => mul(x, maths.sigmoid(twiceInner(x, keep(mul(x, x)))).value),
  (x, dy) => {
    const square = keep(mul(x, x)); // overflows, as in torch: NaN from |x| = 2·10¹⁹ on
    const { value, slope } = maths.sigmoid(twiceInner(x, square));
    const inner = mul(add(mul(square, 3 * GELU_KAPPA), 1), 2 * GELU_BETA);
    return mul(dy, add(value, mul(mul(x, slope), inner)));
  },
);

export const silu: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => mul(x, maths.sigmoid(x).value),
  (x, dy) => {
    const { value, slope } = maths.sigmoid(x);
    return mul(dy, add(value, mul(x, slope)));
  },
);

export const softplus: ActivationKernel = /* @__PURE__ */ kernels(
  (x, p, q) => {
    const z = keep(mul(x, p));
    return where(gt(z, q), x, div(logOnePlusExp(z), p));
  },
  (x, dy, p, q) => {
    const z = keep(mul(x, p));
    return mul(dy, where(gt(z, q), 1, maths.sigmoid(z).value));
  },
);

/**
 * maths.tanh(softplus(x)) = n/d with u = e^−|x|: n = 1 + 2u, d = n + 2u² for x > 0, else n = u² + 2u, d = n + 2.
 * Then σ(x)·(1 − (n/d)²) = 4u²(1 + u)/d² for x > 0, else 4u(1 + u)/d².
 */
export const mish: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => {
    const { n, d } = mishParts(x);
    return mul(x, div(n, d));
  },
  (x, dy) => {
    const { positive, u, square, n, d } = mishParts(x);
    const slope = div(mul(mul(where(positive, square, u), 4), add(u, 1)), mul(d, d));
    return mul(dy, add(div(n, d), mul(x, slope)));
  },
);

export const softsign: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => div(x, add(abs(x), 1)),
  (x, dy) => {
    const size = keep(abs(x));
    const inverse = keep(div(1, add(size, 1)));
    return mul(dy, add(mul(inverse, inverse), sub(size, size))); // NaN at ±∞, as f is there
  },
);

export const tanhshrink: ActivationKernel = /* @__PURE__ */ kernels(maths.tanhshrink, (x, dy) => {
  const t = keep(maths.tanh(x));
  return mul(mul(dy, t), t);
});

export const logSigmoid: ActivationKernel = /* @__PURE__ */ kernels(
  (x) => neg(logOnePlusExp(keep(neg(x)))),
  (x, dy) => mul(dy, maths.sigmoid(neg(x)).value),
);

function shrinkBackward(x: Vector, dy: Vector, p: Vector): Vector {
  return v128.and(dy, gt(abs(x), p));
}

/** NaN stays NaN. */
function clamp(x: Vector, low: Vector | number, high: Vector | number): Vector {
  return pmax(pmin(x, high), low);
}

/** `value` where low < x < high, else 0. */
function inside(x: Vector, low: Vector | number, high: Vector | number, value: Vector): Vector {
  return v128.and(value, v128.and(gt(x, low), lt(x, high)));
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|) */
function logOnePlusExp(x: Vector): Vector {
  return add(pmax(x, 0), maths.log1p(maths.exp(v128.or(x, SIGN))));
}

/** 2·√(2/π)·(x + 0.044715·x³) */
function twiceInner(x: Vector, square: Vector): Vector {
  return mul(add(x, mul(mul(x, square), GELU_KAPPA)), 2 * GELU_BETA);
}

function mishParts(x: Vector) {
  const positive = keep(gt(x, 0));
  const u = keep(maths.exp(v128.or(x, SIGN)));
  const square = keep(mul(u, u));
  const twice = add(u, u);
  const n = keep(add(twice, where(positive, 1, square)));
  const d = keep(add(n, where(positive, add(square, square), 2)));
  return { positive, u, square, n, d };
}
