/** Bounds on gradients, between `backward` and the optimizer's step. */

import { Parameter } from "../graph/parameter.js";
import { clampGradient, maxAbs, powerSum, scaleGradient } from "../ops/gradient.js";
import { refuseForeign } from "../shape/brand.js";
import { checkRange, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { power } from "../tensor/math.js";
import type { Tensor } from "../tensor/tensor.js";

export interface ClipGradNormOptions {
  /** p of the p-norm: 2 (default), 1, Infinity for the largest |g|, or any number above 0. */
  readonly normType?: number;
}

/**
 * Scales all gradients together so that their norm, as one vector, is at most `maxNorm`; returns the norm before that.
 * A smaller norm changes nothing; a norm of NaN makes every gradient NaN, as in torch.
 *
 * @throws ArgumentError for a negative `maxNorm` or a `normType` that is not above 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 *
 * @example
 * model.backward(loss.backward());
 * clipGradNorm(model.parameters(), 1); optimizer.step();
 */
export function clipGradNorm(
  parameters: readonly Parameter[],
  maxNorm: number,
  options: ClipGradNormOptions = {},
): number {
  const { normType } = readOptions("clipGradNorm", options, { normType: 2 });
  checkRange("clipGradNorm", "maxNorm", maxNorm, 0, Infinity);
  if (!(normType > 0)) {
    throw new ArgumentError(
      `clipGradNorm expects normType to be above 0, but got ${normType}. Usual cause: "inf" as text, where Infinity is meant.`,
    );
  }
  const gradients = learned("clipGradNorm", parameters);
  const norm =
    normType === Infinity
      ? Math.max(0, ...gradients.map(maxAbs))
      : root(
          gradients.reduce((sum, gradient) => sum + powerSum(gradient, normType), 0),
          normType,
        );
  const factor = maxNorm / (norm + 1e-6);
  if (!(factor >= 1)) for (const gradient of gradients) scaleGradient(gradient, factor);
  return norm;
}

/**
 * Bounds every gradient to −`clipValue` … `clipValue`.
 *
 * @throws ArgumentError for a negative `clipValue`.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
 *
 * @example
 * clipGradValue(model.parameters(), 0.5);
 * optimizer.step();
 */
export function clipGradValue(parameters: readonly Parameter[], clipValue: number): void {
  checkRange("clipGradValue", "clipValue", clipValue, 0, Infinity);
  for (const gradient of learned("clipGradValue", parameters)) clampGradient(gradient, clipValue);
}

/** The gradients that there are of the parameters that are not frozen. */
function learned(who: string, parameters: readonly Parameter[]): Tensor[] {
  if (Array.isArray(parameters)) refuseForeign(who, ...parameters);
  if (!Array.isArray(parameters) || !parameters.every((entry) => entry instanceof Parameter)) {
    throw new ArgumentError(
      `${who} expects an array of Parameters. Usual cause: the model itself, where model.parameters() is meant.`,
    );
  }
  return parameters.filter(({ requiresGrad, hasGrad }) => requiresGrad && hasGrad).map(({ grad }) => grad);
}

function root(sum: number, exponent: number): number {
  return exponent === 2 ? Math.sqrt(sum) : exponent === 1 ? sum : power(sum, 1 / exponent);
}
