import { Cache } from "../graph/cache.js";
import type { Epilogue } from "../graph/epilogue.js";
import { Layer } from "../graph/layer.js";
import type { How, Traits } from "../graph/module.js";
import type { Parameter } from "../graph/parameter.js";
import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../ops/conv2d.js";
import { pad2d, pad2dBackward } from "../ops/pad2d.js";
import {
  type ConvGeometry,
  type ConvSettings,
  convGeometry,
  convShape,
  paddedGeometry,
  paddingSides,
} from "../shape/conv.js";
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
  readonly settings: ConvSettings;
  readonly #cache = new Cache<{ g: ConvGeometry; x: Tensor; inputShape: Shape }>();

  protected constructor(settings: ConvSettings, bias: boolean, random: Random | undefined) {
    super();
    this.settings = settings;
    const { inChannels, outChannels, groups, kernelSize, dimensions } = settings;
    const filter = [inChannels / groups, ...kernelSize.slice(2 - dimensions)];
    const parameters = learned(settings.layer, [outChannels, ...filter], outChannels, bias, random);
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
    const { settings } = this;
    const geometry = convGeometry(settings, x.shape);
    const shape = convShape(settings, x.shape, geometry);
    const zeros = settings.paddingMode === "zeros";
    const padded = zeros ? x : pad2d(x, paddingSides(settings), settings.paddingMode, this.name);
    const g = zeros ? geometry : paddedGeometry(geometry, settings);
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
    const { settings } = this;
    return settings.paddingMode === "zeros"
      ? dx
      : pad2dBackward(dx, inputShape, paddingSides(settings), settings.paddingMode);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return convShape(this.settings, inputShape);
  }

  override multiplyAdds(inputShape: Shape): number {
    checkExtents(`${this.name}.multiplyAdds`, inputShape);
    const [, ...filter] = this.weight.value.shape;
    return sizeOf(this.inferShape(inputShape)) * sizeOf(filter);
  }

  protected override extraRepr(fields: object = this): string {
    return reprOf(
      fields,
      "inChannels, outChannels, kernelSize=, stride=, padding=0, dilation=1, groups=1, bias=true, paddingMode=zeros, algorithm=auto",
    );
  }
}
