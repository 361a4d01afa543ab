import { checkInteger, checkOptions } from "../../shape/check.js";
import type { Random } from "../../tensor/random.js";
import { checkWidth, widened } from "../width.js";

/** Options of the three face networks. The weights of face-api fit the defaults. */
export interface FaceNetworkOptions {
  /** Channels of the input image. Default 3: red, green, blue. */
  readonly inChannels?: number;
  /** Multiplies the channels inside. Default 1. */
  readonly width?: number;
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** The options with their defaults, checked; `widened` multiplies a number of channels. */
export function faceNetworkOptions(model: string, options: FaceNetworkOptions) {
  checkOptions(model, options, "{ width: 0.5 }");
  const { inChannels = 3, width = 1, random } = options;
  checkInteger(model, "inChannels", inChannels, 1);
  checkWidth(model, width);
  return { inChannels, widened: (channels: number) => widened(channels, width), init: random ? { random } : {} };
}
