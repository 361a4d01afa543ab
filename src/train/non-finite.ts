/** What `fit` says when numbers are no longer finite: where it was noticed first, and why. */

import { type AnyTargets, type Batch, type Inputs, partsOf } from "../data/dataset.js";
import type { Network } from "../graph/layer.js";
import type { Parameter } from "../graph/parameter.js";
import { maxAbs } from "../ops/gradient.js";
import { checkObject } from "../shape/check.js";
import { StateError } from "../shape/errors.js";
import { Tensor } from "../tensor/tensor.js";
import type { NonFiniteEvent } from "./events.js";

/**
 * `fit` stopped because a loss, a gradient or a parameter is NaN or infinite. Parameters, running statistics, optimizer and
 * scheduler are as the last step left them.
 *
 * @example
 * const error = await fit(model, loader, options).catch((error: unknown) => error);
 * if (error instanceof NonFiniteError && error.checkpoint) await fit(model, loader, { ...options, resume: error.checkpoint });
 */
export class NonFiniteError extends StateError {
  readonly #event: NonFiniteEvent;
  readonly #checkpoint: Uint8Array | undefined;

  constructor(event: NonFiniteEvent, checkpoint: Uint8Array | undefined) {
    checkObject("NonFiniteError", "its event", "what onNonFinite is told", event);
    super(
      `${event.message}${checkpoint ? " The error's checkpoint is the last good one." : ""} To go on regardless: nonFinite: "continue".`,
    );
    this.#event = event;
    this.#checkpoint = checkpoint;
  }

  override get name(): string {
    return "NonFiniteError";
  }

  /** What `onNonFinite` was told. */
  get event(): NonFiniteEvent {
    return this.#event;
  }

  /**
   * The training after its last good step, to be resumed; the batch that failed is left out. Undefined where a step
   * overflowed, or the weights were never good: then what `checkpoint.save` was given last, if anything, is good.
   */
  get checkpoint(): Uint8Array | undefined {
    return this.#checkpoint;
  }
}

/** A quantity and what it is, where it is not finite. */
export interface NonFinite {
  readonly what: NonFiniteEvent["what"];
  readonly name: string;
  readonly value: number;
}

/** The first of these parameters' gradients or values that is not finite. */
export function firstNonFinite(
  named: readonly (readonly [string, Parameter])[],
  what: "gradient" | "parameter",
): NonFinite | undefined {
  for (const [key, parameter] of named) {
    if (!parameter.requiresGrad || (what === "gradient" && !parameter.hasGrad)) continue;
    const tensor = what === "gradient" ? parameter.grad : parameter.value;
    const value = maxAbs(tensor);
    if (!Number.isFinite(value)) return { what, name: `the ${what} of ${key}`, value };
  }
  return undefined;
}

/** Why it came to this: what can be seen, or else what it usually is. */
export function causeOf(
  { what }: NonFinite,
  model: Network,
  batch: Batch<AnyTargets, Inputs> | undefined,
  loss: unknown,
  lr: number,
): string {
  if (batch) {
    const tensors = (["inputs", "targets"] as const).flatMap((name) => {
      const parts = partsOf(batch[name])?.map(([, part]) => part) ?? [batch[name]];
      return parts.map((part): readonly [string, unknown] => [name, part]);
    });
    for (const [name, tensor] of tensors) {
      if (!(tensor instanceof Tensor)) continue;
      const at = tensor.view().findIndex((value: number) => !Number.isFinite(value));
      if (at >= 0) {
        return `the batch itself, whose ${name} hold ${tensor.view()[at]} (sample ${Math.floor(at / (tensor.size / (tensor.shape[0] ?? 1)))}): missing values, or a division by a deviation of 0`;
      }
    }
    const { ignoreIndex } = Object(loss) as { readonly ignoreIndex?: unknown };
    const { targets } = batch;
    const labels = (targets instanceof Tensor ? targets.view() : targets) as ArrayLike<unknown>;
    if (what === "loss" && labels.length > 0 && Array.from(labels).every((label) => label === ignoreIndex)) {
      return `a batch whose labels are all ignored (ignoreIndex ${ignoreIndex}), so that there is nothing to take the mean of`;
    }
  }
  for (const [key, { data }] of Object.entries(model.stateDict())) {
    const value = data.find((number: number) => !Number.isFinite(number));
    if (value !== undefined && what !== "parameter")
      return `the model itself, whose ${key} holds ${value}: weights of a training that had diverged, or a step that overflowed`;
  }
  if (what === "validationLoss") {
    return "a batch of the validation data that holds NaN or whose labels are all ignored, or a logarithm of 0 in the loss";
  }
  return `a learning rate that is too high (it is ${lr}), inputs that are not normalized, or a logarithm, root or division by 0 in a loss or layer of one's own`;
}
