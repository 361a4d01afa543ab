/**
 * Normalization: the reference's loops over groups and channels, in double precision, around kernels that sweep the
 * elements of a channel. A mean is handed over as two float32 numbers, so that an offset of x costs no digits of its
 * deviations.
 *
 * From the reference: LayerNorm's backward, and the running statistics.
 */
import type { NormGeometry } from "../../shape/norm.js";
import type { NormKernels } from "../norm.js";
import { onArrays } from "../operands.js";
import { referenceNorm } from "../reference/norm.js";
import { scratch as workspace } from "../reference/scratch.js";
import { add, max, mul, sub } from "./assembler/f32x4.js";
import * as f64x2 from "./assembler/f64x2.js";
import { restOf } from "./elementwise/epilogue.js";
import { keep, type Vector } from "./elementwise/math.js";
import { type Cursor, doubles, rowKernel } from "./elementwise/rows.js";
import { doublesAt } from "./elementwise/run.js";
import { addressesOf, scratch, view } from "./memory.js";

/** Σ (x − shift) and Σ (x − shift)² */
const deviations = /* @__PURE__ */ rowKernel(
  { arrays: ["x"], numbers: ["shift"], sums: 2 },
  ({ x }, { shift }, addUp) => {
    const from = keep(f64x2.promoteLowF32x4(shift));
    const values = doubles(x.get());
    const low = keep(f64x2.sub(values[0], from));
    const high = keep(f64x2.sub(values[1], from));
    addUp([low, high], [f64x2.mul(low, low), f64x2.mul(high, high)]);
  },
);

const MEAN = ["mean", "rest"] as const;
type Mean = Readonly<Record<(typeof MEAN)[number], Vector>>;

function centered(x: Cursor, { mean, rest }: Mean): Vector {
  return sub(sub(x.get(), mean), rest);
}

/** By numbers that are those of a channel, and by numbers for each element: the same arithmetic, the same bits. `least` rectifies. */
const STANDARD = ["mean", "rest", "inverse", "least"] as const;
const affine = /* @__PURE__ */ rowKernel(
  { arrays: ["x", "y"], numbers: ["mean", "rest", "inverse", "least", "weight", "bias"] },
  ({ x, y }, n) => y.set(max(add(mul(mul(centered(x, n), n.inverse), n.weight), n.bias), n.least)),
);
const affineEach = /* @__PURE__ */ rowKernel(
  { arrays: ["x", "y", "weight", "bias"], numbers: STANDARD },
  ({ x, y, weight, bias }, n) =>
    y.set(max(add(mul(mul(centered(x, n), n.inverse), weight.get()), bias.get()), n.least)),
);

/** Σ dy and Σ dy · (x − mean) */
const products = /* @__PURE__ */ rowKernel({ arrays: ["x", "dy"], numbers: MEAN, sums: 2 }, ({ x, dy }, n, addUp) => {
  const d = keep(dy.get());
  addUp(d, mul(d, centered(x, n)));
});

const gradient = /* @__PURE__ */ rowKernel(
  { arrays: ["x", "dy", "dx"], numbers: ["mean", "rest", "scale", "offset", "slope"] },
  ({ x, dy, dx }, n) => dx.set(sub(sub(mul(dy.get(), n.scale), n.offset), mul(centered(x, n), n.slope))),
);

/** Bytes of an element. */
const SIZE = 4;

export const wasmNorm: NormKernels = {
  /** As in the reference, deviations are those from the group's first element. */
  moments(g, x, mean, variance) {
    const { groups, segments, segmentStride, channelsPerGroup, inner } = g;
    const run = channelsPerGroup * inner;
    const count = segments * run;
    const { length } = x;
    const [from] = addressesOf(x);
    const to = scratch(16);
    const values = view(from, length);
    const sums = doublesAt(to, 2);
    for (let s = 0; s < groups; s++) {
      const first = values[s * run]!;
      const shift = Number.isFinite(first) ? first : 0;
      deviations()(segments, SIZE * segmentStride, run, from + SIZE * s * run, shift, to);
      const sum = sums[0]!;
      const squares = sums[1]!;
      mean[s] = shift + sum / count;
      variance[s] = Math.max(0, squares - (sum * sum) / count) / count;
    }
  },

  forward(g, eps, x, mean, variance, weight, bias, y, relu) {
    const { groups, segments, segmentStride, channelsPerGroup, inner, channels } = g;
    const isEach = hasWeightForEach(g);
    const [from, to, ...given] = addressesOf(x, y, weight, bias);
    const [weightAt, biasAt] = given.map((offset, i) => offset || constants(channels, 1 - i)) as [number, number];
    const [weights, biases] = [view(weightAt, channels), view(biasAt, channels)];
    const least = relu ? 0 : -Infinity;
    for (let s = 0; s < groups; s++) {
      const inverse = 1 / Math.sqrt(variance[s]! + eps);
      const m = mean[s]!;
      const firstChannel = (s * channelsPerGroup) % channels;
      const start = SIZE * s * channelsPerGroup * inner;
      if (isEach) {
        const own = [weightAt, biasAt].map((offset) => offset + SIZE * firstChannel);
        affineEach()(1, 0, channelsPerGroup, from + start, to + start, ...own, m, restOf(m), inverse, least);
        continue;
      }
      for (let k = 0; k < channelsPerGroup; k++) {
        const skip = start + SIZE * k * inner;
        const numbers = [m, restOf(m), inverse, least, weights[firstChannel + k]!, biases[firstChannel + k]!];
        affine()(segments, SIZE * segmentStride, inner, from + skip, to + skip, ...numbers);
      }
    }
  },

  backward(g, eps, x, mean, variance, weight, dy, dx, dweight, dbias) {
    const { groups, segments, segmentStride, channelsPerGroup, inner, channels } = g;
    if (hasWeightForEach(g)) {
      return onArrays(referenceNorm.backward, g, eps, x, mean, variance, weight, dy, dx, dweight, dbias);
    }
    const count = segments * channelsPerGroup * inner;
    if (count === 0) return;
    const stride = SIZE * segmentStride;
    const [input, from, to, ...optional] = addressesOf(x, dy, dx, weight, dweight, dbias);
    const results = scratch(16);
    const [weights, dweights, dbiases] = optional.map((offset) => (offset ? view(offset, channels) : undefined));
    const pair = doublesAt(results, 2);
    const sums = workspace(mean, 2 * channels); // a channel's sums over all groups
    sums.fill(0, 0, 2 * channels);
    for (let s = 0; s < groups; s++) {
      const m = mean[s]!;
      const rest = restOf(m);
      const inverse = 1 / Math.sqrt(variance[s]! + eps);
      const firstChannel = (s * channelsPerGroup) % channels;
      let along = 0; // Σ dŷ
      let across = 0; // Σ dŷ · (x − mean)
      for (let k = 0; k < channelsPerGroup; k++) {
        const c = firstChannel + k;
        const skip = SIZE * (s * channelsPerGroup + k) * inner;
        products()(segments, stride, inner, input + skip, from + skip, m, rest, results);
        const sum = pair[0]!;
        const product = pair[1]!;
        sums[c]! += product * inverse;
        sums[channels + c]! += sum;
        const w = weights ? weights[c]! : 1;
        along += w * sum;
        across += w * product;
      }
      if (!to) continue;
      const offset = (along / count) * inverse;
      const slope = (across / count) * inverse * inverse * inverse;
      for (let k = 0; k < channelsPerGroup; k++) {
        const skip = SIZE * (s * channelsPerGroup + k) * inner;
        const scale = weights ? inverse * weights[firstChannel + k]! : inverse;
        gradient()(segments, stride, inner, input + skip, from + skip, to + skip, m, rest, scale, offset, slope);
      }
    }
    for (let c = 0; c < channels; c++) {
      if (dweights) dweights[c]! += sums[c]!;
      if (dbiases) dbiases[c]! += sums[channels + c]!;
    }
  },

  track: (...args) => onArrays(referenceNorm.track, ...args),
};

/** Whether the groups are of single elements with a weight each, as in LayerNorm. */
function hasWeightForEach({ segments, channelsPerGroup, inner }: NormGeometry): boolean {
  return inner === 1 && segments === 1 && channelsPerGroup > 1;
}

/** Scratch that holds one number throughout. */
function constants(length: number, value: number): number {
  const place = scratch(SIZE * length);
  view(place, length).fill(value);
  return place;
}
