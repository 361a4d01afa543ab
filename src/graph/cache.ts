import { Branded } from "../shape/brand.js";
import { StateError } from "../shape/errors.js";
import { engine, type Run } from "../tensor/engine.js";

/**
 * What a layer's backward needs from its forward. Each call of a layer in a network has entries of its own; a layer that
 * one of your own calls twice in its `compute` keeps two, and its backwards take them in reverse. Each outermost forward has
 * entries of its own, so several may wait for their backwards; those that no backward took are dropped with their forward.
 *
 * @example
 * class Square extends Layer {
 *   readonly #cache = new Cache<{ x: Tensor }>();
 *   protected compute(x: Tensor) { this.#cache.push({ x }); return x.mul(x); }
 *   protected computeBackward(dy: Tensor) { return dy.mul(this.#cache.pop(this.name).x).mul(2); }
 * }
 */
export class Cache<T> extends Branded {
  #entries: { readonly run: Run; readonly step: number; readonly entry: T }[] = [];

  override get [Symbol.toStringTag](): string {
    return "faltung.Cache";
  }

  /** Keeps `entry` until its backward; does nothing where no backward will come. */
  push(entry: T): void {
    const { caching, run, step } = engine();
    if (!caching) return;
    const { ownSelf: own } = this;
    if (own.#entries.at(-1)?.run !== run) own.#entries = own.#entries.filter((kept) => kept.run.waiting);
    own.#entries.push({ run, step, entry });
  }

  /** Takes the newest entry of the forward whose backward is running. @throws StateError when there is none. */
  pop(layer: string): T {
    return this.ownSelf.#newest(layer, true);
  }

  /** The newest entry of the forward whose backward is running, left where it is. */
  peek(layer: string): T {
    return this.ownSelf.#newest(layer, false);
  }

  #newest(layer: string, take: boolean): T {
    const { backwardRun, step } = engine();
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const found = this.#entries[i];
      if (found?.run !== backwardRun || found.step !== step) continue;
      if (take && i === this.#entries.length - 1) this.#entries.pop();
      else if (take) this.#entries.splice(i, 1);
      return found.entry;
    }
    throw new StateError(
      `${layer}.backward expects what compute keeps for it, but got nothing. Usual cause: compute without cache.push or super.compute, more backwards than forwards, or forward overridden instead of compute.`,
    );
  }
}
