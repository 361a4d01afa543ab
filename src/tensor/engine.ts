/**
 * The state that a process has once, also when two copies of the package's same version are loaded:
 * which forward is running, the default random generator, the chosen backend.
 */

import type { Resident } from "./storage.js";

export interface Engine {
  /** How many `forward`/`backward` calls are on the stack: 0 outside, 1 in the outermost. */
  depth: number;
  /** Counts outermost forward calls, so that a layer can tell this run's memory from an older one's. */
  run: number;
  /** The run whose backward was started last. */
  backwardRun: number;
  /** Whether the running forward keeps what backward needs. */
  caching: boolean;
  /** Whether the running forward only looks for a shape: it must leave no trace in any layer's memory. */
  trial: boolean;
  /** Called for every layer whose shape is inferred, for `summary`. */
  observer: ((layer: unknown, input: readonly number[], output: readonly number[]) => void) | undefined;
  /** Gives results of the running layer a place in the engine's memory; undefined outside of runs and without one. */
  place: ((length: number) => Resident | undefined) | undefined;
  /** The chosen backend. */
  backend: unknown;
  /** The engine's memory, made on first use. */
  memory: unknown;
  /** The default generator, made on first use. */
  random: unknown;
}

/** Of this version only: another one's engine may mean something else by the same field. */
const KEY = Symbol.for("faltung.engine@0.1.0");

export function engine(): Engine {
  const host = globalThis as { [KEY]?: Engine };
  host[KEY] ??= {
    depth: 0,
    run: 0,
    backwardRun: 0,
    caching: false,
    trial: false,
    observer: undefined,
    place: undefined,
    backend: undefined,
    memory: undefined,
    random: undefined,
  };
  return host[KEY];
}
