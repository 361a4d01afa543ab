import { log } from "../../tensor/log.js";
import { exp } from "../../tensor/math.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { LossKernels } from "../loss.js";

export type ClassLosses = "crossEntropy" | "probabilityCrossEntropy" | "negativeLogLikelihood" | "chain";

export const referenceClassLosses: Pick<LossKernels<FloatArray>, ClassLosses> = {
  crossEntropy({ outer, classes, inner }, x, labels, ignoreIndex, weight, smoothing, scale, losses, gradient) {
    const even = smoothing / classes;
    let evenWeight = 0;
    for (let c = 0; c < classes; c++) evenWeight += even * (weight ? weight[c]! : 1);
    let total = 0;
    for (let row = 0; row < outer * inner; row++) {
      const pixel = row % inner;
      const start = (row - pixel) * classes + pixel;
      const label = labels[row]!;
      let loss = 0;
      if (label === ignoreIndex) {
        for (let c = 0, at = start; c < classes; c++, at += inner) gradient[at] = 0;
      } else {
        const own = (1 - smoothing) * (weight ? weight[label]! : 1);
        const { max, sum } = softmax(x, start, classes, inner, gradient);
        const logSum = log(sum);
        const factor = (scale * (own + evenWeight)) / sum;
        loss = own * (logSum - (x[start + label * inner]! - max));
        for (let c = 0, at = start; c < classes; c++, at += inner) {
          let q = c === label ? own : 0;
          if (even > 0) {
            const share = even * (weight ? weight[c]! : 1);
            q += share;
            loss += share * (logSum - (x[at]! - max));
          }
          gradient[at] = factor * gradient[at]! - scale * q;
        }
      }
      total += loss;
      if (losses) losses[row] = loss;
    }
    return total;
  },

  probabilityCrossEntropy({ outer, classes, inner }, x, target, weight, smoothing, scale, losses, gradient) {
    const even = smoothing / classes;
    let total = 0;
    for (let row = 0; row < outer * inner; row++) {
      const pixel = row % inner;
      const start = (row - pixel) * classes + pixel;
      const { max, sum } = softmax(x, start, classes, inner, gradient);
      const logSum = log(sum);
      let loss = 0;
      let mass = 0;
      for (let c = 0, at = start; c < classes; c++, at += inner) {
        const q = (weight ? weight[c]! : 1) * ((1 - smoothing) * target[at]! + even);
        mass += q;
        loss += q * (logSum - (x[at]! - max));
      }
      const factor = (scale * mass) / sum;
      for (let c = 0, at = start; c < classes; c++, at += inner) {
        const q = (weight ? weight[c]! : 1) * ((1 - smoothing) * target[at]! + even);
        gradient[at] = factor * gradient[at]! - scale * q;
      }
      total += loss;
      if (losses) losses[row] = loss;
    }
    return total;
  },

  negativeLogLikelihood({ outer, classes, inner }, x, labels, ignoreIndex, weight, scale, losses, gradient) {
    gradient.fill(0);
    let total = 0;
    for (let row = 0; row < outer * inner; row++) {
      const label = labels[row]!;
      let loss = 0;
      if (label !== ignoreIndex) {
        const pixel = row % inner;
        const at = (row - pixel) * classes + pixel + label * inner;
        const w = weight ? weight[label]! : 1;
        loss = -w * x[at]!;
        gradient[at] = -w * scale;
      }
      total += loss;
      if (losses) losses[row] = loss;
    }
    return total;
  },

  chain({ outer, classes, inner }, dy, gradient) {
    let at = 0;
    for (let n = 0; n < outer; n++) {
      for (let c = 0; c < classes; c++) {
        for (let p = 0; p < inner; p++) gradient[at++]! *= dy[n * inner + p]!;
      }
    }
  },
};

/** e[c] = exp(x[c] − max x) along one row of classes; the row's softmax is e / sum. */
function softmax(x: FloatArray, start: number, classes: number, inner: number, e: FloatArray) {
  let max = -Infinity;
  for (let c = 0, at = start; c < classes; c++, at += inner) {
    if (x[at]! > max) max = x[at]!;
  }
  let sum = 0;
  for (let c = 0, at = start; c < classes; c++, at += inner) {
    const power = exp(x[at]! - max);
    e[at] = power;
    sum += power;
  }
  return { max, sum };
}
