import { Branded } from "../shape/brand.js";
import { StateError } from "../shape/errors.js";
import { engine } from "../tensor/engine.js";

/**
 * What a layer's backward needs from its forward. A layer that a composite calls twice in one forward keeps two
 * entries and its backwards take them in reverse; entries that no backward took are dropped by the next outermost forward.
 *
 * @example readonly #cache = new Cache<{ x: Tensor }>(); // compute: push({ x }), computeBackward: pop(this.name)
 */
export class Cache<T> extends Branded {
  readonly #entries: T[] = [];
  #run = -1;

  override get [Symbol.toStringTag](): string {
    return "faltung.Cache";
  }

  /** The run that the entries belong to. */
  get run(): number {
    return this.own.#run;
  }

  /** Keeps `entry` until its backward; does nothing where no backward will come. */
  push(entry: T): void {
    const { caching, run } = engine();
    if (!caching) return;
    if (this.own.#run !== run) {
      this.own.#run = run;
      this.own.#entries.length = 0;
    }
    this.own.#entries.push(entry);
  }

  /** Takes the newest entry. @throws StateError when there is none. */
  pop(layer: string): T {
    const entry = this.peek(layer);
    this.own.#entries.pop();
    return entry;
  }

  /** The newest entry, left where it is. Inside an outer backward it must come from that backward's own forward. */
  peek(layer: string): T {
    const entry = this.own.#entries.at(-1);
    if (entry === undefined) {
      throw new StateError(
        `${layer}.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, or before forward.`,
      );
    }
    const { depth, backwardRun } = engine();
    if (depth > 0 && this.own.#run !== backwardRun) {
      throw new StateError(
        `${layer}.backward expects the forward of the model whose backward is running, but the layer has run outside of it since. Usual cause: a forward of this layer alone, of another model that shares it, or one that failed, between the model's forward and backward.`,
      );
    }
    return entry;
  }
}
