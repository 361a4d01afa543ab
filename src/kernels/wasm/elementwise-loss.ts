/**
 * Elementwise losses and their gradients in one pass, where neither cancels in float32 what the reference keeps in
 * double precision.
 *
 * From the reference: Kullback–Leibler divergences, and binary cross-entropies with weights.
 */
import type { Operand } from "../../tensor/storage.js";
import type { LossKernels } from "../loss.js";
import { onArrays } from "../operands.js";
import { type ElementwiseLosses, referenceElementwiseLosses } from "../reference/elementwise-loss.js";
import { abs, add, div, eq, gt, lt, mul, neg, pmax, pmin, sqrt, sub } from "./assembler/f32x4.js";
import * as v128 from "./assembler/v128.js";
import { constant, exp, keep, log, log1p, SIGN, type Vector, where } from "./elementwise/math.js";
import { rowKernel } from "./elementwise/rows.js";
import { runSum } from "./elementwise/run.js";

/** What a loss and the slope of its sum are at one prediction and its target. */
type Write<N extends string> = (
  x: Vector,
  target: Vector,
  numbers: Readonly<Record<N, Vector>>,
) => { readonly loss: Vector; readonly slope: Vector };

function lossKernel<N extends string = never>(numbers: readonly N[], write: Write<N>) {
  const [totals, each] = [false, true].map((keepsEach) =>
    rowKernel(
      { arrays: ["x", "target", "gradient", "losses"], numbers: ["scale", ...numbers], sums: 1 },
      ({ x, target, gradient, losses }, settings, addUp) => {
        const { loss, slope } = write(keep(x.get()), keep(target.get()), settings);
        const kept = keep(loss);
        gradient.set(mul(slope, settings.scale));
        if (keepsEach) losses.set(kept);
        addUp(kept);
      },
    ),
  ) as [ReturnType<typeof rowKernel>, ReturnType<typeof rowKernel>];
  return (
    x: Operand,
    target: Operand,
    scale: number,
    losses: Operand | undefined,
    gradient: Operand,
    ...settings: readonly number[]
  ): number => runSum(losses ? each : totals, [x, target, gradient, losses ?? gradient], scale, ...settings);
}

const squaredError = /* @__PURE__ */ lossKernel([], (x, target) => {
  const d = keep(sub(x, target));
  return { loss: mul(d, d), slope: add(d, d) };
});

const absoluteError = /* @__PURE__ */ lossKernel([], (x, target) => {
  const d = keep(sub(x, target));
  return { loss: abs(d), slope: sub(v128.and(gt(d, 0), constant(1)), v128.and(lt(d, 0), constant(1))) };
});

const huber = /* @__PURE__ */ lossKernel(["width", "slope"], (x, target, { width, slope }) => {
  const d = keep(sub(x, target));
  const size = keep(abs(d));
  const inside = lt(size, width);
  const steps = keep(div(d, width));
  const loss = where(inside, mul(mul(steps, d), 0.5), sub(size, mul(width, 0.5)));
  // 0/0 where the width is 0; then d is 0 as well.
  return { loss: mul(loss, slope), slope: mul(v128.andnot(pmax(pmin(steps, 1), -1), eq(d, 0)), slope) };
});

const binaryCrossEntropy = /* @__PURE__ */ lossKernel([], (x, target) => {
  // log(1 − x): −∞ at 1, and NaN beyond it.
  const rest = keep(sub(1, x));
  const logRest = where(gt(rest, 0), log1p(neg(x)), where(eq(rest, 0), Number.NEGATIVE_INFINITY, sqrt(rest)));
  const loss = sub(mul(sub(target, 1), pmax(logRest, -100)), mul(target, pmax(log(x), -100)));
  return { loss, slope: div(sub(x, target), pmax(mul(x, rest), 1e-12)) };
});

/** With s = σ(−|x|): the loss is (1 − target)·x + max(−x, 0) + log(1 + e^−|x|), its slope σ(x) − target. */
const binaryCrossEntropyWithLogits = /* @__PURE__ */ lossKernel([], (x, target) => {
  const e = keep(exp(v128.or(x, SIGN)));
  const other = keep(sub(1, target));
  const loss = add(add(mul(other, x), pmax(neg(x), 0)), log1p(e));
  const s = keep(div(e, add(e, 1)));
  return { loss, slope: where(lt(x, 0), sub(s, target), sub(other, s)) };
});

export const wasmElementwiseLosses: Pick<LossKernels, ElementwiseLosses> = {
  squaredError,
  absoluteError,
  huber: (x, target, width, slope, scale, losses, gradient) => huber(x, target, scale, losses, gradient, width, slope),
  binaryCrossEntropy: (x, target, weight, ...rest) =>
    weight
      ? onArrays(referenceElementwiseLosses.binaryCrossEntropy, x, target, weight, ...rest)
      : binaryCrossEntropy(x, target, ...rest),
  binaryCrossEntropyWithLogits: (x, target, weight, posWeight, ...rest) =>
    weight || posWeight
      ? onArrays(referenceElementwiseLosses.binaryCrossEntropyWithLogits, x, target, weight, posWeight, ...rest)
      : binaryCrossEntropyWithLogits(x, target, ...rest),
  klDivergence: (...args) => onArrays(referenceElementwiseLosses.klDivergence, ...args),
  klDivergenceOfLogs: (...args) => onArrays(referenceElementwiseLosses.klDivergenceOfLogs, ...args),
};
