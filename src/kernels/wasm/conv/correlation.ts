/**
 * What the convolution and its input gradient have in common:
 *
 *     out[m, i, j] = Σ_{c,t} weights[m, c, t] · image[c, i·strideHeight + tap[t].row, j·strideWidth + tap[t].column]
 *
 * for the channels c and the outputs m of one group; what lies outside the image is 0.
 */
import type { ConvGeometry } from "../../../shape/conv.js";

export interface Tap {
  readonly row: number;
  readonly column: number;
  /** The kernel's entry that it is multiplied with: u·kernelWidth + v. */
  readonly entry: number;
}

export interface Correlation {
  /** Of the image, in one group. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly taps: readonly Tap[];
}

/** The convolution itself. */
export function forwardCorrelation(g: ConvGeometry): Correlation {
  return {
    channels: g.inChannels / g.groups,
    height: g.height,
    width: g.width,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
    taps: eachEntry(g, (u, v) => ({
      row: u * g.dilationHeight - g.paddingTop,
      column: v * g.dilationWidth - g.paddingLeft,
    })),
  };
}

/** The part of the input gradient on rows phaseRow, phaseRow + stride, … and columns likewise. */
export interface Phase extends Correlation {
  readonly phaseRow: number;
  readonly phaseColumn: number;
}

/**
 * The input gradient as correlations of dy. Pixel y of the input meets entry u where y + padding − u·dilation is a
 * multiple of the stride, so every y modulo the stride has its own entries, and a correlation of stride 1.
 */
export function inputGradientPhases(g: ConvGeometry): Phase[] {
  const phases: Phase[] = [];
  for (let phaseRow = 0; phaseRow < Math.min(g.strideHeight, g.height); phaseRow++) {
    for (let phaseColumn = 0; phaseColumn < Math.min(g.strideWidth, g.width); phaseColumn++) {
      phases.push({
        phaseRow,
        phaseColumn,
        channels: g.outChannels / g.groups,
        height: g.outHeight,
        width: g.outWidth,
        outHeight: Math.ceil((g.height - phaseRow) / g.strideHeight),
        outWidth: Math.ceil((g.width - phaseColumn) / g.strideWidth),
        strideHeight: 1,
        strideWidth: 1,
        taps: eachEntry(g, (u, v) => {
          const row = (phaseRow + g.paddingTop - u * g.dilationHeight) / g.strideHeight;
          const column = (phaseColumn + g.paddingLeft - v * g.dilationWidth) / g.strideWidth;
          return Number.isInteger(row) && Number.isInteger(column) ? { row, column } : undefined;
        }),
      });
    }
  }
  return phases;
}

function eachEntry(g: ConvGeometry, tapOf: (u: number, v: number) => Omit<Tap, "entry"> | undefined): Tap[] {
  const taps: Tap[] = [];
  for (let u = 0; u < g.kernelHeight; u++) {
    for (let v = 0; v < g.kernelWidth; v++) {
      const tap = tapOf(u, v);
      if (tap) taps.push({ ...tap, entry: u * g.kernelWidth + v });
    }
  }
  return taps;
}
