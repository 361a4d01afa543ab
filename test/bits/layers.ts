/** Every other layer: forward, input gradient, gradients of its parameters, its buffers. */

import type { Layer } from "../../src/graph/layer.js";
import * as faltung from "../../src/index.js";
import { Random } from "../../src/tensor/random.js";
import type { Digest } from "./digest.js";

const MAP = [3, 8, 13, 15] as const;

/** A family: its layers with the shapes that they run on. */
const FAMILIES: Record<string, () => readonly (readonly [Layer, readonly number[]])[]> = {
  pooling: () => [
    [new faltung.MaxPool2d(2), [4, 6, 28, 28]],
    [new faltung.MaxPool2d(3, { stride: 2, padding: 1 }), MAP],
    [new faltung.MaxPool2d([2, 3], { dilation: 2, ceilMode: true }), MAP],
    [new faltung.AvgPool2d(2), [4, 6, 28, 28]],
    [new faltung.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }), MAP],
    [new faltung.AdaptiveAvgPool2d(5), MAP],
    [new faltung.AdaptiveMaxPool2d([4, 7]), MAP],
    [new faltung.GlobalAvgPool2d(), MAP],
    [new faltung.GlobalMaxPool2d(), MAP],
  ],
  normalization: () => [
    [new faltung.BatchNorm2d(8), MAP],
    [new faltung.BatchNorm1d(37), [19, 37]],
    [new faltung.InstanceNorm2d(8, { affine: true, trackRunningStats: true }), MAP],
    [new faltung.GroupNorm(4, 8), MAP],
    [new faltung.LayerNorm([37]), [19, 37]],
    [new faltung.LayerNorm([13, 15]), MAP],
    [new faltung.LocalResponseNorm(5), MAP],
    [new faltung.LocalResponseNorm(3, { beta: 0.6 }), MAP],
  ],
  "piecewise activations": () =>
    [
      new faltung.ReLU(),
      new faltung.ReLU6(),
      new faltung.LeakyReLU(),
      new faltung.ELU(),
      new faltung.SELU(),
      new faltung.Hardsigmoid(),
      new faltung.Hardswish(),
      new faltung.Hardtanh(),
      new faltung.Hardshrink(),
      new faltung.Softshrink(),
      new faltung.PReLU(8),
      new faltung.Maxout(2),
    ].map((layer) => [layer, MAP] as const),
  "smooth activations": () =>
    [
      new faltung.Sigmoid(),
      new faltung.Tanh(),
      new faltung.GELU(),
      new faltung.GELU({ approximate: "tanh" }),
      new faltung.SiLU(),
      new faltung.Mish(),
      new faltung.Softplus(),
      new faltung.Softplus({ beta: 2, threshold: 3 }),
      new faltung.Softsign(),
      new faltung.Tanhshrink(),
      new faltung.LogSigmoid(),
    ].map((layer) => [layer, MAP] as const),
  softmax: () => [
    [new faltung.Softmax(1), [33, 10]],
    [new faltung.Softmax(1), MAP],
    [new faltung.LogSoftmax(-1), [33, 10]],
    [new faltung.LogSoftmax(2), MAP],
  ],
  "dropout, resizing, padding": () => [
    [new faltung.Dropout(0.3, { random: new Random(5) }), MAP],
    [new faltung.Dropout2d(0.5, { random: new Random(6) }), MAP],
    [new faltung.Upsample({ scaleFactor: 2, mode: "bilinear" }), MAP],
    [new faltung.Upsample({ size: [20, 9], mode: "bicubic" }), MAP],
    [new faltung.ZeroPad2d([1, 2, 0, 3]), MAP],
    [new faltung.PixelShuffle(2), MAP],
  ],
  "neighbors that run as one": () => {
    const network = () =>
      new faltung.Sequential(
        new faltung.Conv2d(8, 12, 3, { padding: 1, random: new Random(1) }),
        new faltung.BatchNorm2d(12),
        new faltung.ReLU(),
        new faltung.Conv2d(12, 7, 3, { random: new Random(2) }),
        new faltung.ReLU(),
        new faltung.MaxPool2d(2),
      );
    return [
      [network(), MAP],
      [network().eval(), MAP],
    ];
  },
  "sums and concatenations of branches": () => {
    const conv = (seed: number) => new faltung.Conv2d(8, 8, 3, { padding: 1, random: new Random(seed) });
    return [
      [new faltung.Residual(conv(1)), MAP],
      [new faltung.Parallel([conv(2), conv(3)]), MAP],
      [new faltung.Parallel([conv(4), conv(5)], { merge: "add" }), MAP],
    ];
  },
};

export const layers: Record<string, (digest: Digest) => void> = Object.fromEntries(
  Object.entries(FAMILIES).map(([name, make]) => [
    name,
    (digest: Digest) => {
      for (const [layer, shape] of make()) digest.layer(layer, shape);
    },
  ]),
);
