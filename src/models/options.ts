/** Options that many networks have in common. */
import type { InitOptions } from "../layers/initializers.js";
import { checkInteger, checkPositive, checkRange, type Defaults, type Read, readOptions } from "../shape/check.js";
import type { Random } from "../tensor/random.js";

/** Options that every classifier of images takes. */
export interface ClassifierOptions {
  /** Number of classes. Default 1000, ImageNet's. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 3. */
  readonly inChannels?: number;
  /** Multiplies the channels inside. Default 1. */
  readonly width?: number;
  /** Where the initial weights and what is dropped come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** Options of networks that score each pixel. */
export interface SegmentationOptions extends Omit<ClassifierOptions, "numClasses"> {
  /** Number of classes, channels of the output. Default 21, PASCAL VOC's with the background. */
  readonly numClasses?: number;
}

/** The defaults of {@link ClassifierOptions}. */
export const IMAGENET = { numClasses: 1000, inChannels: 3, width: 1 };

interface CommonOptions {
  readonly numClasses?: number;
  readonly inChannels?: number;
  readonly width?: number;
  readonly dropout?: number;
}

/**
 * A network's options with their defaults, those that it has in common with others checked; `init` is what its layers draw
 * from.
 * @throws ArgumentError for unknown names and what {@link checkCommon} refuses.
 */
export function readNetwork<O extends { readonly random?: Random }, const D extends Defaults<Omit<O, "random">, D>>(
  model: string,
  options: O,
  defaults: D,
): Read<Omit<O, "random">, D> & { readonly init: InitOptions } {
  const { random, ...read } = readOptions<object, object>(model, options, { ...defaults, random: undefined }) as {
    readonly random?: Random;
  };
  checkCommon(model, read);
  return { ...(read as Read<Omit<O, "random">, D>), init: random ? { random } : {} };
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
