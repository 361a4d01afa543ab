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
import { StochasticDepth } from "../layers/stochastic-depth.js";

/** The nearest multiple of 8 that is not below 0.9 of the number. */
export function multipleOf8(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

/** A block of these layers, which are its keys, one after the other unless `compose` says otherwise: {@link graph} without types. */
export function block<const L extends Layers>(
  layers: L,
  compose = (own: L, x: Value) => x.through(...(Object.values(own) as Layer[])) as Value,
): Layer {
  return graph(["N", "C", "H", "W"], layers, (own, x) => compose(own, x as unknown as Value)) as unknown as Layer;
}

/** Chains of layers side by side, whose outputs are concatenated; the keys of all of them are the block's. */
export function branches(...chains: readonly Layers[]): Layer {
  return block(Object.assign({}, ...chains) as Layers, (own, x) => {
    const through = (chain: Layers) => x.through(...Object.keys(chain).map((key) => own[key] as Layer)) as Value;
    const [first, ...rest] = chains.map(through) as [Value, ...Value[]];
    return first.concat(rest) as Value;
  });
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

interface InvertedResidualOptions extends InitOptions {
  readonly from: number;
  /** Channels inside. */
  readonly hidden: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  /** Keeps the size when it is more than 1, whatever the stride. */
  readonly dilation?: number;
  readonly norm?: BatchNormOptions;
  readonly activation: () => Layer;
  readonly gate: (() => Layer) | undefined;
  /** Probability that the block is skipped for a sample in train mode. */
  readonly skipped?: number;
}

/** Expands the channels, filters each by itself, gates them, and projects them to few ones, without an activation there. */
export class InvertedResidual extends Composite {
  readonly block: Sequential;
  readonly stochasticDepth: StochasticDepth | undefined;
  readonly #residual: boolean;

  constructor(
    override readonly name: string,
    {
      from,
      hidden,
      to,
      kernel,
      stride,
      dilation = 1,
      norm = {},
      activation,
      gate,
      skipped,
      ...init
    }: InvertedResidualOptions,
  ) {
    super();
    const options = { norm, ...init };
    const depthwise = { stride: dilation > 1 ? 1 : stride, dilation, groups: hidden, ...options };
    this.block = new Sequential(
      ...(hidden === from ? [] : [convNorm(from, hidden, 1, options, activation())]),
      convNorm(hidden, hidden, kernel, depthwise, activation()),
      ...(gate ? [gate()] : []),
      convNorm(hidden, to, 1, options),
    );
    this.#residual = stride === 1 && from === to;
    if (this.#residual && skipped !== undefined) this.stochasticDepth = new StochasticDepth(skipped, "row", init);
  }

  compose(x: Value): Value {
    const y = this.block.of(x);
    return this.#residual ? (this.stochasticDepth?.of(y) ?? y).add(x) : y;
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
