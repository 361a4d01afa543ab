/** The algorithms of the convolutions, and which options each needs. */
import { checkOneOf } from "./check.js";
import { ArgumentError } from "./errors.js";

/**
 * How a convolution is computed: `"im2col"`, by a product with its patches, which are packed block by block; `"winograd"`,
 * by Winograd's minimal filtering, for 3×3 kernels; `"direct"`, without packing patches, for few channels; `"auto"`, by
 * what is estimated to be the fastest.
 */
export type ConvAlgorithm = "auto" | "im2col" | "winograd" | "direct";

/** Padding on each side that Winograd's tiles reach over. */
const WINOGRAD_PADDING = 2;

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
export function checkAlgorithm(layer: string, { dimensions, algorithm, ...settings }: Settings): void {
  const allowed = ["auto", "im2col", "winograd", "direct"] as const;
  checkOneOf(layer, "algorithm", algorithm, dimensions === 1 ? allowed.filter((one) => one !== "winograd") : allowed);
  if (algorithm !== "winograd") return;
  const { kernelSize, stride, dilation, groups, paddingBefore, paddingAfter, paddingMode } = settings;
  const expect = (needed: string, got: readonly number[], fits: (size: number) => boolean): void => {
    if (got.every(fits)) return;
    throw new ArgumentError(
      `${layer} expects ${needed} with algorithm "winograd", but got ${got.join(" × ")}. Usual cause: Winograd's algorithm computes 3 × 3 kernels with stride 1, dilation 1, groups 1 and padding up to ${WINOGRAD_PADDING}; "auto" takes it wherever it pays.`,
    );
  };
  expect("kernelSize 3 × 3", kernelSize, (size) => size === 3);
  expect("stride 1 × 1", stride, (step) => step === 1);
  expect("dilation 1 × 1", dilation, (step) => step === 1);
  expect("groups 1", [groups], (count) => count === 1);
  // Other modes than zeros are padded before the convolution.
  if (paddingMode !== "zeros") return;
  const most = paddingBefore.map((size, axis) => Math.max(size, paddingAfter[axis] ?? 0));
  expect(`padding up to ${WINOGRAD_PADDING} × ${WINOGRAD_PADDING}`, most, (size) => size <= WINOGRAD_PADDING);
}
