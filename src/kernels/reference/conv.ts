/** Convolution by im2col and matrix products: the oracle of every faster kernel. */
import type { ConvGeometry } from "../../shape/conv.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { ConvKernels } from "../interface/conv.js";
import { gemm } from "./gemm.js";
import { scratch } from "./scratch.js";

/**
 * Unfolds one group of one image into the matrix whose product with the filters is the convolution.
 *
 *     columns[(c, i, j), (y, x)] = image[c, y·stride + i·dilation − padding, x·stride + j·dilation − padding]
 *
 * Taps outside the image read 0. Overwrites every entry of `columns`. Adjoint: {@link col2im}.
 *
 * @param at where the group's first channel starts in `image`
 */
export function im2col(g: ConvGeometry, image: FloatArray, at: number, columns: FloatArray): void {
  const { height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideWidth } = g;
  const channels = g.inChannels / g.groups;
  let to = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < kernelHeight; i++) {
      for (let j = 0; j < kernelWidth; j++) {
        const left = j * g.dilationWidth - g.paddingLeft;
        const first = firstInside(left, strideWidth);
        const end = Math.max(first, endInside(left, strideWidth, width, outWidth));
        for (let y = 0; y < outHeight; y++) {
          const row = y * g.strideHeight + i * g.dilationHeight - g.paddingTop;
          const rowEnd = to + outWidth;
          if (row < 0 || row >= height || first >= outWidth) {
            while (to < rowEnd) columns[to++] = 0;
            continue;
          }
          let from = at + (c * height + row) * width + left + first * strideWidth;
          for (let x = 0; x < first; x++) columns[to++] = 0;
          for (let x = first; x < end; x++) {
            columns[to++] = image[from]!;
            from += strideWidth;
          }
          while (to < rowEnd) columns[to++] = 0;
        }
      }
    }
  }
}

/**
 * Folds a matrix of columns back: every entry is added to the pixel that {@link im2col} reads it from.
 * Entries of taps outside the image are dropped. Adds to `image`.
 */
export function col2im(g: ConvGeometry, columns: FloatArray, image: FloatArray, at: number): void {
  const { height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideWidth } = g;
  const channels = g.inChannels / g.groups;
  let from = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < kernelHeight; i++) {
      for (let j = 0; j < kernelWidth; j++) {
        const left = j * g.dilationWidth - g.paddingLeft;
        const first = firstInside(left, strideWidth);
        const end = endInside(left, strideWidth, width, outWidth);
        for (let y = 0; y < outHeight; y++) {
          const row = y * g.strideHeight + i * g.dilationHeight - g.paddingTop;
          if (row >= 0 && row < height) {
            let to = at + (c * height + row) * width + left + first * strideWidth;
            for (let x = first; x < end; x++) {
              image[to]! += columns[from + x]!;
              to += strideWidth;
            }
          }
          from += outWidth;
        }
      }
    }
  }
}

/** First output position whose tap, at `left + position · stride`, is not before the image. */
function firstInside(left: number, stride: number): number {
  return left >= 0 ? 0 : Math.ceil(-left / stride);
}

/** One past the last output position whose tap is not after the image. */
function endInside(left: number, stride: number, size: number, positions: number): number {
  return Math.min(positions, Math.ceil((size - left) / stride));
}

/** Sizes of one group: channels in and out, taps of a filter, pixels of an output map and of an input map. */
function sizesOf(g: ConvGeometry) {
  return {
    channels: g.inChannels / g.groups,
    filters: g.outChannels / g.groups,
    taps: (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth,
    pixels: g.outHeight * g.outWidth,
    inputPixels: g.height * g.width,
  };
}

export const referenceConv: ConvKernels = {
  /** y[n] = weight (O × taps) · columns (taps × pixels) + bias */
  forward(g, x, weight, bias, y) {
    const { channels, filters, taps, pixels, inputPixels } = sizesOf(g);
    const columns = scratch(x, taps * pixels);
    for (let n = 0; n < g.batch; n++) {
      for (let group = 0; group < g.groups; group++) {
        const at = (n * g.outChannels + group * filters) * pixels;
        for (let o = 0; o < filters; o++) {
          y.fill(bias ? bias[group * filters + o]! : 0, at + o * pixels, at + (o + 1) * pixels);
        }
        im2col(g, x, (n * g.inChannels + group * channels) * inputPixels, columns);
        gemm(filters, pixels, taps, weight, group * filters * taps, taps, 1, columns, 0, pixels, 1, y, at);
      }
    }
  },

  /** dx[n] = col2im(weightᵀ (taps × O) · dy[n] (O × pixels)) */
  inputGradient(g, dy, weight, dx) {
    const { channels, filters, taps, pixels, inputPixels } = sizesOf(g);
    const columns = scratch(dx, taps * pixels);
    dx.fill(0);
    for (let n = 0; n < g.batch; n++) {
      for (let group = 0; group < g.groups; group++) {
        const at = (n * g.outChannels + group * filters) * pixels;
        columns.fill(0, 0, taps * pixels);
        gemm(taps, pixels, filters, weight, group * filters * taps, 1, taps, dy, at, pixels, 1, columns, 0);
        col2im(g, columns, dx, (n * g.inChannels + group * channels) * inputPixels);
      }
    }
  },

  /** dweight += dy[n] (O × pixels) · columnsᵀ (pixels × taps), over all n */
  weightGradient(g, x, dy, dweight) {
    const { channels, filters, taps, pixels, inputPixels } = sizesOf(g);
    const columns = scratch(x, taps * pixels);
    for (let n = 0; n < g.batch; n++) {
      for (let group = 0; group < g.groups; group++) {
        const at = (n * g.outChannels + group * filters) * pixels;
        im2col(g, x, (n * g.inChannels + group * channels) * inputPixels, columns);
        gemm(filters, taps, pixels, dy, at, pixels, 1, columns, 0, 1, pixels, dweight, group * filters * taps);
      }
    }
  },
};
