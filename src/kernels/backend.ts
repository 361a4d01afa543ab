/**
 * Which implementation of the kernels runs. A kernel family is a record with one complete object a backend,
 * so that a kernel that a backend lacks is a compile error, and importing one family does not bundle the others.
 */

import { checkBoolean, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { engine } from "../tensor/engine.js";
import type { DType } from "../tensor/tensor.js";
import type { Flavour } from "./interface/flavour.js";
import { onArrays } from "./operands.js";
import { supports } from "./wasm/assembler/flavour.js";
import { kernelCall, TooLarge } from "./wasm/memory.js";

export type BackendName = "reference" | "wasm";

/** What {@link backendName} tells. */
export type BackendDescription = "reference" | "wasm-simd" | "wasm-relaxed-simd";

/** One kernel family: its implementation by every backend. */
export interface Backends<Kernels> {
  readonly reference: Kernels;
  /** Makes the kernels in one flavour of SIMD; called once for each. */
  readonly wasm: (flavour: Flavour) => Kernels;
}

interface Choice {
  readonly name: BackendName;
  readonly flavour: Flavour;
}

/** Kernels that have been made, by family. */
const made = new WeakMap<object, Partial<Record<Flavour, unknown>>>();

/** The family's implementation for tensors of this precision; double precision always runs on the reference. */
export function kernelsFor<Kernels extends object>(family: Backends<Kernels>, dtype: DType): Kernels {
  const { name, flavour } = choice();
  if (dtype === "float64" || name === "reference") return onArrays(family.reference) as Kernels;
  let flavours = made.get(family) as Partial<Record<Flavour, Kernels>> | undefined;
  if (!flavours) {
    flavours = {};
    made.set(family, flavours);
  }
  flavours[flavour] ??= asCalls(family.wasm(flavour), family.reference);
  return flavours[flavour];
}

type AnyKernel = (...args: readonly unknown[]) => unknown;

/**
 * The same kernels, each call of which gives its temporary memory back. Where the engine's memory has no room for what a
 * call is about, the reference does it; so do the kernels that a backend takes from there.
 */
function asCalls<Kernels extends object>(kernels: Kernels, reference: object): Kernels {
  const plain = onArrays(reference) as Record<string, AnyKernel | object>;
  if (kernels === reference) return plain as Kernels;
  const calls = Object.entries(kernels).map(([name, kernel]: [string, AnyKernel | object]) => {
    const other = plain[name];
    if (kernel === (reference as Record<string, unknown>)[name]) return [name, other];
    if (typeof kernel === "object")
      return [name, asCalls(kernel, (reference as Record<string, object>)[name] as object)];
    return [
      name,
      (...args: readonly unknown[]) => {
        try {
          return kernelCall(() => (kernel as AnyKernel)(...args));
        } catch (error) {
          if (error instanceof TooLarge && typeof other === "function") return (other as AnyKernel)(...args);
          throw error;
        }
      },
    ];
  });
  return Object.fromEntries(calls) as Kernels;
}

function choice(): Choice {
  const state = engine();
  state.backend ??= detect();
  return state.backend as Choice;
}

/** The fastest that this platform runs; found by asking it, never by its version. */
function detect(): Choice {
  if (typeof WebAssembly === "undefined" || !supports("simd")) return { name: "reference", flavour: "simd" };
  return { name: "wasm", flavour: supports("relaxed") ? "relaxed" : "simd" };
}

/** Name of the backend that float32 tensors run on. */
export function backend(): BackendName {
  return choice().name;
}

/**
 * The backend that float32 tensors run on, with its flavour of SIMD. `"wasm-simd"` gives the same bits on every machine
 * and engine; `"wasm-relaxed-simd"` rounds a·b + c once where the machine can, which is faster.
 *
 * @example console.log(backendName()); // "wasm-relaxed-simd"
 */
export function backendName(): BackendDescription {
  const { name, flavour } = choice();
  return name === "reference" ? name : flavour === "relaxed" ? "wasm-relaxed-simd" : "wasm-simd";
}

export interface BackendOptions {
  /** Whether a·b + c may be rounded once where the machine can. Default: where the platform has it. */
  readonly relaxedSimd?: boolean;
}

/**
 * Chooses the backend for everything that runs from now on. Without a call it is the fastest that the platform runs.
 * @throws ArgumentError for an unknown name, or one that this platform does not run.
 *
 * @example setBackend("wasm", { relaxedSimd: false }); // the same bits on every machine
 */
export function setBackend(name: BackendName, options: BackendOptions = {}): void {
  const { relaxedSimd } = readOptions("setBackend", options, { relaxedSimd: undefined });
  if (relaxedSimd !== undefined) checkBoolean("setBackend", "relaxedSimd", relaxedSimd);
  const best = detect();
  if (name !== "reference" && name !== "wasm") {
    throw new ArgumentError(`setBackend expects "reference" or "wasm", but got ${show(name)}.`);
  }
  if (name === "wasm" && (best.name !== "wasm" || (relaxedSimd === true && best.flavour !== "relaxed"))) {
    throw new ArgumentError(
      `setBackend expects a platform with ${best.name === "wasm" ? "relaxed SIMD" : "WebAssembly SIMD"}, but this one has none. Usual cause: an old browser, or a content security policy without 'wasm-unsafe-eval'.`,
    );
  }
  engine().backend = { name, flavour: (relaxedSimd ?? best.flavour === "relaxed") ? "relaxed" : "simd" };
}
