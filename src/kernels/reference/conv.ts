/**
 * Convolution by im2col and matrix products, except that the matrix of patches is never stored: the product reads (or,
 * for the input gradient, adds to) every patch where it lies in the padded image. The oracle of every faster kernel.
 *
 *     patches[(c, u, v), (i, j)] = padded[c, i·stride + u·dilation, j·stride + v·dilation]      (taps × pixels)
 */
import type { ConvGeometry } from "../../shape/conv.js";
import { addProduct, dense, transpose } from "../../tensor/product.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { ConvKernels } from "../conv.js";
import { crop, type Patches, pad, patchesOf } from "./patches.js";
import { scratch } from "./scratch.js";

export const referenceConv: ConvKernels<FloatArray> = {
  /** y[n] = weight (O × taps) · patches (taps × pixels) + bias, and the epilogue */
  forward(g, x, weight, bias, y, epilogue) {
    const sum = epilogue?.kernels.reference.keepSum(epilogue, y);
    const patches = patchesOf(g);
    const { perGroup, taps, pixels } = sizesOf(g, patches);
    const padded = { data: zeroImage(patches, x), at: 0, rows: patches.taps, columns: patches.pixels };
    const w = dense(weight, perGroup, taps);
    const out = dense(y, perGroup, pixels);
    eachGroup(g, patches, (group, input, output) => {
      w.at = group * perGroup * taps;
      out.at = output;
      for (let o = 0; o < perGroup; o++) {
        y.fill(bias ? bias[group * perGroup + o]! : 0, output + o * pixels, output + (o + 1) * pixels);
      }
      pad(g, patches, x, input, padded.data);
      addProduct(w, padded, out);
    });
    epilogue?.kernels.reference.apply(epilogue, sum, g.outChannels, pixels, y);
  },

  /** dx[n] = what lands on each pixel of dy[n]ᵀ (pixels × O) · weight (O × taps) laid over the patches */
  inputGradient(g, dy, weight, dx) {
    const patches = patchesOf(g);
    const { perGroup, taps, pixels } = sizesOf(g, patches);
    const padded = { data: zeroImage(patches, dx), at: 0, rows: patches.pixels, columns: patches.taps };
    const w = dense(weight, perGroup, taps);
    const dout = transpose(dense(dy, perGroup, pixels));
    dx.fill(0);
    eachGroup(g, patches, (group, input, output) => {
      w.at = group * perGroup * taps;
      dout.at = output;
      zeroImage(patches, dx);
      addProduct(dout, w, padded, taps);
      crop(g, patches, padded.data, dx, input);
    });
  },

  /** dweight += dy[n] (O × pixels) · patchesᵀ (pixels × taps), over all n */
  weightGradient(g, x, dy, dweight) {
    const patches = patchesOf(g);
    const { perGroup, taps, pixels } = sizesOf(g, patches);
    const padded = { data: zeroImage(patches, x), at: 0, rows: patches.pixels, columns: patches.taps };
    const dout = dense(dy, perGroup, pixels);
    // A sum over very many images is one of doubles: in float32 it would stop at 2²⁴.
    const sums = g.batch > MANY ? new Float64Array(dweight.length) : dweight;
    const dw = dense(sums, perGroup, taps);
    eachGroup(g, patches, (group, input, output) => {
      dout.at = output;
      dw.at = group * perGroup * taps;
      pad(g, patches, x, input, padded.data);
      addProduct(dout, padded, dw);
    });
    if (sums !== dweight) for (let i = 0; i < sums.length; i++) dweight[i]! += sums[i]!;
  },
};

/** Images whose products are added to float32 numbers one by one. */
const MANY = 1 << 14;

/** Filters of one group, taps of a filter, pixels of an output map. */
function sizesOf(g: ConvGeometry, patches: Patches) {
  return { perGroup: g.outChannels / g.groups, taps: patches.taps.length, pixels: patches.pixels.length };
}

/** Visits every group of every image with the places where its input and its output start. */
function eachGroup(
  g: ConvGeometry,
  patches: Patches,
  visit: (group: number, input: number, output: number) => void,
): void {
  const inputSize = patches.channels * g.height * g.width;
  const outputSize = (g.outChannels / g.groups) * patches.pixels.length;
  for (let at = 0; at < g.batch * g.groups; at++) visit(at % g.groups, at * inputSize, at * outputSize);
}

/** A padded image of zeros: {@link pad} overwrites its inside only. */
function zeroImage({ channels, height, width }: Patches, like: FloatArray): FloatArray {
  const size = channels * height * width;
  return scratch(like, size).fill(0, 0, size);
}
