/**
 * The state that a process has once, also when two copies of the package's same version are loaded:
 * which forward is running, the default random generator, the chosen backend.
 */

import type { Operand, Resident } from "./storage.js";

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

/**
 * Gives results places in the engine's memory while a plan runs. A place serves one value after another: it is free again
 * when nobody holds what lies there.
 */
export interface Allocator {
  allocate(length: number): Resident;
  /** Begins a step, and returns what `close` needs to end it. Without it and the others, places are free when the run ends. */
  open?(): number;
  /** Ends a step: its outputs are held, everything else that was placed in it is free. */
  close?(step: number, outputs: readonly Operand[]): void;
  hold?(numbers: Operand): void;
  release?(numbers: Operand): void;
  /** Lets go of a nested plan's results, which the step around it may go on reading. */
  handOver?(numbers: Operand): void;
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
  /** How to put back what the running call has changed, should it fail; undefined outside of runs. */
  changes: Map<object, () => void> | undefined;
  /** Which step of a plan is running: what a layer keeps for its backward belongs to it. */
  step: number;
  /** How many steps have been numbered. */
  steps: number;
  /** The layer whose `compute` is running, so that it can be asked whether it knows the child that it calls. */
  running: object | undefined;
  /** Called for every layer and operation whose shape is inferred, for `summary`; what it returns, with the shape. */
  observer:
    | ((observed: unknown, inputs: readonly (readonly number[])[]) => (output: readonly number[]) => void)
    | undefined;
  /** Where results lie; undefined outside of runs and on the reference backend, where they are arrays. */
  allocator: Allocator | undefined;
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
    changes: undefined,
    step: 0,
    steps: 0,
    running: undefined,
    observer: undefined,
    allocator: undefined,
    backend: undefined,
    memory: undefined,
    random: undefined,
  };
  return host[KEY];
}
