/** A call that fails changes nothing: what it changed until then is put back. */
import { engine } from "../tensor/engine.js";
import { defaultRandom } from "../tensor/random.js";
import { generatorsIn } from "./generators.js";
import type { Module } from "./module.js";

/**
 * Runs the action. If it throws, or `always`, generators and all that {@link remember} was told of are as before.
 */
export function orUndo<T>(module: Module, always: boolean, action: () => T): T {
  const state = engine();
  const generators = [defaultRandom(), ...module.descendants().flatMap((each) => generatorsIn(each))];
  const states = generators.map((generator) => generator.state);
  const changes = new Map<object, () => void>();
  state.changes = changes;
  let isDone = false;
  try {
    const result = action();
    isDone = true;
    return result;
  } finally {
    state.changes = undefined;
    if (always || !isDone) {
      for (const undo of changes.values()) undo();
      for (const [i, generator] of generators.entries()) generator.state = states[i] ?? generator.state;
    }
  }
}

/** Before a running call changes something: how it is put back. Only the first time counts. */
export function remember(changed: object, undo: () => () => void): void {
  const { changes } = engine();
  if (changes && !changes.has(changed)) changes.set(changed, undo());
}
