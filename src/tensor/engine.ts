/**
 * The state that a process has once, also when two copies of the package are loaded:
 * which forward is running, the default random generator, the chosen backend.
 */

export interface Engine {
  /** How many `forward`/`backward` calls are on the stack: 0 outside, 1 in the outermost. */
  depth: number;
  /** Counts outermost forward calls, so that a layer can tell this run's memory from an older one's. */
  run: number;
  /** The run whose backward was started last. */
  backwardRun: number;
  /** Whether the running forward keeps what backward needs. */
  caching: boolean;
  /** Called for every layer whose shape is inferred, for `summary`. */
  observer: ((layer: unknown, input: readonly number[], output: readonly number[]) => void) | undefined;
  /** Name of the backend that kernels run on. */
  backend: string | undefined;
  /** The default generator, made on first use. */
  random: unknown;
}

const KEY = Symbol.for("faltung.engine");

export function engine(): Engine {
  const host = globalThis as { [KEY]?: Engine };
  host[KEY] ??= {
    depth: 0,
    run: 0,
    backwardRun: 0,
    caching: false,
    observer: undefined,
    backend: undefined,
    random: undefined,
  };
  return host[KEY];
}
