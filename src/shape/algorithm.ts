/** The algorithms of the convolutions, and which options each needs. */
import { checkOneOf } from "./check.js";
import { ArgumentError } from "./errors.js";

/**
 * How a convolution is computed: `"im2col"`, by a product with its patches, which are packed block by block; `"winograd"`,
 * by Winograd's minimal filtering, for square kernels, whatever the numbers are, so that one that is far larger than its
 * neighbors spoils outputs beside it; `"direct"`, without packing patches, for few channels; `"auto"`, by
 * what is estimated to be the fastest, as far as an output's error is bounded by what it reads (docs/kernels.md).
 */
export type ConvAlgorithm = "auto" | "im2col" | "winograd" | "direct";

/** Taps along one dimension, for each step of the stride, that Winograd's tiles are made for. */
const [LEAST_TAPS, MOST_TAPS] = [2, 5];

interface Settings {
  readonly dimensions: 1 | 2;
  readonly algorithm: ConvAlgorithm;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingBefore: readonly number[];
  readonly paddingAfter: readonly number[];
  readonly paddingMode: string;
}

/** @throws ArgumentError for an algorithm that does not compute such a convolution. */
export function checkAlgorithm(
  layer: string,
  { dimensions, algorithm, kernelSize, stride, dilation, groups, paddingBefore, paddingAfter, paddingMode }: Settings,
): void {
  const allowed = ["auto", "im2col", "direct", "winograd"] as const;
  checkOneOf(layer, "algorithm", algorithm, allowed.slice(0, dimensions + 2));
  if (algorithm !== "winograd") return;
  const expect = (needed: string, got: readonly number[], fits: (size: number) => boolean): void => {
    if (got.every(fits)) return;
    throw new ArgumentError(
      `${layer} expects ${needed} with algorithm "winograd", but got ${got.join(" × ")}. Usual cause: an algorithm chosen by hand; "auto" takes this one wherever it pays.`,
    );
  };
  const [step = 1, kernel = 1] = [stride[0], kernelSize[0]];
  expect("stride 1 × 1 or 2 × 2", stride, (one) => one === step && one <= 2);
  const [least, most] = [LEAST_TAPS * step - (step - 1), MOST_TAPS * step];
  expect(
    `a square kernelSize of ${least} to ${most}`,
    kernelSize,
    (size) => size === kernel && size >= least && size <= most,
  );
  expect("dilation 1 × 1", dilation, (one) => one === 1);
  expect("groups 1", [groups], (count) => count === 1);
  // Other modes than zeros are padded before the convolution.
  if (paddingMode !== "zeros") return;
  const padding = paddingBefore.map((size, dim) => Math.max(size, paddingAfter[dim] ?? 0));
  expect(`padding up to ${kernel - 1} × ${kernel - 1}`, padding, (size) => size < kernel);
}
