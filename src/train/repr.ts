/** Optimizers, losses and schedulers as torch prints them: `Adam(lr=0.001, betas=[0.9, 0.999], eps=1e-8)`. */
import { showShape } from "../shape/shape.js";
import { Tensor } from "../tensor/tensor.js";

/**
 * The name with the facts in parentheses: numbers, texts, booleans and lists of numbers as they are, tensors by their shape.
 * Whatever else an object has in its fields is no option.
 */
export function factsOf(name: string, facts: object): string {
  const shown = Object.entries(facts).flatMap(([key, value]) => {
    const text = key === "name" ? undefined : textOf(value);
    return text === undefined ? [] : `${key}=${text}`;
  });
  return `${name}(${shown.join(", ")})`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Tensor) return `Tensor ${showShape(value.shape)}`;
  const isNumbers = Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === "number");
  return isNumbers ? `[${value.join(", ")}]` : undefined;
}
