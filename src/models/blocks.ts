/** What several networks are made of. */
import { Composite } from "../graph/composite.js";
import { graph, type Layers } from "../graph/graph.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { BatchNorm2d, type BatchNormOptions } from "../layers/batch-norm.js";
import { Conv2d, type Conv2dOptions } from "../layers/conv2d.js";
import type { InitOptions } from "../layers/initializers.js";
import { Sequential } from "../layers/sequential.js";

/** The nearest multiple of 8 that is not below 0.9 of the number. */
export function multipleOf8(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

/** A block of these layers, which are its keys: {@link graph} without types. */
export function block<const L extends Layers>(layers: L, compose: (layers: L, x: Value) => Value): Layer {
  return graph(["N", "C", "H", "W"], layers, (own, x) => compose(own, x as unknown as Value)) as unknown as Layer;
}

export interface ConvNormOptions extends Omit<Conv2dOptions, "bias" | "padding"> {
  readonly norm?: BatchNormOptions;
}

/** A convolution that keeps the size except for its stride, a batch norm, and an activation if there is one. */
export function convNorm(
  from: number,
  to: number,
  kernel: number,
  { norm = {}, ...options }: ConvNormOptions,
  ...activation: readonly Layer[]
): Sequential {
  const padding = (Number(options.dilation ?? 1) * (kernel - 1)) / 2;
  const conv = new Conv2d(from, to, kernel, { ...options, padding, bias: false });
  return new Sequential(conv, new BatchNorm2d(to, norm), ...activation);
}

/** A convolution, a batch norm and a ReLU under Inception's keys. */
export function basicConv(
  from: number,
  to: number,
  kernel: number | readonly [number, number],
  options: Conv2dOptions,
) {
  const conv = new Conv2d(from, to, kernel, { ...options, bias: false });
  return block({ conv, bn: new BatchNorm2d(to, { eps: 0.001 }) }, (own, x) => x.through(own.conv, own.bn).relu());
}

/** Squeeze-and-excitation: each channel times a gate that the means of all of them decide. https://arxiv.org/abs/1709.01507 */
export class SqueezeExcitation extends Composite {
  override readonly name: string = "SqueezeExcitation";
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly activation: Layer;
  readonly scaleActivation: Layer;

  constructor(channels: number, squeezed: number, activation: Layer, scaleActivation: Layer, init: InitOptions) {
    super();
    this.fc1 = new Conv2d(channels, squeezed, 1, init);
    this.fc2 = new Conv2d(squeezed, channels, 1, init);
    this.activation = activation;
    this.scaleActivation = scaleActivation;
  }

  compose(x: Value): Value {
    return x.mul(x.through(this.avgpool, this.fc1, this.activation, this.fc2, this.scaleActivation) as Value);
  }
}

/** Images that were standardized by ImageNet's means and deviations, as they are from −1 to 1. */
export function transformInput(x: Value): Value {
  const [first, ...rest] = [
    [0.229, 0.485],
    [0.224, 0.456],
    [0.225, 0.406],
  ].map(([std = 1, mean = 0], c) =>
    x
      .slice(null, [c, c + 1])
      .mul(std / 0.5)
      .add((mean - 0.5) / 0.5),
  ) as [Value, ...Value[]];
  return first.concat(rest) as Value;
}
