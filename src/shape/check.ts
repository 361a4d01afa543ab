/** Checks of constructor arguments; each throws an {@link ArgumentError} that names the layer and the option. */
import { kindOf, refuseForeign } from "./brand.js";
import { ArgumentError } from "./errors.js";
import { type Pair, type Shape, showShape, sizeOf } from "./shape.js";
import { gigabytes, show } from "./show.js";

/** Throws the sentence `${who} expects ${what} to be ${expected}, but got ${got}.`; without `what`, `expects ${expected}`. */
export function refuse(who: string, what: string, expected: string, got: unknown, cause?: string): never {
  refuseForeign(who, got);
  if (got instanceof Promise && !cause?.includes("async")) cause = "a missing await";
  throw new ArgumentError(
    `${who} expects ${what && `${what} to be `}${expected}, but got ${show(got)}.${cause ? ` Usual cause: ${cause}.` : ""}`,
  );
}

/** Why these are not the numbers that they should be. */
export function causeOfNumbers(...values: readonly unknown[]): string {
  return values.every((value) => value === undefined || typeof value === "number")
    ? "a division without Math.floor, or an undefined variable"
    : "text or a BigInt, which Number converts, or another argument in its place";
}

export function checkInteger<N extends number>(layer: string, option: string, value: N, minimum: number): N {
  if (!Number.isSafeInteger(value) || value < minimum) {
    const kind =
      minimum === 1 ? "a positive integer" : minimum === -Infinity ? "an integer" : `an integer ≥ ${minimum}`;
    refuse(layer, option, kind, value, causeOfNumbers(value));
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

/** Any number but NaN. */
export function checkNumber(who: string, what: string, value: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) refuse(who, what, "a number", value, causeOfNumbers(value));
  return value;
}

export function checkFinite(layer: string, option: string, value: number): number {
  if (!Number.isFinite(value)) refuse(layer, option, "a finite number", value, causeOfNumbers(value));
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

/** For a base class that does not know the options of what extends it, which {@link readOptions} reads there. */
export function checkOptions(layer: string, options: unknown, example: string): void {
  if (isPlainObject(options)) return;
  refuse(layer, "its options", `an object such as ${example}`, options, "torch's positional arguments are named here");
}

/** Refuses arguments of a class that has none. */
export function checkNone(who: string, [first]: readonly unknown[]): void {
  if (first !== undefined) refuse(who, "", "no arguments", first, "torch's inplace, or an option of another class");
}

/** What {@link readOptions} takes as the defaults of the options `O`: every name, undefined where there is no default. */
export type Defaults<O, D> = { readonly [K in keyof Required<O>]: O[K] | undefined } & {
  readonly [K in Exclude<keyof D, keyof O>]: never;
};

/** What {@link readOptions} gives: undefined is left only where the default is. */
export type Read<O, D> = {
  readonly [K in keyof Required<O>]: Exclude<O[K], undefined> | (K extends keyof D ? D[K] : never);
};

/**
 * The options with their defaults filled in. `defaults` names every option that there is, and any other is refused;
 * where a default is true or false, so is the option; `random` has to be a generator. What the other values may be is
 * for the caller to check.
 * @throws ArgumentError for anything but a plain object, as where torch takes arguments by position, and for unknown names.
 * `const { eps, affine } = readOptions("GroupNorm", options, { eps: 1e-5, affine: true });`
 */
export function readOptions<O extends object, const D extends Defaults<O, D>>(
  who: string,
  options: O,
  defaults: D,
): Read<O, D> {
  const known = Object.keys(defaults);
  if (!isPlainObject(options)) {
    const cause = options === undefined ? "a missing argument" : "torch's positional arguments are named here";
    refuse(who, "its options", `an object of ${known.join(", ")}`, options, cause);
  }
  const read: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      // learningRate, learning_rate → lr
      const initials = name.replace(/(?<=[a-zA-Z])[a-z]+|_/g, "").toLowerCase();
      const changes = (other: string) => (other === initials ? 0 : apart(name, other) + apart(other, name));
      const [nearest = ""] = known.toSorted((a, b) => changes(a) - changes(b));
      const isNear = 3 * changes(nearest) <= name.length + nearest.length;
      const cause = isNear ? `a misspelling of ${nearest}` : "a misspelled option, or one of another class";
      refuse(who, "each option", known.length > 1 ? `one of ${known.join(", ")}` : known.join(), name, cause);
    }
    if (value === undefined) continue;
    if (typeof read[name] === "boolean") checkBoolean(who, name, value);
    if (name === "random") checkRandom(who, value);
    read[name] = value;
  }
  return read as Read<O, D>;
}

/** How many letters of `a` are not among those of `b`. */
function apart(a: string, b: string): number {
  return [...b].reduce((rest, letter) => rest.replace(letter, ""), a).length;
}

/** Whether a value is what `{ … }` writes: no array, no instance of a class, not null. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Another window has another Object.prototype, which is its own end of the chain all the same.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether it is an array or plain object that may hold layers or values; not a million numbers. */
export function isList(value: unknown): value is object {
  return Array.isArray(value) ? value.some((entry) => typeof entry === "object") : isPlainObject(value);
}

/** What is most often given instead of tensors by name. */
export const NO_RECORD =
  "the model itself instead of model.stateDict(), a Map (Object.fromEntries), or a missing await";

/** More elements than this would not fit a 32-bit index, nor any memory. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

/** @throws ArgumentError where a tensor of this shape could not be. `what` it would be: `"a weight"`, `"an output"`. */
export function checkSize(who: string, what: string, shape: Shape): void {
  const size = sizeOf(shape);
  if (!(size > MAX_ELEMENTS)) return;
  throw new ArgumentError(
    `${who} expects ${what} of at most ${MAX_ELEMENTS} elements, but got ${showShape(shape)}, which has ${size} (${gigabytes(4 * size)}). Usual cause: a size that is far larger than meant, or two arguments swapped.`,
  );
}

export function checkBoolean(who: string, what: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") refuse(who, what, "true or false", value);
}

export function checkList(who: string, what: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) refuse(who, what, "an array", value);
}

/** Numbers in a row: an array, or a typed array. */
export function checkNumbers(who: string, what: string, value: unknown): asserts value is ArrayLike<number> {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && "length" in value)) {
    refuse(who, what, "numbers in an array", value);
  }
  const numbers = value as ArrayLike<unknown>;
  for (let i = 0; i < numbers.length; i++) {
    if (typeof numbers[i] !== "number") refuse(who, what, "numbers", numbers[i], NO_NUMBERS);
  }
}

const NO_NUMBERS = "text or BigInts, which Number converts, or an entry that is missing";

export function checkText(who: string, what: string, value: unknown): asserts value is string {
  if (typeof value !== "string") refuse(who, what, "a string", value);
}

/** An object whose fields are read; `fields` shows them: `"{ width, height }"`. */
export function checkObject(who: string, what: string, fields: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) refuse(who, what, fields, value);
}

/** An object made by `Class` or a class that extends it. */
export function checkInstance(
  who: string,
  what: string,
  value: unknown,
  Class: abstract new (...args: never[]) => object,
): void {
  if (!(value instanceof Class)) refuse(who, what, show(Object.create(Class.prototype)), value);
}

export function checkFunction(who: string, what: string, value: unknown): void {
  if (typeof value !== "function") refuse(who, what, "a function", value);
}

/** A generator of random numbers, of whichever copy of the library: this room knows no class of another. */
export function checkRandom(who: string, value: unknown): void {
  if (kindOf(value) === "Random") return;
  refuse(who, "random", "a Random", value, "a bare seed: new Random(seed)");
}
