/** Which layer of a network an error is about: where several are of one class, the class alone does not say. */
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import type { Module, Node } from "./module.js";

/** The layer that an error is about, and its sentence without a key: a network around that one has another key for it. */
interface Origin {
  readonly module: Module;
  readonly sentence: string;
}

const origins = /* @__PURE__ */ new WeakMap<object, Origin>();

/**
 * The error with the key that its layer has in the network: `Conv2d (features.3) expects 8 channels, …`. The network itself
 * and a layer in no field have none. It is the same error, for its stack's sake.
 *
 * @param step what threw it; an operation belongs to the composite whose `compose` calls it
 * @param root undefined where a network around this one will say it
 * @param thrown the error that is thrown instead
 */
export function located(
  error: unknown,
  { module, owner }: Pick<Node, "module" | "owner"> = {},
  root: Module | undefined,
  thrown = error,
): unknown {
  const origin = origins.get(error as object)?.module ?? module ?? owner;
  if (!isSentence(thrown) || !origin) return thrown;
  const { sentence } = origins.get(thrown) ?? { sentence: thrown.message };
  origins.set(thrown, { module: origin, sentence });
  const key = root?.namedModules().find(([, layer]) => layer === origin)?.[0];
  return reworded(thrown, keyed(sentence, origin.name, key));
}

/** The sentence with a key after the name of what it is about, or of an operation in its `compose`. */
export function keyed(sentence: string, name: string, key: string | undefined): string {
  const [who = ""] = sentence.split(" ", 1);
  const isOf = who === name || who.startsWith(`${name}.`) || who.startsWith("Value.");
  return key && isOf ? `${who} (${key})${sentence.slice(who.length)}` : sentence;
}

/** The error with another cause before its own. */
export function withCause<E extends Error>(error: E, cause: string): E {
  return reworded(
    error,
    error.message.replace("Usual cause: ", () => `Usual cause: ${cause}, or `),
  );
}

/** Whether it is one of the library's errors, which are sentences. */
export function isSentence(error: unknown): error is Error {
  return error instanceof ShapeError || error instanceof ArgumentError || error instanceof StateError;
}

/** The error with another sentence, which V8 has written into its stack as well. */
export function reworded<E extends Error>(error: E, sentence: string): E {
  const { message, stack } = error;
  if (sentence === message) return error;
  error.message = sentence;
  if (stack) error.stack = stack.replace(message, () => sentence);
  return error;
}
