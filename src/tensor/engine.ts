/**
 * The state that a process has once, also when two copies of the package's same version are loaded:
 * which forward is running, the default random generator, the chosen backend.
 */

import type { Resident } from "./storage.js";

/** One outermost forward, as its backward needs to know it. */
export interface Run {
  /** Whether its backward may still come: until then nothing takes the place of what it keeps. */
  waiting: boolean;
  /** Whether its backward has come. */
  used?: boolean;
  /** Stands for the layer that was called: outputs know their runs, and must not keep their models alive. */
  owner?: object;
  /** The shape of the output. */
  output?: readonly number[];
  /** The forward that the input came from, to which the input's gradient belongs. */
  source?: Run | undefined;
}

/**
 * The forward that gave a tensor, or whose output's gradient it is: of outputs, of gradients from layers and losses, and of
 * what elementwise functions make of those.
 */
export const runOf: { get(tensor: object): Run | undefined; set(tensor: object, run: Run | undefined): unknown } =
  /* @__PURE__ */ new WeakMap<object, Run | undefined>();

/** Says that a tensor belongs to the forward of those that it was made of, where that is one. */
export function carryRun<Made extends object>(made: Made, a: object, b: object = a): Made {
  const [first, second] = [runOf.get(a), runOf.get(b)];
  const run = first && second && first !== second ? undefined : (first ?? second);
  if (run) runOf.set(made, run);
  return made;
}

export interface Engine {
  /** How many `forward`/`backward` calls are on the stack: 0 outside, 1 in the outermost. */
  depth: number;
  /** The outermost forward that was started last, so that a layer can tell this run's memory from an older one's. */
  run: Run;
  /** The run whose backward was started last. */
  backwardRun: Run;
  /** Whether the running forward keeps what backward needs. */
  caching: boolean;
  /** Refuses a parameter or buffer that the running model does not know; undefined outside of runs. */
  claim: ((state: object) => true) | undefined;
  /** Called for every layer whose shape is inferred, for `summary`; what it returns, with the shape. */
  observer: ((layer: unknown, input: readonly number[]) => (output: readonly number[]) => void) | undefined;
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
    run: { waiting: false },
    backwardRun: { waiting: false },
    caching: false,
    claim: undefined,
    observer: undefined,
    place: undefined,
    backend: undefined,
    memory: undefined,
    random: undefined,
  };
  return host[KEY];
}
