import { readOptions } from "../shape/check.js";
import {
  CONV_DEFAULTS,
  type Conv2dRule,
  type Conv2dShapeOptions,
  convSettings,
  type GroupsFit,
  type Sizes,
} from "../shape/conv.js";
import type { DefaultOptions, OnlyOptions, PairOf } from "../shape/rule.js";
import type { Pair } from "../shape/shape.js";
import { Convolution } from "./convolution.js";
import type { InitOptions } from "./initializers.js";

/** Options of {@link Conv2d}; every default is torch's. */
export interface Conv2dOptions extends Conv2dShapeOptions, InitOptions {}

/**
 * Slides learned filters over a batch of images and adds a bias: `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]`
 * with H′ = ⌊(H + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1 and W′ likewise. `[C, H, W]` works too.
 *
 *     y[n, o] = bias[o] + Σ_c weight[o, c] ⋆ x[n, c]      (⋆ is cross-correlation)
 *
 * Parameters: `weight` `[outChannels, inChannels / groups, kernelHeight, kernelWidth]` and `bias` `[outChannels]`,
 * both uniform in ±1/√(inChannels / groups · kernelHeight · kernelWidth).
 *
 * @throws ArgumentError for sizes that are not positive integers, channels that `groups` does not divide, or `"same"`
 *   with a stride; ShapeError (from forward) for a wrong rank, wrong channels, a kernel larger than the padded input,
 *   or a padding that mirrors or wraps around more than the image has.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 *
 * @example
 * const conv = new Conv2d(3, 8, 3, { padding: 1 });
 * conv.forward(randn([1, 3, 32, 32])).shape; // [1, 8, 32, 32]
 */
export class Conv2d<
  const Ci extends number = number,
  const Co extends number = number,
  const K extends Pair = Pair,
  const O extends Conv2dOptions | undefined = DefaultOptions<K, Conv2dOptions>,
> extends Convolution<Conv2dRule<Ci, Co, K, O>> {
  override readonly name: string = "Conv2d";
  declare readonly inChannels: Ci;
  declare readonly outChannels: Co;
  declare readonly kernelSize: PairOf<K>;
  declare readonly stride: Sizes;
  declare readonly padding: Sizes | "same" | "valid";
  declare readonly dilation: Sizes;

  constructor(inChannels: Ci, outChannels: Co, kernelSize: K);
  constructor(
    inChannels: Ci,
    outChannels: Co,
    kernelSize: K,
    options: O & OnlyOptions<"Conv2d", O, Conv2dOptions> & GroupsFit<"Conv2d", Ci, Co, O>,
  );
  constructor(inChannels: Ci, outChannels: Co, kernelSize: K, options: Conv2dOptions = {}) {
    const { bias, random, ...taps } = readOptions("Conv2d", options, CONV_DEFAULTS);
    super(convSettings("Conv2d", inChannels, outChannels, kernelSize, taps), bias, random);
  }
}
