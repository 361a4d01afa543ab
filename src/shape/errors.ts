/**
 * Every error of the library is a sentence: which layer, what it expected, what it got, the usual cause.
 * The class says what kind of mistake it was.
 */
import { type Shape, showShape } from "./shape.js";

/** What a {@link ShapeError} about a layer's input is made of, kept so that a container can retell it. */
export interface Mismatch {
  /** The layer as the user wrote it: `Linear`. */
  readonly layer: string;
  /** `400 features` */
  readonly expected: string;
  /** `576` */
  readonly got: string;
  /** `Usual cause: …` without the words "Usual cause". */
  readonly cause: string;
}

/**
 * A name that engines show: V8 writes it into the stack while `Error` constructs, when a field of a subclass would still be
 * missing; Bun shows an error's own name only; and Node and Deno list fields that are enumerable below the sentence.
 */
abstract class NamedError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    Object.defineProperty(this, "name", { value: this.name });
  }
}

/** A tensor's shape does not fit where it was put. */
export class ShapeError extends NamedError {
  readonly #mismatch: Mismatch | undefined;

  constructor(message: string, mismatch?: Mismatch) {
    super(message);
    this.#mismatch = mismatch;
  }

  override get name(): string {
    return "ShapeError";
  }

  /** Present when the error is about a layer's own input. */
  get mismatch(): Mismatch | undefined {
    return this.#mismatch;
  }
}

/** An option or argument has a value that can never work: a stride of 0, a fractional size, an unknown mode. */
export class ArgumentError extends NamedError {
  override get name(): string {
    return "ArgumentError";
  }
}

/** A call came at the wrong time: backward before forward, a stale tensor, an optimizer for another model. */
export class StateError extends NamedError {
  override get name(): string {
    return "StateError";
  }
}

/** Bytes that are not what their format promises: truncated, lying about sizes, or another format altogether. */
export class FormatError extends NamedError {
  override get name(): string {
    return "FormatError";
  }
}

/** `Linear expects 400 features, but its input [64, 576] has 576. Usual cause: …` */
export function inputMismatch(mismatch: Mismatch, input: Shape): ShapeError {
  const { layer, expected, got, cause } = mismatch;
  return new ShapeError(
    `${layer} expects ${expected}, but its input ${showShape(input)} has ${got}. Usual cause: ${cause}.`,
    mismatch,
  );
}

/** `Linear expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6). Usual cause: …` */
export function neighborMismatch(mismatch: Mismatch, factors: Shape = []): ShapeError {
  const { layer, expected, got, cause } = mismatch;
  const product = factors.length > 1 ? ` (= ${factors.join(" × ")})` : "";
  return new ShapeError(
    `${layer} expects ${expected}, but the layer before it gives ${got}${product}. Usual cause: ${cause}.`,
  );
}

/**
 * Why an input has other channels than its layer: stored last, where its last dimension has as many as are expected, or else
 * what the layer says. `batch` counts the dimensions before the channels.
 */
export function channelsCause(channels: number, input: Shape, batch: 0 | 1, otherwise: string): string {
  const last = input.length - 1;
  const alpha = channels === 3 && input[last] === 4 && Number(input[last - 1]) > 4;
  if (last <= batch || (input[last] !== channels && !alpha)) return otherwise;
  const order = input.map((_, dim) => (dim < batch ? dim : dim === batch ? last : dim - 1));
  return `channels stored last: permute(${showShape(order)}) moves them${alpha ? ", and slice drops alpha" : ""}`;
}

/** `Conv2d expects an input [N, C, H, W] or [C, H, W], but got [784]. Usual cause: …` */
export function rankMismatch(layer: string, dims: string, input: Shape, cause: string): ShapeError {
  return new ShapeError(`${layer} expects an input ${dims}, but got ${showShape(input)}. Usual cause: ${cause}.`);
}
