import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../ops/conv2d.js";
import { pad2d, pad2dBackward } from "../ops/pad2d.js";
import { checkOptions } from "../shape/check.js";
import {
  type Conv2dOptions,
  type ConvGeometry,
  type ConvSettings,
  convGeometry,
  convSettings,
  convShape,
} from "../shape/conv.js";
import type { Pair, Shape } from "../shape/shape.js";
import { sizeOf } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { initialiseLike } from "./initialisers.js";
import { Layer } from "./layer.js";
import { Parameter } from "./parameter.js";

/**
 * Slides learned filters over a batch of images and adds a bias: `[N, inChannels, H, W]` → `[N, outChannels, H′, W′]`
 * with H′ = ⌊(H + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1 and W′ likewise. `[C, H, W]` works too.
 *
 *     y[n, o] = bias[o] + Σ_c weight[o, c] ⋆ x[n, c]      (⋆ is cross-correlation)
 *
 * Parameters: `weight` `[outChannels, inChannels / groups, kernelHeight, kernelWidth]` and `bias` `[outChannels]`,
 * both uniform in ±1/√(inChannels / groups · kernelHeight · kernelWidth).
 *
 * @throws ArgumentError for sizes that are no positive integers, channels that `groups` does not divide, or `"same"`
 *   with a stride; ShapeError (from forward) for a wrong rank, wrong channels, or a kernel larger than the padded input.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 *
 * @example
 * const conv = new Conv2d(3, 8, 3, { padding: 1 });
 * conv.forward(randn([1, 3, 32, 32])).shape; // [1, 8, 32, 32]
 */
export class Conv2d extends Layer {
  override readonly name: string = "Conv2d";
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly settings: ConvSettings;
  readonly #cache = new Cache<{ g: ConvGeometry; x: Tensor; inputShape: Shape }>();

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: Conv2dOptions & { readonly random?: Random } = {},
  ) {
    super();
    checkOptions("Conv2d", options, "{ stride: 2, padding: 1 }");
    this.settings = convSettings("Conv2d", inChannels, outChannels, kernelSize, options);
    const { groups, kernelSize: kernel } = this.settings;
    const weight = allocate([outChannels, inChannels / groups, ...kernel], "float32");
    const bias = options.bias === false ? undefined : allocate([outChannels], "float32");
    initialiseLike(weight, bias, (inChannels / groups) * kernel[0] * kernel[1], options.random);
    this.weight = new Parameter("weight", weight);
    this.bias = bias && new Parameter("bias", bias);
  }

  protected compute(x: Tensor): Tensor {
    const { settings } = this;
    const shape = convShape(settings, x.shape);
    const padded = settings.paddingMode === "zeros" ? x : pad2d(x, padding(settings), settings.paddingMode, this.name);
    const g = convGeometry(padded === x ? settings : unpadded(settings), padded.shape);
    this.#cache.push({ g, x: padded, inputShape: x.shape });
    return conv2d(g, padded, this.weight.value, this.bias?.value, shape);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x, inputShape } = this.#cache.pop(this.name);
    if (this.weight.requiresGrad) conv2dWeightGradient(g, x, dy, this.weight.grad);
    if (this.bias?.requiresGrad) conv2dBiasGradient(g, dy, this.bias.grad);
    if (!inputGradient) return undefined;
    const dx = conv2dInputGradient(g, dy, this.weight.value, x.shape);
    const { settings } = this;
    return settings.paddingMode === "zeros"
      ? dx
      : pad2dBackward(dx, inputShape, padding(settings), settings.paddingMode);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return convShape(this.settings, inputShape);
  }

  override multiplyAdds(inputShape: Shape): number {
    const [, ...filter] = this.weight.value.shape;
    return sizeOf(this.inferShape(inputShape)) * sizeOf(filter);
  }
}

/** `[left, right, top, bottom]`, torch's order for padding an image. */
function padding({ paddingBefore, paddingAfter }: ConvSettings): readonly [number, number, number, number] {
  return [paddingBefore[1], paddingAfter[1], paddingBefore[0], paddingAfter[0]];
}

/** The same convolution of an input that has been padded already. */
function unpadded(settings: ConvSettings): ConvSettings {
  return { ...settings, paddingBefore: [0, 0], paddingAfter: [0, 0] };
}
