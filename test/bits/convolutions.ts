/** Convolutions of every kind that has a kernel of its own, and Linear: forward and both gradients. */
import { Conv1d, Conv2d, ConvTranspose2d, Linear } from "../../src/index.js";
import { Random } from "../../src/tensor/random.js";
import type { Digest } from "./digest.js";

const random = () => ({ random: new Random(1) });

/** [N, channels, height, width], filters, kernel, options. */
const SHAPES = {
  batched: [
    [[32, 1, 28, 28], 6, 5, { padding: 2 }],
    [[32, 6, 14, 14], 16, 5, {}],
    [[7, 5, 9, 8], 11, 3, { padding: 1, stride: 2 }],
  ],
  product: [
    [[1, 3, 61, 61], 24, 7, { stride: 2, padding: 3 }],
    [[1, 64, 27, 27], 48, 5, { padding: 2 }],
    [[2, 19, 23, 21], 21, [3, 2], { padding: [1, 0] }],
    [[1, 3, 61, 61], 24, 7, { stride: 2, padding: 3, algorithm: "im2col" }],
    [[1, 64, 27, 27], 48, 5, { padding: 2, algorithm: "im2col" }],
  ],
  pointwise: [
    [[1, 67, 28, 28], 33, 1, {}],
    [[3, 24, 15, 15], 40, 1, { stride: 2 }],
  ],
  "three by three": [
    [[1, 64, 56, 56], 64, 3, { padding: 1 }],
    [[1, 128, 14, 14], 128, 3, { padding: 1 }],
    [[2, 32, 33, 35], 36, 3, {}],
  ],
  "three by three by products": [[[1, 64, 56, 56], 64, 3, { padding: 1, algorithm: "im2col" }]],
  depthwise: [
    [[2, 48, 28, 28], 48, 3, { padding: 1, groups: 48 }],
    [[1, 13, 19, 17], 26, 5, { padding: 2, stride: 2, groups: 13 }],
  ],
  grouped: [
    [[2, 24, 17, 19], 36, 3, { groups: 4, padding: 1 }],
    [[5, 6, 11, 13], 9, 3, { groups: 3, stride: [2, 1] }],
  ],
  dilated: [
    [[2, 20, 27, 25], 17, 3, { dilation: 2, padding: 2 }],
    [[1, 9, 31, 29], 14, [3, 5], { dilation: [1, 3], stride: 2, padding: [2, 4] }],
  ],
  "padded with pixels": [
    [[2, 6, 13, 14], 8, 3, { padding: 2, paddingMode: "reflect" }],
    [[2, 6, 13, 14], 8, 3, { padding: "same", paddingMode: "circular" }],
  ],
} as const;

export const convolutions: Record<string, (digest: Digest) => void> = {
  ...Object.fromEntries(
    Object.entries(SHAPES).map(([name, cases]) => [
      `convolution, ${name}`,
      (digest: Digest) => {
        for (const [shape, filters, kernel, options] of cases) {
          digest.layer(new Conv2d(shape[1], filters, kernel, { ...options, ...random() }), shape);
        }
      },
    ]),
  ),

  "convolution in one dimension"(digest) {
    digest.layer(new Conv1d(12, 20, 5, { padding: 2, ...random() }), [3, 12, 101]);
    digest.layer(new Conv1d(7, 7, 3, { groups: 7, stride: 2, ...random() }), [2, 7, 64]);
  },

  "transposed convolution"(digest) {
    digest.layer(new ConvTranspose2d(16, 12, 4, { stride: 2, padding: 1, ...random() }), [2, 16, 11, 13]);
    digest.layer(new ConvTranspose2d(9, 6, 3, { groups: 3, outputPadding: 1, stride: 2, ...random() }), [3, 9, 7, 8]);
    digest.layer(new ConvTranspose2d(5, 7, 3, { dilation: 2, ...random() }), [1, 5, 10, 9]);
  },

  "Winograd's convolution"(digest) {
    const winograd = { padding: 1, algorithm: "winograd", ...random() } as const;
    digest.layer(new Conv2d(24, 20, 3, winograd), [1, 24, 30, 29]);
    digest.layer(new Conv2d(17, 23, 3, winograd), [2, 17, 13, 15]);
    digest.layer(new Conv2d(96, 64, 3, winograd), [1, 96, 7, 7]);
    for (const kernel of [2, 4, 5]) digest.layer(new Conv2d(21, 19, kernel, winograd), [2, 21, 17, 19]);
    for (const kernel of [3, 4, 5, 7, 9]) {
      digest.layer(new Conv2d(13, 18, kernel, { ...winograd, stride: 2 }), [2, 13, 31, 26]);
    }
  },

  Linear(digest) {
    for (const [rows, inFeatures, outFeatures] of [
      [1, 400, 120],
      [64, 400, 120],
      [5, 1031, 101],
      [33, 7, 3],
    ] as const) {
      digest.layer(new Linear(inFeatures, outFeatures, random()), [rows, inFeatures]);
    }
    digest.layer(new Linear(65, 34, { bias: false, ...random() }), [2, 3, 65]);
  },
};
