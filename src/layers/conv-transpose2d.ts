import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import type { Traits } from "../graph/module.js";
import type { Parameter } from "../graph/parameter.js";
import {
  convTranspose2d,
  convTranspose2dBiasGradient,
  convTranspose2dInputGradient,
  convTranspose2dWeightGradient,
} from "../ops/conv-transpose2d.js";
import type { ConvAlgorithm } from "../shape/algorithm.js";
import { readOptions } from "../shape/check.js";
import { CONV_DEFAULTS, type ConvGeometry, type GroupsFit, type Sizes } from "../shape/conv.js";
import {
  type ConvTranspose2dRule,
  type ConvTranspose2dShapeOptions,
  convTransposeGeometry,
  convTransposeSettings,
  convTransposeShape,
} from "../shape/conv-transpose.js";
import { checkExtents } from "../shape/reshape.js";
import type { DefaultOptions, OnlyOptions, PairOf } from "../shape/rule.js";
import { type Pair, type Shape, sizeOf } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { type InitOptions, learned } from "./initializers.js";
import { reprOf } from "./repr.js";

/** Options of {@link ConvTranspose2d}; every default is torch's. */
export interface ConvTranspose2dOptions extends ConvTranspose2dShapeOptions, InitOptions {}

/**
 * Stamps learned filters onto a larger image, one copy for each input pixel: the adjoint of {@link Conv2d}, also called
 * fractionally strided convolution. `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]` with
 * H′ = (H − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1 and W′ likewise. `[C, H, W]` works too.
 *
 *     y[n, o, i·stride + u·dilation − padding, …] = bias[o] + Σ_{c,i,u} weight[c, o, u, v] · x[n, c, i, j]
 *
 * Parameters: `weight` `[inChannels, outChannels / groups, kernelHeight, kernelWidth]` and `bias` `[outChannels]`,
 * both uniform in ±1/√(outChannels / groups · kernelHeight · kernelWidth).
 *
 * @throws ArgumentError for sizes that are not positive integers, channels that `groups` does not divide, or an
 *   outputPadding that is neither smaller than the stride nor than the dilation; ShapeError (from forward) for a wrong
 *   rank, wrong channels, or a padding that leaves no output.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 *
 * @example
 * const up = new ConvTranspose2d(8, 4, 4, { stride: 2, padding: 1 });
 * up.forward(randn([1, 8, 16, 16])).shape; // [1, 4, 32, 32]
 */
export class ConvTranspose2d<
  const Ci extends number = number,
  const Co extends number = number,
  const K extends Pair = Pair,
  const O extends ConvTranspose2dOptions | undefined = DefaultOptions<K, ConvTranspose2dOptions>,
> extends Layer<ConvTranspose2dRule<Ci, Co, K, O>> {
  override readonly name: string = "ConvTranspose2d";
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  declare readonly inChannels: Ci;
  declare readonly outChannels: Co;
  declare readonly kernelSize: PairOf<K>;
  /** Distance between the places of two neighboring input pixels in the output. */
  declare readonly stride: Sizes;
  /** Rows and columns cut off on each side of the output. */
  declare readonly padding: Sizes;
  /** Rows below and columns right that the output has on top. */
  declare readonly outputPadding: Sizes;
  /** Distance between two taps of the kernel. */
  declare readonly dilation: Sizes;
  /** Input and output channels are split into this many independent convolutions. */
  declare readonly groups: number;
  declare readonly paddingMode: "zeros";
  /** How the wasm backend computes it. */
  declare readonly algorithm: ConvAlgorithm;
  readonly #cache = new Cache<{ g: ConvGeometry; x: Tensor }>();

  constructor(inChannels: Ci, outChannels: Co, kernelSize: K);
  constructor(
    inChannels: Ci,
    outChannels: Co,
    kernelSize: K,
    options: O & OnlyOptions<"ConvTranspose2d", O, ConvTranspose2dOptions> & GroupsFit<"ConvTranspose2d", Ci, Co, O>,
  );
  constructor(inChannels: Ci, outChannels: Co, kernelSize: K, options: ConvTranspose2dOptions = {}) {
    super();
    const defaults = { ...CONV_DEFAULTS, outputPadding: 0 };
    const { bias: hasBias, random, ...taps } = readOptions("ConvTranspose2d", options, defaults);
    Object.assign(this, convTransposeSettings("ConvTranspose2d", inChannels, outChannels, kernelSize, taps));
    const filter = [outChannels / this.groups, ...this.kernelSize];
    const { weight, bias } = learned("ConvTranspose2d", [inChannels, ...filter], outChannels, hasBias, random);
    this.weight = weight;
    this.bias = bias;
  }

  /** @internal */
  override get traits(): Traits {
    return this.compute === ConvTranspose2d.prototype.compute ? { isFresh: true } : {};
  }

  protected compute(x: Tensor): Tensor {
    const g = convTransposeGeometry(this, x.shape);
    this.#cache.push({ g, x });
    return convTranspose2d(g, x, this.weight.value, this.bias?.value, this.inferShape(x.shape));
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x } = this.#cache.pop(this.name);
    if (this.weight.requiresGrad) convTranspose2dWeightGradient(g, x, dy, this.weight.grad);
    if (this.bias?.requiresGrad) convTranspose2dBiasGradient(g, dy, this.bias.grad);
    return inputGradient ? convTranspose2dInputGradient(g, dy, this.weight.value, x.shape) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return convTransposeShape(this, inputShape);
  }

  /** Every input pixel meets every weight of its channel. */
  override multiplyAdds(inputShape: Shape): number {
    checkExtents(`${this.name}.multiplyAdds`, inputShape);
    this.inferShape(inputShape);
    const [, ...filter] = this.weight.value.shape;
    return sizeOf(inputShape) * sizeOf(filter);
  }

  protected override extraRepr(): string {
    return reprOf(
      this,
      "inChannels, outChannels, kernelSize=, stride=, padding=0, outputPadding=0, dilation=1, groups=1, bias=true, algorithm=auto",
    );
  }
}
