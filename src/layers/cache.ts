import { StateError } from "../shape/errors.js";
import { engine } from "../tensor/engine.js";

/**
 * What a layer's backward needs from its forward. A layer that a composite calls twice in one forward keeps two
 * entries and its backwards take them in reverse; entries that no backward took are dropped by the next outermost forward.
 *
 * @example readonly #cache = new Cache<{ x: Tensor }>(); // compute: push({ x }), computeBackward: pop(this.name)
 */
export class Cache<T> {
  readonly #entries: T[] = [];
  #run = -1;

  /** Keeps `entry` until its backward; does nothing where no backward will come. */
  push(entry: T): void {
    const { caching, run } = engine();
    if (!caching) return;
    if (this.#run !== run) {
      this.#run = run;
      this.#entries.length = 0;
    }
    this.#entries.push(entry);
  }

  /** Takes the newest entry. @throws StateError when there is none. */
  pop(layer: string): T {
    const entry = this.peek(layer);
    this.#entries.pop();
    return entry;
  }

  /** The newest entry, left where it is. */
  peek(layer: string): T {
    const entry = this.#entries.at(-1);
    if (entry === undefined) {
      throw new StateError(
        `${layer}.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, or before forward.`,
      );
    }
    return entry;
  }
}
