import { readOptions } from "../shape/check.js";
import {
  CONV_DEFAULTS,
  type Conv1dRule,
  type Conv1dShapeOptions,
  conv1dSettings,
  type GroupsFit,
} from "../shape/conv.js";
import type { DefaultOptions, OnlyOptions } from "../shape/rule.js";
import { Convolution } from "./convolution.js";
import type { InitOptions } from "./initializers.js";

/** Options of {@link Conv1d}: those of Conv2d with one number per size. */
export interface Conv1dOptions extends Conv1dShapeOptions, InitOptions {}

/**
 * Slides learned filters along a batch of signals and adds a bias: `[N, inChannels, L]` → `[N, outChannels, L′]`
 * with L′ = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1. `[C, L]` works too.
 *
 *     y[n, o, i] = bias[o] + Σ_{c,u} weight[o, c, u] · x[n, c, i·stride + u·dilation − padding]
 *
 * Parameters: `weight` `[outChannels, inChannels / groups, kernelSize]` and `bias` `[outChannels]`,
 * both uniform in ±1/√(inChannels / groups · kernelSize). Options are those of Conv2d, with one number per size.
 *
 * @throws ArgumentError for sizes that are not positive integers, channels that `groups` does not divide, or `"same"`
 *   with a stride; ShapeError (from forward) for a wrong rank, wrong channels, a kernel longer than the padded input,
 *   or a padding that mirrors or wraps around more than the signal has.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 *
 * @example
 * const conv = new Conv1d(2, 8, 5, { padding: "same" });
 * conv.forward(randn([1, 2, 100])).shape; // [1, 8, 100]
 */
export class Conv1d<
  const Ci extends number = number,
  const Co extends number = number,
  const K extends number = number,
  const O extends Conv1dOptions | undefined = DefaultOptions<K, Conv1dOptions>,
> extends Convolution<Conv1dRule<Ci, Co, K, O>> {
  override readonly name: string = "Conv1d";
  declare readonly inChannels: Ci;
  declare readonly outChannels: Co;
  declare readonly kernelSize: readonly [K];
  declare readonly stride: readonly [number];
  declare readonly padding: readonly [number] | "same" | "valid";
  declare readonly dilation: readonly [number];

  constructor(inChannels: Ci, outChannels: Co, kernelSize: K);
  constructor(
    inChannels: Ci,
    outChannels: Co,
    kernelSize: K,
    options: O & OnlyOptions<"Conv1d", O, Conv1dOptions> & GroupsFit<"Conv1d", Ci, Co, O>,
  );
  constructor(inChannels: Ci, outChannels: Co, kernelSize: K, options: Conv1dOptions = {}) {
    const { bias, random, ...taps } = readOptions("Conv1d", options, CONV_DEFAULTS);
    super(conv1dSettings("Conv1d", inChannels, outChannels, kernelSize, taps), bias, random);
  }
}
