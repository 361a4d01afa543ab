/** Checks of constructor arguments; each throws an {@link ArgumentError} that names the layer and the option. */
import { ArgumentError } from "./errors.js";
import type { Pair } from "./shape.js";

function refuse(layer: string, option: string, expected: string, got: unknown, cause?: string): never {
  const shown = typeof got === "string" ? `"${got}"` : Array.isArray(got) ? `[${got.join(", ")}]` : String(got);
  throw new ArgumentError(
    `${layer} expects ${option} to be ${expected}, but got ${shown}.${cause ? ` Usual cause: ${cause}.` : ""}`,
  );
}

/** Usual cause of a fractional or missing size: arithmetic that forgot Math.floor, or a misspelt option. */
const ARITHMETIC = "a division without Math.floor, or a variable that is undefined";

export function checkInteger(layer: string, option: string, value: number, minimum: number): number {
  if (!Number.isSafeInteger(value) || value < minimum) {
    const kind =
      minimum === 1 ? "a positive integer" : minimum === -Infinity ? "an integer" : `an integer ≥ ${minimum}`;
    refuse(layer, option, kind, value, ARITHMETIC);
  }
  return value;
}

/** Resolves one number or `[height, width]` to a checked pair. */
export function checkPair(layer: string, option: string, value: Pair, minimum: number): readonly [number, number] {
  if (typeof value === "number") {
    checkInteger(layer, option, value, minimum);
    return [value, value];
  }
  if (!Array.isArray(value) || value.length !== 2) refuse(layer, option, "a number or [height, width]", value);
  const [height, width] = value as readonly [number, number];
  return [checkInteger(layer, option, height, minimum), checkInteger(layer, option, width, minimum)];
}

export function checkFinite(layer: string, option: string, value: number): number {
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(layer, option, "a finite number", value, ARITHMETIC);
  return value;
}

/** A number in `[low, high]`; `high` may be Infinity. */
export function checkRange(layer: string, option: string, value: number, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    refuse(layer, option, high === Infinity ? `a number ≥ ${low}` : `a number from ${low} to ${high}`, value);
  }
  return value;
}

/** A finite number above 0. */
export function checkPositive(layer: string, option: string, value: number): number {
  if (typeof value !== "number" || !(value > 0 && value < Infinity)) refuse(layer, option, "a number above 0", value);
  return value;
}

/** A number in `[0, 1)`, such as a decay rate. */
export function checkFraction(layer: string, option: string, value: number): number {
  if (typeof value !== "number" || !(value >= 0 && value < 1)) {
    refuse(layer, option, "a number from 0 to below 1", value);
  }
  return value;
}

export function checkOneOf<T extends string>(layer: string, option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) refuse(layer, option, `one of ${allowed.map((a) => `"${a}"`).join(", ")}`, value);
  return value;
}

/** Refuses a positional number where options belong: `new MaxPool2d(2, 2)` must be `new MaxPool2d(2, { stride: 2 })`. */
export function checkOptions(layer: string, options: unknown, example: string): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  refuse(layer, "its options", `an object such as ${example}`, options, "torch's positional arguments are named here");
}
