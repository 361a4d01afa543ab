import { Cache } from "../graph/cache.js";
import type { Epilogue } from "../graph/epilogue.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import type { Parameter } from "../graph/parameter.js";
import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../ops/conv2d.js";
import { pad2d, pad2dBackward } from "../ops/pad2d.js";
import type { ConvAlgorithm } from "../shape/algorithm.js";
import {
  type ConvGeometry,
  type ConvSettings,
  convGeometry,
  convShape,
  paddedGeometry,
  paddingSides,
} from "../shape/conv.js";
import type { PaddingMode } from "../shape/pad.js";
import { checkExtents } from "../shape/reshape.js";
import type { ShapeRule } from "../shape/rule.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { learned } from "./initializers.js";
import { reprOf } from "./repr.js";

const TRAITS: Traits = { epilogue: "any", isFresh: true };

/** What {@link Conv1d} and {@link Conv2d} share: everything except how their options read. */
export abstract class Convolution<Rule extends ShapeRule> extends Layer<Rule> {
  /** `[outChannels, inChannels / groups, …kernelSize]` */
  readonly weight: Parameter;
  /** `[outChannels]`; undefined with `bias: false`. */
  readonly bias: Parameter | undefined;
  declare readonly inChannels: number;
  declare readonly outChannels: number;
  declare readonly kernelSize: readonly number[];
  /** Step between two positions of the kernel. */
  declare readonly stride: readonly number[];
  /** Samples added on each side, as a number for each dimension or in words. */
  declare readonly padding: readonly number[] | "same" | "valid";
  /** Distance between two taps of the kernel. */
  declare readonly dilation: readonly number[];
  /** Input and output channels are split into this many independent convolutions. */
  declare readonly groups: number;
  /** What the padding holds. */
  declare readonly paddingMode: PaddingMode;
  /** How the wasm backend computes it. */
  declare readonly algorithm: ConvAlgorithm;
  readonly #cache = new Cache<{ g: ConvGeometry; x: Tensor; inputShape: Shape }>();

  protected constructor(settings: ConvSettings, bias: boolean, random: Random | undefined) {
    super();
    Object.assign(this, settings);
    const { name, inChannels, outChannels, groups, kernelSize } = settings;
    const filter = [inChannels / groups, ...kernelSize];
    const parameters = learned(name, [outChannels, ...filter], outChannels, bias, random);
    this.weight = parameters.weight;
    this.bias = parameters.bias;
  }

  /** @internal */
  override get traits(): Traits {
    return this.compute === Convolution.prototype.compute ? TRAITS : {};
  }

  protected compute(x: Tensor): Tensor {
    return this.ownSelf.#compute(x);
  }

  /** @internal */
  override run(x: Tensor, how: How): Tensor {
    return how.epilogue ? this.#compute(x, how.epilogue) : super.run(x, how);
  }

  #compute(x: Tensor, epilogue?: Epilogue): Tensor {
    const { paddingMode } = this;
    const geometry = convGeometry(this, x.shape);
    const shape = convShape(this, x.shape, geometry);
    const zeros = paddingMode === "zeros";
    const padded = zeros ? x : pad2d(x, paddingSides(this), paddingMode, this.name);
    const g = zeros ? geometry : paddedGeometry(geometry, this);
    this.#cache.push({ g, x: padded, inputShape: x.shape });
    const y = epilogue?.inPlace ? epilogue.sum : undefined;
    return conv2d(g, padded, this.weight.value, this.bias?.value, shape, epilogue, y);
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { g, x, inputShape } = this.#cache.pop(this.name);
    if (this.weight.requiresGrad) conv2dWeightGradient(g, x, dy, this.weight.grad);
    if (this.bias?.requiresGrad) conv2dBiasGradient(g, dy, this.bias.grad);
    if (!inputGradient) return undefined;
    const dx = conv2dInputGradient(g, dy, this.weight.value, x.shape);
    const { paddingMode } = this;
    return paddingMode === "zeros" ? dx : pad2dBackward(dx, inputShape, paddingSides(this), paddingMode);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return convShape(this, inputShape);
  }

  override multiplyAdds(inputShape: Shape): number {
    checkExtents(`${this.name}.multiplyAdds`, inputShape);
    const [, ...filter] = this.weight.value.shape;
    return sizeOf(this.inferShape(inputShape)) * sizeOf(filter);
  }

  protected override extraRepr(): string {
    return reprOf(
      this,
      "inChannels, outChannels, kernelSize=, stride=, padding=0, dilation=1, groups=1, bias=true, paddingMode=zeros, algorithm=auto",
    );
  }
}
