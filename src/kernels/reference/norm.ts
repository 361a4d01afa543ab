/** Normalization by groups: one loop nest for batch, layer, group and instance norm. */

import type { FloatArray } from "../../tensor/tensor.js";
import type { NormKernels } from "../norm.js";
import { scratch } from "./scratch.js";
import { rectify } from "./select.js";

export const referenceNorm: NormKernels<FloatArray> = {
  /**
   * One pass over deviations from the group's first element x₀, not from 0: with D = Σ (x − x₀),
   *
   *     mean = x₀ + D / m,   variance = (Σ (x − x₀)² − D² / m) / m
   *
   * What cancels is m · (mean − x₀)², at most m times the sum of squares that is left, because x₀ is one of the group:
   * the relative error stays below m · 2⁻⁵² however far the mean is from 0.
   */
  moments({ groups, segments, segmentStride, channelsPerGroup, inner }, x, mean, variance) {
    const run = channelsPerGroup * inner;
    const count = segments * run;
    for (let s = 0; s < groups; s++) {
      const first = x[s * run]!;
      // An infinite x₀ would make every deviation NaN, where the mean is infinite.
      const shift = Number.isFinite(first) ? first : 0;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < segments; i++) {
        const start = s * run + i * segmentStride;
        const end = start + run;
        for (let at = start; at < end; at++) {
          const d = x[at]! - shift;
          sum += d;
          squares += d * d;
        }
      }
      mean[s] = shift + sum / count;
      variance[s] = Math.max(0, squares - (sum * sum) / count) / count;
    }
  },

  forward(g, eps, x, mean, variance, weight, bias, y, relu) {
    const { groups, segments, segmentStride, channelsPerGroup, inner, channels } = g;
    const run = channelsPerGroup * inner;
    for (let s = 0; s < groups; s++) {
      const m = mean[s]!;
      const inverse = 1 / Math.sqrt(variance[s]! + eps);
      const firstChannel = (s * channelsPerGroup) % channels;
      for (let i = 0; i < segments; i++) {
        let at = s * run + i * segmentStride;
        for (let c = firstChannel; c < firstChannel + channelsPerGroup; c++) {
          const scale = weight ? inverse * weight[c]! : inverse;
          const shift = bias ? bias[c]! : 0;
          for (const end = at + inner; at < end; at++) y[at] = (x[at]! - m) * scale + shift;
        }
      }
    }
    if (relu) rectify(y);
  },

  /** Two sweeps a group, so that the second finds the group in the processor's cache. */
  backward(g, eps, x, mean, variance, weight, dy, dx, dweight, dbias) {
    const { groups, segments, segmentStride, channelsPerGroup, inner, channels } = g;
    const run = channelsPerGroup * inner;
    const count = segments * run;
    const sums = scratch(mean, 2 * channels); // a channel's sums over all groups, in double precision
    sums.fill(0, 0, 2 * channels);
    for (let s = 0; s < groups; s++) {
      const m = mean[s]!;
      const inverse = 1 / Math.sqrt(variance[s]! + eps);
      const firstChannel = (s * channelsPerGroup) % channels;
      let along = 0; // Σ dŷ
      let across = 0; // Σ dŷ · (x − mean)
      for (let i = 0; i < segments; i++) {
        let at = s * run + i * segmentStride;
        for (let c = firstChannel; c < firstChannel + channelsPerGroup; c++) {
          let sum = 0;
          let product = 0;
          for (const end = at + inner; at < end; at++) {
            const d = dy[at]!;
            sum += d;
            product += d * (x[at]! - m);
          }
          sums[c]! += product * inverse;
          sums[channels + c]! += sum;
          const w = weight ? weight[c]! : 1;
          along += w * sum;
          across += w * product;
        }
      }
      if (!dx) continue;
      const offset = (along / count) * inverse;
      const slope = (across / count) * inverse * inverse * inverse;
      for (let i = 0; i < segments; i++) {
        let at = s * run + i * segmentStride;
        for (let c = firstChannel; c < firstChannel + channelsPerGroup; c++) {
          const scale = weight ? inverse * weight[c]! : inverse;
          for (const end = at + inner; at < end; at++) dx[at] = dy[at]! * scale - offset - (x[at]! - m) * slope;
        }
      }
    }
    for (let c = 0; c < channels; c++) {
      if (dweight) dweight[c]! += sums[c]!;
      if (dbias) dbias[c]! += sums[channels + c]!;
    }
  },

  track({ groups, channels }, now, scale, factor, running) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let s = c; s < groups; s += channels) sum += now[s]!;
      const average = sum / (groups / channels);
      running[c] = (1 - factor) * running[c]! + factor * scale * average;
    }
  },
};
