/** What instances of the library's classes have in common: a tag that says what they are, and a way around a Proxy. */
import { ArgumentError, StateError } from "./errors.js";

/** Where Node's console.log looks for how to print an object. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

const self = Symbol("self");

/**
 * Base class of every class with private fields: console.log in Node shows what `String` does. Private fields only the
 * object itself has, a Proxy of it has none: what others may call reaches them by `this.ownSelf.#field`.
 */
export abstract class Branded {
  readonly #genuine = true;
  protected readonly [self] = this;

  /**
   * `"faltung.Tensor"`. It tells a second copy's tensors from anything else; and what has a tag of its own is not a plain
   * object, so that Vue leaves it alone.
   */
  abstract get [Symbol.toStringTag](): string;

  /**
   * The object itself, also where it is used through a Proxy.
   * @internal
   * @throws StateError where it is used through a copy.
   */
  get ownSelf(): this {
    const { [self]: target } = this;
    if (#genuine in target) return target;
    throw new StateError(
      `A ${this[Symbol.toStringTag]} was copied without its private fields. Usual cause: a reactive store that copies: keep it out.`,
    );
  }

  /** What it is, in a line or more; `console.log` in Node prints it. */
  toString(): string {
    return `${kindOf(this)}()`;
  }

  [inspect](): string {
    return this.toString();
  }
}

/** What the library calls the class of a value, whatever bundlers made of its name: `Tensor`; undefined for others. */
export function kindOf(value: unknown): string | undefined {
  const tag = `${(value as Partial<Branded> | null | undefined)?.[Symbol.toStringTag]}`;
  return tag.startsWith("faltung.") ? tag.slice(8) : undefined;
}

/** Refuses what another copy of the library made, which no `instanceof` of this one knows, with the true cause. */
export function refuseForeign(who: string, ...values: readonly unknown[]): void {
  const foreign = values.map((value) => !(value instanceof Branded) && kindOf(value)).find(Boolean);
  if (foreign) {
    throw new ArgumentError(
      `${who} expects what this copy of faltung made, but got a ${foreign} of a second copy. Usual cause: two versions installed (npm ls faltung), or bundled twice.`,
    );
  }
}
