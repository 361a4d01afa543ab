/**
 * Activations, four elements at a time. What each computes, and its derivative at the kinks, is in the interface; where
 * its formula cancels in float32, another one stands here, and why.
 */
import type { ActivationKernel, ActivationKernels } from "../interface/activation.js";
import { f32x4, v128 } from "./assembler/instructions.js";
import {
  exp,
  expm1,
  keep,
  log1p,
  normal,
  SIGN,
  sigmoid,
  tanh,
  tanhshrink,
  type Vector,
  where,
} from "./elementwise/maths.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";

const { abs, add, div, ge, gt, le, lt, mul, neg, pmax, pmin, sub } = f32x4;

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

const hardswish = kernels(
  (x) => div(mul(x, clamp(add(x, 3), 0, 6)), 6),
  (x, dy, p) => where(ge(x, p), dy, v128.andnot(mul(dy, add(div(x, 3), 0.5)), lt(x, -3))),
);

export const wasmActivation: ActivationKernels = {
  relu: kernels(
    (x) => pmax(x, 0),
    (y, dy) => v128.andnot(dy, le(y, 0)),
  ),

  leakyRelu: kernels(
    (x, p) => mul(x, where(gt(x, 0), 1, p)),
    (x, dy, p) => mul(dy, where(gt(x, 0), 1, p)),
  ),

  elu: kernels(
    (x, p, q) => mul(where(gt(x, 0), x, mul(expm1(x), p)), q),
    (x, dy, p, q) => mul(mul(dy, q), where(gt(x, 0), 1, mul(exp(x), p))),
  ),

  hardtanh: kernels(
    (x, p, q) => clamp(x, p, q),
    (x, dy, p, q) => inside(x, p, q, dy),
  ),

  hardsigmoid: kernels(
    (x) => div(clamp(add(x, 3), 0, 6), 6),
    (x, dy) => inside(x, -3, 3, div(dy, 6)),
  ),

  hardswish: {
    forward: hardswish.forward,
    /** f′(3) is 1 in whole vectors of 16 and 3/2 behind them, see the reference: the straight piece starts after 3 there. */
    backward(x, dy, dx) {
      const whole = dx.length - (dx.length % 16);
      hardswish.backward(x.subarray(0, whole), dy.subarray(0, whole), dx.subarray(0, whole), 3, 0);
      hardswish.backward(x.subarray(whole), dy.subarray(whole), dx.subarray(whole), 3 + 2 ** -22, 0);
    },
  },

  hardshrink: kernels((x, p) => v128.andnot(x, le(abs(x), p)), shrinkBackward),
  softshrink: kernels((x, p) => where(gt(x, p), sub(x, p), v128.and(add(x, p), lt(x, neg(p)))), shrinkBackward),

  sigmoid: kernels(
    (x) => sigmoid(x).value,
    (y, dy) => mul(mul(dy, sub(1, y)), y),
  ),

  /** 1 − y² as (1 − y)(1 + y), whose first factor is exact near y = 1. */
  tanh: kernels(tanh, (y, dy) => mul(dy, mul(sub(1, y), add(y, 1)))),

  gelu: kernels(
    (x) => mul(x, normal(x).cdf),
    (x, dy) => {
      const { cdf, density } = normal(x);
      return mul(dy, add(cdf, mul(x, density)));
    },
  ),

  /** With ½ (1 + tanh u) = σ(2u), which cancels nowhere. */
  geluTanh: kernels(
    (x) => mul(x, sigmoid(twiceInner(x, keep(mul(x, x)))).value),
    (x, dy) => {
      const square = keep(mul(x, x)); // overflows, as in torch: NaN from |x| = 2·10¹⁹ on
      const { value, slope } = sigmoid(twiceInner(x, square));
      const inner = mul(add(mul(square, 3 * GELU_KAPPA), 1), 2 * GELU_BETA);
      return mul(dy, add(value, mul(mul(x, slope), inner)));
    },
  ),

  silu: kernels(
    (x) => mul(x, sigmoid(x).value),
    (x, dy) => {
      const { value, slope } = sigmoid(x);
      return mul(dy, add(value, mul(x, slope)));
    },
  ),

  softplus: kernels(
    (x, p, q) => {
      const z = keep(mul(x, p));
      return where(gt(z, q), x, div(softplus(z), p));
    },
    (x, dy, p, q) => {
      const z = keep(mul(x, p));
      return mul(dy, where(gt(z, q), 1, sigmoid(z).value));
    },
  ),

  /**
   * tanh(softplus(x)) = n/d with u = e^−|x|: n = 1 + 2u, d = n + 2u² for x > 0, else n = u² + 2u, d = n + 2.
   * Then σ(x)·(1 − (n/d)²) = 4u²(1 + u)/d² for x > 0, else 4u(1 + u)/d².
   */
  mish: kernels(
    (x) => {
      const { n, d } = mish(x);
      return mul(x, div(n, d));
    },
    (x, dy) => {
      const { positive, u, square, n, d } = mish(x);
      const slope = div(mul(mul(where(positive, square, u), 4), add(u, 1)), mul(d, d));
      return mul(dy, add(div(n, d), mul(x, slope)));
    },
  ),

  softsign: kernels(
    (x) => div(x, add(abs(x), 1)),
    (x, dy) => {
      const size = keep(abs(x));
      const inverse = keep(div(1, add(size, 1)));
      return mul(dy, add(mul(inverse, inverse), sub(size, size))); // NaN at ±∞, as f is there
    },
  ),

  tanhshrink: kernels(tanhshrink, (x, dy) => {
    const t = keep(tanh(x));
    return mul(mul(dy, t), t);
  }),

  logSigmoid: kernels(
    (x) => neg(softplus(keep(neg(x)))),
    (x, dy) => mul(dy, sigmoid(neg(x)).value),
  ),
};

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
function softplus(x: Vector): Vector {
  return add(pmax(x, 0), log1p(exp(v128.or(x, SIGN))));
}

/** 2·√(2/π)·(x + 0.044715·x³) */
function twiceInner(x: Vector, square: Vector): Vector {
  return mul(add(x, mul(mul(x, square), GELU_KAPPA)), 2 * GELU_BETA);
}

function mish(x: Vector) {
  const positive = keep(gt(x, 0));
  const u = keep(exp(v128.or(x, SIGN)));
  const square = keep(mul(u, u));
  const twice = add(u, u);
  const n = keep(add(twice, where(positive, 1, square)));
  const d = keep(add(n, where(positive, add(square, square), 2)));
  return { positive, u, square, n, d };
}
