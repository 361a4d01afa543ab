/** Where the patches of a convolution lie in a padded image: im2col as two tables instead of a matrix. */
import type { ConvGeometry } from "../../shape/conv.js";
import type { FloatArray } from "../../tensor/tensor.js";

/** Layout of one group of one image, padded to exactly what the kernel reaches. */
export interface Patches {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Tap (c, u, v) of the output pixel (i, j) lies at taps[(c, u, v)] + pixels[(i, j)] of the padded image. */
  readonly taps: Int32Array;
  readonly pixels: Int32Array;
}

export function patchesOf(g: ConvGeometry): Patches {
  const channels = g.inChannels / g.groups;
  const height = (g.outHeight - 1) * g.strideHeight + (g.kernelHeight - 1) * g.dilationHeight + 1;
  const width = (g.outWidth - 1) * g.strideWidth + (g.kernelWidth - 1) * g.dilationWidth + 1;
  const taps = new Int32Array(channels * g.kernelHeight * g.kernelWidth);
  const pixels = new Int32Array(g.outHeight * g.outWidth);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let u = 0; u < g.kernelHeight; u++) {
      for (let v = 0; v < g.kernelWidth; v++) {
        taps[at++] = (c * height + u * g.dilationHeight) * width + v * g.dilationWidth;
      }
    }
  }
  at = 0;
  for (let i = 0; i < g.outHeight; i++) {
    for (let j = 0; j < g.outWidth; j++) pixels[at++] = i * g.strideHeight * width + j * g.strideWidth;
  }
  return { channels, height, width, taps, pixels };
}

/**
 * padded[c, i + paddingTop, j + paddingLeft] = image[c, i, j] for all pixels that the kernel reaches. Leaves the padding
 * as it is: the caller fills it with zeros once for all images. Adjoint: {@link crop}.
 *
 * @param at where the group's first channel starts in `image`
 */
export function pad(g: ConvGeometry, patches: Patches, image: FloatArray, at: number, padded: FloatArray): void {
  const { height, width } = patches;
  const rows = Math.min(g.height, height - g.paddingTop);
  const columns = Math.min(g.width, width - g.paddingLeft);
  for (let c = 0; c < patches.channels; c++) {
    for (let i = 0; i < rows; i++) {
      const from = at + (c * g.height + i) * g.width;
      const to = (c * height + i + g.paddingTop) * width + g.paddingLeft;
      for (let j = 0; j < columns; j++) padded[to + j] = image[from + j]!;
    }
  }
}

/** image[c, i, j] = padded[c, i + paddingTop, j + paddingLeft] for all pixels that the kernel reaches. Adjoint: {@link pad}. */
export function crop(g: ConvGeometry, patches: Patches, padded: FloatArray, image: FloatArray, at: number): void {
  const { height, width } = patches;
  const rows = Math.min(g.height, height - g.paddingTop);
  const columns = Math.min(g.width, width - g.paddingLeft);
  for (let c = 0; c < patches.channels; c++) {
    for (let i = 0; i < rows; i++) {
      const to = at + (c * g.height + i) * g.width;
      const from = (c * height + i + g.paddingTop) * width + g.paddingLeft;
      for (let j = 0; j < columns; j++) image[to + j] = padded[from + j]!;
    }
  }
}
