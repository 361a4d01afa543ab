/** The outermost calls of a layer: the forwards that wait for their backward, and the memory that they lie in. */
import { Arena, beginRun, type Pool, within } from "../kernels/residency.js";
import { type Allocator, engine, type Run, runOf } from "../tensor/engine.js";
import type { Random } from "../tensor/random.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import { checkGradients } from "./execute.js";
import type { Module, Program, Trace } from "./module.js";
import { generatorsOf, orUndo } from "./undo.js";

/** How many forwards of a layer wait for their backwards at most: each keeps what its backward needs. */
export const MAX_WAITING = 4;

/** A forward that waits for its backward. */
interface Forward {
  readonly run: Run;
  readonly outputs: readonly Tensor[];
  /** What a forward in train mode kept. */
  readonly trace?: Trace;
  /** The inputs of one in eval mode, which its backward runs again. */
  readonly inputs?: readonly Tensor[];
  readonly program: Program;
}

/** Refuses a parameter or buffer that the model does not know. */
type Claim = (state: object) => true;

export class Runs {
  /** Stands for the layer: tensors know their runs, and must not keep models alive. */
  readonly #owner = {};
  /** The newest last. */
  #waiting: Forward[] = [];
  /** Whether a backward has come since they began. */
  #hasGoneBack = false;
  /** Where the values lie of the forwards that wait: in a steady loop one arena. */
  #arenas: { run: Run; readonly arena: Arena }[] = [];
  /** Where the values of a forward lie that keeps nothing, and those of a backward. */
  #pool: Pool | undefined;
  #backwardMemory: Pool | Arena | undefined;
  #program: Program | undefined;
  #generators: readonly Random[] = [];
  /** Whether its layer's numbers took their places before an inference. */
  #isResident = false;

  /** @throws ShapeError before anything has changed where the shapes do not fit. */
  forward(module: Module, xs: readonly Tensor[], claim: Claim): Tensor[] {
    if (!this.#program?.isCurrent(xs.length)) {
      this.#program = module.program(xs.length);
      this.#generators = generatorsOf(module);
      this.#isResident = false;
    }
    const program = this.#program;
    const shapes = program.shapes(xs.map(({ shape }) => shape));
    // A layer in train mode inside a model in eval mode (a dropout that samples) would not give the same output again.
    const keeps = module.training || program.trains();
    const run: Run = { waiting: keeps };
    const inputs: Tensor[] = [];
    const action = () => {
      // What learns is used again and again, and moves in by and by.
      beginRun(keeps || this.#isResident ? [] : Array.from(module.states(), ({ value }) => value));
      this.#isResident ||= !keeps;
      for (const x of xs) inputs.push(copyOf(x));
      return program.forward(inputs, keeps, shapes);
    };
    const trace = orUndo(this.#generators, false, () => this.#run(run, keeps, claim, action));
    if (keeps && this.#hasGoneBack) {
      // The first one in train mode after a backward begins anew.
      this.#hasGoneBack = false;
      for (const each of this.#waiting) each.run.waiting = false;
      this.#waiting = [];
    }
    // One in eval mode takes the place of the last one.
    if (!keeps) this.#waiting = this.#waiting.filter((each) => !each.inputs);
    // Only now, when this one has not failed, the oldest of too many gives up its place.
    const [oldest, ...newer] = this.#arenas.filter((each) => each.run.waiting);
    if (oldest && newer.length >= MAX_WAITING) oldest.run.waiting = false;
    const { outputs } = trace;
    run.owner = this.#owner;
    run.source = xs.map((x) => runOf.get(x)).find(Boolean);
    this.#waiting = this.#waiting.filter((each) => waits(each));
    this.#waiting.push(keeps ? { run, outputs, trace, program } : { run, outputs, inputs, program });
    return outputs.map((y) => {
      const own = y.clone();
      runOf.set(own, run);
      return own;
    });
  }

  /** The gradients of the inputs; `none` throws where no forward waits. */
  backward(
    module: Module,
    dys: readonly (Tensor | undefined)[],
    inputGradient: boolean,
    claim: Claim,
    none: () => never,
  ): (Tensor | undefined)[] {
    const forward = this.#forwardOf(dys) ?? none();
    const { run, outputs, program } = forward;
    checkGradients(
      module.name,
      dys,
      outputs.map(({ shape }) => shape),
    );
    const state = engine();
    run.used = this.#hasGoneBack = true;
    let { trace } = forward;
    let running = run;
    if (!trace) {
      running = { waiting: true };
      // Whatever the modes are by now: the gradient is that of the forward, and a second forward must change nothing.
      const again = () => program.forward(forward.inputs ?? [], true);
      trace = inEval(module, () => orUndo(this.#generators, true, () => this.#run(running, true, claim, again)));
    }
    this.#waiting = this.#waiting.filter((each) => each !== forward);
    this.#backwardMemory ??= program.newPool?.() ?? new Arena();
    const memory = this.#backwardMemory;
    memory.restart();
    state.backwardRun = running;
    state.claim = claim;
    state.depth++;
    try {
      const dxs = orUndo(this.#generators, false, () => within(memory, () => trace.backward(dys, inputGradient)));
      return dxs.map((dx) => {
        const own = inputGradient ? dx?.clone() : undefined;
        if (own) runOf.set(own, run.source);
        return own;
      });
    } finally {
      state.depth--;
      state.claim = undefined;
      running.waiting = run.waiting = false;
    }
  }

  /** Whether a forward has ever run. */
  get isEmpty(): boolean {
    return this.#program === undefined;
  }

  /** The forward whose backward these are for. */
  #forwardOf(dys: readonly (Tensor | undefined)[]): Forward | undefined {
    const runs = dys.flatMap((dy) => (dy ? (runOf.get(dy) ?? []) : []));
    // A gradient may be used for several forwards, as benchmarks do: from the second on it is any gradient.
    const known = runs.find(({ owner, used }) => owner === this.#owner && !used);
    return this.#waiting.findLast((each) => waits(each) && (!known || each.run === known));
  }

  #run<T>(run: Run, keeps: boolean, claim: Claim, action: () => T): T {
    const state = engine();
    state.run = run;
    state.depth++;
    state.caching = keeps;
    state.claim = claim;
    try {
      return within(this.#memory(run, keeps), action);
    } catch (error) {
      run.waiting = false;
      throw error;
    } finally {
      state.claim = undefined;
      state.caching = false;
      state.depth--;
    }
  }

  #memory(run: Run, keeps: boolean): Allocator {
    if (!keeps) this.#pool ??= this.#program?.newPool?.();
    if (keeps || !this.#pool) return this.#arena(run);
    // If this forward fails, the backward of the last one can still come.
    this.#pool.restart(this.#waiting.flatMap(({ inputs = [] }) => inputs.map((x) => x.operand(x.size))));
    return this.#pool;
  }

  /** Where a run's values lie: where those of a run lay that no backward needs any more. */
  #arena(run: Run): Arena {
    const isUsed = (other: Run) => other.waiting || this.#waiting.some((each) => each.inputs && each.run === other);
    const used = this.#arenas.filter((each) => isUsed(each.run));
    const [free = { run, arena: new Arena() }, ...spare] = this.#arenas.filter((each) => !isUsed(each.run));
    for (const { arena } of spare) arena.drop();
    free.run = run;
    free.arena.restart();
    this.#arenas = [...used, free];
    return free.arena;
  }
}

/** Whether the forward's backward can still come. */
function waits({ run, inputs }: Forward): boolean {
  return !run.used && (run.waiting || inputs !== undefined);
}

/** A copy of the caller's tensor that lives as long as the run: what the caller does to its own later changes nothing. */
function copyOf(x: Tensor): Tensor {
  const copy = allocateUnset(x.shape, x.dtype);
  copy.view().set(x.view());
  return copy;
}

/** Runs `action` with the layer and its children in eval mode, and puts their modes back. */
function inEval<T>(module: Module, action: () => T): T {
  const modes = module.modules().map((layer) => [layer, layer.training] as const);
  for (const [layer] of modes) layer.training = false;
  try {
    return action();
  } finally {
    for (const [layer, training] of modes) layer.training = training;
  }
}
