/** Options that many networks have in common. */
import { checkInteger, checkPositive, checkRange } from "../shape/check.js";
import type { Random } from "../tensor/random.js";

/** Options of networks that score each pixel. */
export interface SegmentationOptions {
  /** Number of classes, channels of the output. Default 21, PASCAL VOC's with the background. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 3. */
  readonly inChannels?: number;
  /** Multiplies the channels inside. Default 1. */
  readonly width?: number;
  /** Where random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

interface CommonOptions {
  readonly numClasses?: number;
  readonly inChannels?: number;
  readonly width?: number;
  readonly dropout?: number;
}

/**
 * Those options that a network has, with its defaults.
 * @throws ArgumentError for numbers of classes or channels that are not positive integers, a width that is not above 0, or
 *   a dropout outside 0 to 1.
 */
export function checkCommon(
  model: string,
  { numClasses = 1, inChannels = 1, width = 1, dropout = 0 }: CommonOptions,
): void {
  checkInteger(model, "numClasses", numClasses, 1);
  checkInteger(model, "inChannels", inChannels, 1);
  checkPositive(model, "width", width);
  checkRange(model, "dropout", dropout, 0, 1);
}

/** How many channels a layer has that the paper gives `channels`: the nearest number, at least 1. */
export function widened(channels: number, width: number): number {
  return Math.max(1, Math.round(channels * width));
}
