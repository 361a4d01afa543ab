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
 * @param told what is thrown instead
 */
export function located(
  error: unknown,
  { module, owner }: Pick<Node, "module" | "owner"> = {},
  root: Module | undefined,
  told = error,
): unknown {
  const origin = origins.get(error as object)?.module ?? module ?? owner;
  const isSentence = told instanceof ShapeError || told instanceof ArgumentError || told instanceof StateError;
  if (!isSentence || !origin) return told;
  const { message } = told;
  const { sentence } = origins.get(told) ?? { sentence: message };
  origins.set(told, { module: origin, sentence });
  const [who = ""] = sentence.split(" ", 1);
  const key = isOf(origin, who) ? root?.namedModules().find(([, layer]) => layer === origin)?.[0] : undefined;
  const text = key ? `${who} (${key})${sentence.slice(who.length)}` : sentence;
  if (text === message) return told;
  told.message = text;
  // V8 has written the sentence into the stack as well.
  if (told.stack) told.stack = told.stack.replace(message, () => text);
  return told;
}

/** Whether a sentence that begins with this word is about the layer, or about an operation in its `compose`. */
function isOf({ name }: Module, who: string): boolean {
  return who === name || who.startsWith(`${name}.`) || who.startsWith("Value.");
}
