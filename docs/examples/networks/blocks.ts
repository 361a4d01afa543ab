/** What mobile networks are made of, under torchvision's keys. */
import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, graph, Layer, Sequential } from "faltung";

export interface Options {
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  /** The batch norm's. */
  readonly eps?: number;
  readonly momentum?: number;
}

/** A convolution that keeps the size, but for its stride, a batch norm, and an activation if there is one. */
export function convNorm(from: number, to: number, kernel: number, options: Options, ...activation: readonly Layer[]) {
  const { stride = 1, dilation = 1, groups = 1, ...norm } = options;
  const padding = (dilation * (kernel - 1)) / 2;
  const conv = new Conv2d(from, to, kernel, { stride, padding, dilation, groups, bias: false });
  return new Sequential(conv, new BatchNorm2d(to, norm), ...activation);
}

/** Squeeze-and-excitation: each channel times a gate that the means of all of them decide. */
export function squeezeExcitation(channels: number, squeezed: number, activation: Layer, gate: Layer) {
  const [fc1, fc2] = [new Conv2d(channels, squeezed, 1), new Conv2d(squeezed, channels, 1)];
  return graph(["N", "C", "H", "W"], { fc1, fc2 }, (_, x) =>
    x.mul(x.through(new AdaptiveAvgPool2d(1), fc1, activation, fc2, gate)),
  );
}

export interface BlockOptions extends Options {
  readonly Activation: new () => Layer;
  /** What gates the filtered channels. */
  readonly gate?: Layer | undefined;
  /** What comes last, before the sum. */
  readonly drop?: Layer;
}

/** Expands the channels, filters each by itself, gates and projects them; its input is added where the shape stays. */
export function invertedResidual(from: number, hidden: number, to: number, kernel: number, options: BlockOptions) {
  const { stride = 1, dilation = 1, Activation, gate, drop, ...norm } = options;
  const layers = [
    hidden !== from && convNorm(from, hidden, 1, norm, new Activation()),
    convNorm(hidden, hidden, kernel, { stride, dilation, groups: hidden, ...norm }, new Activation()),
    gate,
    convNorm(hidden, to, 1, norm),
    drop,
  ];
  const block = new Sequential(...layers.filter((layer) => layer instanceof Layer));
  const adds = stride === 1 && from === to;
  return graph(["N", "C", "H", "W"], { block }, (_, x) => (adds ? block.of(x).add(x) : block.of(x)));
}

/** Scores of images, by the means of their features. */
export function classify(features: Layer, ...layers: readonly Layer[]) {
  const classifier = new Sequential(...layers);
  return graph(["N", 3, "H", "W"], { features, classifier }, (_, x) =>
    x.through(features, new AdaptiveAvgPool2d(1), new Flatten(), classifier),
  );
}
