/**
 * Softmax and cross-entropy in one; sums, and the differences that a good prediction makes small, in double precision.
 *
 * From the reference: losses of class probabilities and of log-probabilities, total weights, and the chain rule.
 */
import type { LossKernels } from "../loss.js";
import { onArrays } from "../operands.js";
import { type ClassLosses, referenceClassLosses } from "../reference/class-loss.js";
import * as f32x4 from "./assembler/f32x4.js";
import { add, eq, mul, pmax, sub } from "./assembler/f32x4.js";
import * as f64x2 from "./assembler/f64x2.js";
import * as i32x4 from "./assembler/i32x4.js";
import * as v128 from "./assembler/v128.js";
import { type LineKernel, lineKernel } from "./elementwise/lines.js";
import { exp, keep, where } from "./elementwise/math.js";
import { doubles, singles, Total } from "./elementwise/rows.js";
import { bits } from "./elementwise/run.js";
import { addressesOf, scratch, view } from "./memory.js";
import { logOfSum } from "./softmax.js";

/**
 * `own` and `share` hold, for each class, what the label's class and what every class gets of q; `all` is Σ share.
 * Without smoothing nothing is multiplied with a share, for log p may be −∞.
 */
const crossEntropyKernel = (smooth: boolean): LineKernel =>
  lineKernel(
    {
      arrays: ["x", "gradient"],
      perLine: ["labels", "losses"],
      perPosition: ["own", "share"],
      numbers: ["ignored", "scale", "all"],
    },
    ({ along, lines: { labels, losses }, numbers: { ignored, scale, all } }) => {
      const label = keep(labels.get());
      const isIgnored = keep(eq(f32x4.convertI32x4S(label), ignored));

      const max = keep(Number.NEGATIVE_INFINITY);
      along(({ x }) => max.set(pmax(max, x.get())));

      const total = new Total();
      const shared = new Total(); // Σ share · (x − max)
      const weight = keep(0); // what is the label's: its own, and max − x
      const distance = keep(0);
      const position = keep(0); // counts classes, in integers
      along(({ x, gradient }, { own, share }) => {
        const below = keep(sub(x.get(), max));
        const power = keep(exp(below));
        gradient.set(power);
        total.add(power);
        const isLabel = keep(i32x4.eq(position, label));
        position.set(i32x4.add(position, 1));
        weight.set(where(isLabel, own, weight));
        distance.set(where(isLabel, below, distance));
        if (smooth) shared.add(mul(share, below));
      });

      const logSum = keep(logOfSum(total));
      const loss = mul(weight, sub(logSum, distance));
      losses.set(v128.andnot(smooth ? add(loss, sub(mul(logSum, all), singles(shared.lanes))) : loss, isIgnored));

      const own = keep(mul(weight, scale));
      const mass = doubles(smooth ? add(own, mul(all, scale)) : own);
      const factor = [keep(f64x2.div(mass[0], total.lanes[0])), keep(f64x2.div(mass[1], total.lanes[1]))] as const;
      position.set(0);
      along(({ gradient }, { share }) => {
        const mine = v128.and(own, i32x4.eq(position, label));
        const q = doubles(smooth ? add(mine, mul(share, scale)) : mine);
        const p = doubles(gradient.get());
        const low = f64x2.sub(f64x2.mul(p[0], factor[0]), q[0]);
        const high = f64x2.sub(f64x2.mul(p[1], factor[1]), q[1]);
        gradient.set(v128.andnot(singles([low, high]), isIgnored));
        position.set(i32x4.add(position, 1));
      });
    },
  );

const crossEntropy = /* @__PURE__ */ crossEntropyKernel(false);
const smoothCrossEntropy = /* @__PURE__ */ crossEntropyKernel(true);

export const wasmClassLosses: Pick<LossKernels, ClassLosses> = {
  probabilityCrossEntropy: (...args) => onArrays(referenceClassLosses.probabilityCrossEntropy, ...args),
  negativeLogLikelihood: (...args) => onArrays(referenceClassLosses.negativeLogLikelihood, ...args),
  chain: (...args) => onArrays(referenceClassLosses.chain, ...args),

  crossEntropy({ outer, classes, inner }, x, labels, ignoreIndex, weight, smoothing, scale, losses, gradient) {
    const rows = outer * inner;
    const [from, gradientAt, labelsAt, weightsAt, lossesAt] = addressesOf(x, gradient, bits(labels), weight, losses);
    const each = losses ? lossesAt : scratch(4 * rows);
    const own = scratch(8 * classes);
    const share = own + 4 * classes;
    const factors = view(own, 2 * classes);
    const weights = weight ? view(weightsAt, classes) : undefined;
    const even = smoothing / classes;
    let all = 0;
    for (let c = 0; c < classes; c++) {
      const w = weights ? weights[c]! : 1;
      factors[c] = (1 - smoothing) * w;
      factors[classes + c] = even * w;
      all += even * w;
    }
    const kernel = even > 0 ? smoothCrossEntropy : crossEntropy;
    kernel(
      { outer, size: classes, inner },
      [from, gradientAt],
      [labelsAt, each],
      [own, share, ignoreIndex, scale, all],
    );
    const lossOf = view(each, rows);
    let total = 0;
    for (let row = 0; row < rows; row++) total += lossOf[row]!;
    return total;
  },
};
