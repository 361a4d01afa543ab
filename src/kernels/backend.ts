/**
 * Which implementation of the kernels runs.
 */

import { checkBoolean, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import { engine } from "../tensor/engine.js";
import type { Operand } from "../tensor/storage.js";
import { Tensor } from "../tensor/tensor.js";
import { arraysOf } from "./operands.js";
import type { Simd } from "./simd.js";
import { Refused, said } from "./wasm/assembler/module.js";
import { runProbe, supports } from "./wasm/assembler/simd.js";
import { isShared, kernelCall, memory, TooLarge } from "./wasm/memory.js";

/** What `setBackend` chooses between: plain TypeScript, or WebAssembly with SIMD. */
export type BackendName = "reference" | "wasm";

/** What {@link backendName} tells. */
export type BackendDescription = "reference" | "wasm-simd" | "wasm-relaxed-simd";

/**
 * A set of kernels by every backend. A kernel that a backend lacks is a compile error, and importing one set does not
 * bundle the others.
 */
export interface KernelSet<Kernels> {
  /** In plain TypeScript, over arrays. */
  readonly reference: Kernels;
  /** Makes the kernels in one kind of SIMD; called once for each. Without it the reference does it. */
  readonly wasm?: (simd: Simd) => Kernels;
}

interface Choice {
  readonly name: BackendName;
  readonly simd: Simd;
  /** What the platform threw where it could not run WebAssembly. */
  readonly cause?: unknown;
}

/** What {@link run} takes: numbers, or a tensor for all of its. */
type Given = Tensor | Operand | undefined;
/** What its kernel takes for them. */
type Operands<All extends readonly Given[]> = {
  [I in keyof All]: undefined extends All[I] ? Operand | undefined : Operand;
};

/**
 * Calls a kernel of the set on the backend that numbers of the first operand's precision run on; double precision always
 * runs on the reference. So does a call whose operands the engine's memory has no room for, or whose kernel is the first
 * that the platform refuses to compile: `call` runs again then.
 *
 *     run(softmaxKernels, [x, y], (kernels, x, y) => kernels.forward(g, x, y));
 */
export function run<Kernels extends object, const All extends readonly [Tensor | Operand, ...Given[]], Result>(
  set: KernelSet<Kernels>,
  given: All,
  call: (kernels: Kernels, ...operands: Operands<All>) => Result,
): Result {
  // Every call of a kernel runs this: operands take the tensors' places, so that no second array becomes garbage.
  const operands = given as unknown as Operands<All>;
  for (let i = 0; i < operands.length; i++) {
    const one = given[i];
    if (one instanceof Tensor) (operands as Given[])[i] = one.operand(one.size);
  }
  const { name, simd } = choice();
  if (set.wasm && name === "wasm" && !(operands[0] instanceof Float64Array)) {
    const kernels = wasmKernels(set, simd);
    try {
      return kernelCall(() => call(kernels, ...operands));
    } catch (error) {
      const isUntouched = error instanceof TooLarge || (error instanceof Refused && error.isFirst);
      if (!isUntouched) throw error;
    }
  }
  return call(set.reference, ...(arraysOf(operands) as unknown as Operands<All>));
}

/** Kernels that have been made, by their set. */
const made = new WeakMap<object, Partial<Record<Simd, unknown>>>();

function wasmKernels<Kernels extends object>(set: KernelSet<Kernels>, simd: Simd): Kernels {
  let bySimd = made.get(set) as Partial<Record<Simd, Kernels>> | undefined;
  if (!bySimd) {
    bySimd = {};
    made.set(set, bySimd);
  }
  bySimd[simd] ??= set.wasm?.(simd) ?? set.reference;
  return bySimd[simd];
}

function choice(): Choice {
  const state = engine();
  state.backend ??= detect();
  return state.backend as Choice;
}

/** The fastest that this platform runs; found by doing what kernels do, never by its version. */
function detect(): Choice {
  try {
    const simd = supports("relaxed") ? "relaxed" : "plain";
    runProbe(simd, memory(), isShared());
    return { name: "wasm", simd };
  } catch (cause) {
    return { name: "reference", simd: "plain", cause };
  }
}

/** Name of the backend that float32 tensors run on. */
export function backend(): BackendName {
  return choice().name;
}

/**
 * The backend that float32 tensors run on, with its kind of SIMD. `"wasm-simd"` gives the same bits on every machine
 * and engine; `"wasm-relaxed-simd"` rounds a·b + c once where the machine can, which is faster.
 *
 * @example console.log(backendName()); // "wasm-relaxed-simd"
 */
export function backendName(): BackendDescription {
  const { name, simd } = choice();
  return name === "reference" ? name : simd === "relaxed" ? "wasm-relaxed-simd" : "wasm-simd";
}

/**
 * Why float32 tensors run on the reference backend, in words; undefined where they run on WebAssembly.
 *
 * @example console.log(backendName(), backendReason()); // "reference", "this platform forbids compiling WebAssembly …"
 */
export function backendReason(): string | undefined {
  const chosen = choice();
  if (chosen.name === "wasm") return undefined;
  return "cause" in chosen ? obstacle(chosen.cause) : 'setBackend("reference") chose it';
}

function obstacle(cause: unknown): string {
  if (typeof WebAssembly !== "object" || WebAssembly === null) {
    return "this platform has no WebAssembly. Usual cause: a browser in lockdown mode, or node --jitless";
  }
  const name = (cause as Partial<Error> | null | undefined)?.name;
  const message = said(cause);
  // Engines differ in the class of what they throw for a policy.
  if (name === "CompileError" || name === "EvalError") {
    return supports("plain")
      ? `this platform forbids compiling WebAssembly (${message}). Usual cause: a content security policy whose script-src lacks 'wasm-unsafe-eval', or a host that compiles nothing at run time, such as Cloudflare Workers`
      : "this platform's WebAssembly has no SIMD. Usual cause: a browser from before 2021 (Safari: before 2023)";
  }
  return `WebAssembly does not run on this platform (${message}). Usual cause: no memory left for it, or a runtime that has only part of it`;
}

/** Options of `setBackend`. */
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
  if (name !== "reference" && name !== "wasm") {
    throw new ArgumentError(`setBackend expects "reference" or "wasm", but got ${show(name)}.`);
  }
  const best: Choice = name === "wasm" ? detect() : { name, simd: "plain" };
  if (best.name !== name) {
    throw new ArgumentError(`setBackend expects a platform that runs WebAssembly, but ${obstacle(best.cause)}.`);
  }
  if (name === "wasm" && relaxedSimd === true && best.simd !== "relaxed") {
    throw new ArgumentError(
      "setBackend expects a platform with relaxed SIMD, but this one has none. Usual cause: Node 20, Safari, or an old browser.",
    );
  }
  engine().backend = { name, simd: (relaxedSimd ?? best.simd === "relaxed") ? "relaxed" : "plain" };
}
