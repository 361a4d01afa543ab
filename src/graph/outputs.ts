/** What `forward` of a network gives: a tensor, a list of tensors, or an object of tensors by name. */
import { Tensor } from "../tensor/tensor.js";

/** All of them, in their order. */
export function outputsIn(outputs: unknown): readonly Tensor[] {
  return outputs instanceof Tensor ? [outputs] : Object.values(outputs as Readonly<Record<string, Tensor>>);
}

/** Others, one for each output, in the same form: what `backward` takes. */
export function sameForm(outputs: unknown, others: readonly (Tensor | undefined)[]): unknown {
  if (outputs instanceof Tensor) return others[0];
  if (Array.isArray(outputs)) return others;
  return Object.fromEntries(Object.keys(outputs as object).map((name, i) => [name, others[i]]));
}
