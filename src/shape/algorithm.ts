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
const [MIN_TAPS, MAX_TAPS] = [2, 5];

interface Settings {
  readonly name: string;
  readonly algorithm: ConvAlgorithm;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingMode: string;
}

/** @throws ArgumentError for an algorithm that does not compute such a convolution. */
export function checkAlgorithm(
  { name: layer, algorithm, kernelSize, stride, dilation, groups, paddingMode }: Settings,
  padding: readonly number[],
): void {
  const allowed = ["auto", "im2col", "direct", "winograd"] as const;
  checkOneOf(layer, "algorithm", algorithm, allowed.slice(0, kernelSize.length + 2));
  if (algorithm !== "winograd") return;
  const expect = (needed: string, got: readonly number[], fits: (size: number) => boolean): void => {
    if (got.every(fits)) return;
    throw new ArgumentError(
      `${layer} expects ${needed} with algorithm "winograd", but got ${got.join(" × ")}. Usual cause: an algorithm chosen by hand; "auto" takes this one wherever it pays.`,
    );
  };
  const [step = 1, kernel = 1] = [stride[0], kernelSize[0]];
  expect("stride 1 × 1 or 2 × 2", stride, (one) => one === step && one <= 2);
  const [min, max] = [MIN_TAPS * step - (step - 1), MAX_TAPS * step];
  expect(
    `a square kernelSize of ${min} to ${max}`,
    kernelSize,
    (size) => size === kernel && size >= min && size <= max,
  );
  expect("dilation 1 × 1", dilation, (one) => one === 1);
  expect("groups 1", [groups], (count) => count === 1);
  // Other modes than zeros are padded before the convolution.
  if (paddingMode !== "zeros") return;
  expect(`padding up to ${kernel - 1} × ${kernel - 1}`, padding, (size) => size < kernel);
}
