/**
 * Convolutions and their gradients by filters that slide along lines, without packing patches: for groups with one input
 * channel, where there is too little to share for a product of matrices.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import type { Simd } from "../assembler/simd.js";
import { CONSTANTS, STEP, splitAtSum } from "../elementwise/epilogue.js";
import * as gemm from "../gemm/kernels.js";
import { memory, scratch } from "../memory.js";
import type { Task } from "../task.js";
import type { ConvAlgorithm, ConvOperands } from "./algorithm.js";
import {
  type Correlation,
  type CorrelationOperands,
  forwardBy,
  forwardCorrelation,
  inputGradientBy,
} from "./correlation.js";
import { patchImages } from "./patch-images.js";
import { collect, slide } from "./sliding-kernels.js";

export const sliding: ConvAlgorithm = {
  name: "direct, sliding filters",
  option: "direct",
  fits: () => true,
  pays: (g) => g.groups === g.inChannels && g.groups > 1,
  forward: slideForward,
  inputGradient: (simd, g, operands) => inputGradientBy(slideImages, simd, g, operands),
  weightGradient: (simd, g, operands) => [collectGradient(simd, g, operands)],
};

/** From the sum of an epilogue on, its steps are a pass of their own. */
function slideForward(simd: Simd, g: ConvGeometry, o: ConvOperands): Task[] {
  if (!(o.epilogue.steps & STEP.sum)) return [forwardBy(slideImages, simd, g, o)];
  const pixels = g.outHeight * g.outWidth;
  const [before, after] = splitAtSum(gemm.keepSum(o.epilogue, o.y, g.batch * g.outChannels * pixels));
  return [
    forwardBy(slideImages, simd, g, { x: o.x, weight: o.weight, bias: o.bias, y: o.y, epilogue: before }),
    { parts: 1, run: () => after.pass?.(o.y, g.batch, g.outChannels, pixels, after) },
  ];
}

/** A part is a group of an image. */
function slideImages(simd: Simd, c: Correlation, o: CorrelationOperands): Task {
  const images = patchImages(c, { channels: c.channels, images: 1, imageStride: 0 });
  const taps = images.taps();
  const pixels = c.outHeight * c.outWidth;
  const aside = o.layout ? scratch(4 * o.outputs * pixels) : 0;
  const { steps, constants } = o.epilogue;
  return {
    parts: o.batch * o.groups,
    run(from, to) {
      for (let part = from; part < to; part++) {
        const at = images.load(o.images + 4 * part * c.channels * c.height * c.width, 1);
        const image = { at, line: images.outputRow, taps: taps.at, count: taps.count };
        const result = aside || o.result + 4 * part * o.outputs * pixels;
        for (let i = 0; i < o.outputs; i++) {
          const filter = (part % o.groups) * o.outputs + i;
          const outputs = { at: result + 4 * i * pixels, lines: c.outHeight, columns: c.outWidth };
          const bias = o.bias && o.bias + 4 * filter;
          const ends = { bias, steps, constants: constants + CONSTANTS * filter };
          slide(simd, image, o.weights + filter * o.weightRow, ends, outputs);
        }
        if (!o.layout) continue;
        const { first, plane, row, column } = o.layout;
        const to = [o.result + first + part * o.outputs * plane, plane, row, column] as const;
        gemm.copy([aside, 4 * pixels, 4 * c.outWidth, 4], to, o.outputs, c.outHeight, c.outWidth);
      }
    },
  };
}

/** Images that are added to the gradient one by one; of more, this many are added up before. */
const MANY = 1 << 12;

/** The weight gradient. A part is an input channel. */
function collectGradient(simd: Simd, g: ConvGeometry, { x, y: dy, weight: dweight }: ConvOperands): Task {
  const correlation = forwardCorrelation(g);
  const images = patchImages(correlation, { channels: 1, images: 1, imageStride: 0 });
  const taps = images.taps();
  const [inputs, outputs] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const pixels = g.outHeight * g.outWidth;
  const sums = g.batch > MANY ? scratch(4 * outputs * taps.count) : 0;
  if (sums) gemm.clear(sums, outputs * taps.count);
  return {
    parts: g.inChannels,
    run(from, to) {
      for (let channel = from; channel < to; channel++) {
        const group = Math.floor(channel / inputs);
        const first = dweight + 4 * (group * outputs * inputs + (channel % inputs)) * taps.count;
        for (let n = 0; n < g.batch; n++) {
          const at = images.load(x + 4 * (n * g.inChannels + channel) * g.height * g.width, 1);
          const image = { at, line: images.outputRow, taps: taps.at, count: taps.count };
          for (let i = 0; i < outputs; i++) {
            const map = n * g.outChannels + group * outputs + i;
            const dout = { at: dy + 4 * map * pixels, lines: g.outHeight, columns: g.outWidth };
            collect(simd, image, dout, sums ? sums + 4 * i * taps.count : first + 4 * i * inputs * taps.count);
          }
          if (sums && (n === g.batch - 1 || n % MANY === 0)) {
            const floats = new Float32Array(memory().buffer);
            for (let i = 0; i < outputs * taps.count; i++) {
              const tap = i % taps.count;
              floats[first / 4 + (i - tap) * inputs + tap]! += floats[sums / 4 + i]!;
              floats[sums / 4 + i] = 0;
            }
          }
        }
      }
    },
  };
}
