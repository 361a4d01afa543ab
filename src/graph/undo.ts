/** A call that fails changes nothing: what it changed until then is put back. */
import { engine } from "../tensor/engine.js";
import { defaultRandom, type Random } from "../tensor/random.js";
import { generatorsIn } from "./generators.js";

/** Where a layer's numbers may be drawn from. */
export function generatorsOf(layer: { modules(): readonly object[] }): readonly Random[] {
  return [defaultRandom(), ...layer.modules().flatMap((each) => generatorsIn(each))];
}

/** Runs the action. If it throws, or `always`, these generators are as before, and all that {@link remember} was told of. */
export function orUndo<T>(generators: readonly Random[], always: boolean, action: () => T): T {
  const state = engine();
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
