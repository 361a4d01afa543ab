/** Softmax and its logarithm; sums in double precision. */
import type { SoftmaxKernels } from "../softmax.js";
import { div, mul, pmax, sub } from "./assembler/f32x4.js";
import * as f64x2 from "./assembler/f64x2.js";
import { lineKernel } from "./elementwise/lines.js";
import { exp, keep, log1p, type Vector } from "./elementwise/math.js";
import { singles, Total } from "./elementwise/rows.js";
import { addressesOf } from "./memory.js";

const forward = /* @__PURE__ */ lineKernel({ arrays: ["x", "y"] }, ({ along }) => {
  const max = keep(Number.NEGATIVE_INFINITY);
  along(({ x }) => max.set(pmax(max, x.get()))); // a NaN may be passed over: it comes back with the exponentials
  const total = new Total();
  along(({ x, y }) => {
    const power = keep(exp(sub(x.get(), max)));
    y.set(power);
    total.add(power);
  });
  const sum = keep(singles(total.lanes));
  along(({ y }) => y.set(div(y.get(), sum)));
});

const backward = /* @__PURE__ */ lineKernel({ arrays: ["y", "dy", "dx"] }, ({ along }) => {
  const total = new Total();
  along(({ y, dy }) => total.add(mul(dy.get(), y.get())));
  const mean = keep(singles(total.lanes));
  along(({ y, dy, dx }) => dx.set(mul(y.get(), sub(dy.get(), mean))));
});

const logForward = /* @__PURE__ */ lineKernel({ arrays: ["x", "y"] }, ({ along }) => {
  const max = keep(Number.NEGATIVE_INFINITY);
  along(({ x }) => max.set(pmax(max, x.get())));
  const total = new Total();
  along(({ x }) => total.add(exp(sub(x.get(), max))));
  const logSum = keep(logOfSum(total));
  along(({ x, y }) => y.set(sub(sub(x.get(), max), logSum)));
});

const logBackward = /* @__PURE__ */ lineKernel({ arrays: ["y", "dy", "dx"] }, ({ along }) => {
  const total = new Total();
  along(({ dy }) => total.add(dy.get()));
  const sum = keep(singles(total.lanes));
  along(({ y, dy, dx }) => dx.set(sub(dy.get(), mul(exp(y.get()), sum))));
});

/** log Σ e^(x − max x): one summand is 1, so that the others keep their digits in float32 once it is taken off. */
export function logOfSum({ lanes: [low, high] }: Total): Vector {
  return log1p(singles([f64x2.sub(low, 1), f64x2.sub(high, 1)]));
}

export const wasmSoftmax: SoftmaxKernels = {
  forward: (g, x, y) => forward(g, addressesOf(x, y)),
  backward: (g, y, dy, dx) => backward(g, addressesOf(y, dy, dx)),
  logForward: (g, x, y) => logForward(g, addressesOf(x, y)),
  logBackward: (g, y, dy, dx) => logBackward(g, addressesOf(y, dy, dx)),
};
