/** The training loop: epochs over batches, with progress, validation, early stopping, abort, and exact resume. */
import { type AnyTargets, type Batch, type Inputs, listOfInputs } from "../data/dataset.js";
import type { Network } from "../graph/layer.js";
import { StateBuffer } from "../graph/parameter.js";
import {
  checkFinite,
  checkInteger,
  checkOneOf,
  checkRange,
  isPlainObject,
  readOptions,
  refuse,
} from "../shape/check.js";
import { ArgumentError, StateError } from "../shape/errors.js";
import { drawingFrom, ownRandom, Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import { checkBatch, checkBatches, checkFunction, checkModel, checkSignal } from "./arguments.js";
import { type CheckpointParts, type Progress, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { clipGradNorm } from "./clip.js";
import { BestEpoch, type EarlyStopping } from "./early-stopping.js";
import { type AbortSignalLike, batchesOf, measure, rowsOf } from "./evaluate.js";
import type { Callback, HistoryEntry } from "./events.js";
import { causeOf, firstNonFinite, type NonFinite, NonFiniteError } from "./non-finite.js";
import { Optimizer } from "./optimizer.js";
import { checkMeasured, type Losses, type Metrics, OutputLosses, readMetrics } from "./outputs.js";
import { Scheduler } from "./scheduler.js";

export interface FitOptions<T extends AnyTargets> {
  /**
   * What is made smaller. Of a network with several outputs, the sum of their losses, each with a weight if one is given:
   * `{ logits: new CrossEntropyLoss(), aux: { loss: new CrossEntropyLoss(), weight: 0.3 } }`, or a list of losses where the
   * outputs are a list. An output without a loss gets no gradient.
   */
  readonly loss: Losses<NoInfer<T>>;
  /** Changes the parameters after each batch: those that it was given, all of the model's as a rule. */
  readonly optimizer: Optimizer;
  /** Times to go through the data, those before a resume included. Default 1. */
  readonly epochs?: number;
  /** Changes the learning rate after every epoch or step. */
  readonly scheduler?: Scheduler;
  /** When the scheduler steps. Default `"epoch"`; OneCycleLR wants `"step"`. */
  readonly schedule?: "epoch" | "step";
  /** Evaluated after every epoch, in eval mode. */
  readonly validation?: Iterable<Batch<T, Inputs>>;
  /** Measured on the validation data: `{ accuracy }`; of several outputs, by output: `{ logits: { accuracy } }`. */
  readonly metrics?: Metrics<NoInfer<T>>;
  /** Largest norm of all gradients together; larger ones are scaled down to it. Default: not clipped. */
  readonly clipGradNorm?: number;
  /** Stops a training that does not get better: `{ monitor: "loss", patience: 3 }`. Default: none. */
  readonly earlyStopping?: EarlyStopping;
  /** Each is told of the start, every step, every epoch and the end, in this order; `onStep` and `onEpoch` come last. */
  readonly callbacks?: readonly Callback[];
  /** Called after every step with its loss, learning rate and more. */
  readonly onStep?: Callback["onStep"];
  /** Called after every epoch with its mean loss, validation and more. */
  readonly onEpoch?: Callback["onEpoch"];
  /**
   * What follows when a loss, a gradient or a parameter is NaN or infinite. Default `"stop"`: the promise is rejected with
   * a {@link NonFiniteError} before the step has changed anything. `"continue"` makes the step all the same, as a loop
   * written by hand would. Either way `onNonFinite` is called first.
   */
  readonly nonFinite?: "stop" | "continue";
  /** Called before what `nonFinite` says. */
  readonly onNonFinite?: Callback["onNonFinite"];
  /** Aborting it rejects the promise with its reason, between two steps: nothing is half-changed. */
  readonly signal?: AbortSignalLike;
  /** Called with everything that a resume needs, every so many steps (default: at the end of every epoch). */
  readonly checkpoint?: {
    /** Steps from one save to the next. Default: one save at the end of every epoch. */
    readonly everySteps?: number;
    /** Is given the checkpoint's bytes; the training waits until its promise is kept. */
    save(bytes: Uint8Array, progress: Progress): void | Promise<void>;
  };
  /** A checkpoint's bytes: the training goes on from there to the same bits as if it had never stopped. */
  readonly resume?: Uint8Array;
}

/** What a training did, epoch by epoch. */
export interface History {
  readonly epochs: readonly HistoryEntry[];
  /** Why it ended: all epochs done, early stopping, or a callback's `stop()`. */
  readonly ended: "epochs" | "earlyStopping" | "callback";
}

/** A macrotask between steps at least this often, so that timers, events and aborts get their turn. */
const BREATH_MILLISECONDS = 25;

/**
 * Trains `model` on batches: for each, forward, loss, backward, optimizer step. Everything random follows from
 * generators that the layers, the loader and this training have of their own, seeded from that of `manualSeed`: a seed
 * gives the same bits every time, also where several trainings are awaited together. (The training's own takes the
 * default one's place while it computes, for layers, losses and callbacks that draw by `randn` and the like.)
 *
 * @param model a layer, or a network of several inputs and outputs: its batches have a list of inputs, and targets for all
 *   outputs, or for each in a list or an object by name
 * @param data gives `{ inputs, targets }` anew for every epoch: a {@link DataLoader}, or any iterable
 * @returns what each epoch did; the model is left in train mode
 * @throws ArgumentError for arguments and options that cannot work, StateError or FormatError for a checkpoint that is
 *   not this training's: nothing has changed then. {@link NonFiniteError} when numbers are no longer finite; the signal's
 *   reason when it is aborted
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
 * await fit(model, loader, { loss: new CrossEntropyLoss(), optimizer, epochs: 2, onStep: ({ meanLoss }) => console.log(meanLoss) });
 */
export async function fit<T extends AnyTargets>(
  model: Network,
  data: Iterable<Batch<T, Inputs>>,
  options: FitOptions<T>,
): Promise<History> {
  return new Training(model, data, options).run();
}

/** Every option with its default. */
const defaults = () => ({
  loss: undefined,
  optimizer: undefined,
  epochs: 1,
  scheduler: undefined,
  schedule: "epoch" as const,
  validation: undefined,
  metrics: {},
  clipGradNorm: undefined,
  earlyStopping: undefined,
  callbacks: [],
  onStep: undefined,
  onEpoch: undefined,
  nonFinite: "stop" as const,
  onNonFinite: undefined,
  signal: undefined,
  checkpoint: undefined,
  resume: undefined,
});

class Training<T extends AnyTargets> {
  readonly #options: ReturnType<typeof checkedOptions<T>>;
  readonly #callbacks: readonly Callback[];
  readonly #stopper: BestEpoch | undefined;
  readonly #parts: CheckpointParts;
  /** What everything draws from that has no generator of its own, so that no other training has a part in it. */
  readonly #random = new Random(0);
  /** Running statistics: a forward changes them before its loss is known. */
  readonly #buffers: readonly { readonly buffer: StateBuffer; readonly before: Float32Array }[];
  #progress: Progress = { epoch: 1, step: 0, globalStep: 0, lossSum: 0, samples: 0, history: [] };
  #stopped = false;
  #isChecked = false;
  #lastBreath = performance.now();

  constructor(
    readonly model: Network,
    readonly data: Iterable<Batch<T, Inputs>>,
    options: FitOptions<T>,
  ) {
    checkModel("fit", model);
    checkBatches("fit", "its data", data);
    this.#options = checkedOptions(model, options);
    const { optimizer, scheduler, validation, earlyStopping, callbacks } = this.#options;
    const { onStep, onEpoch, onNonFinite } = this.#options;
    const metrics = this.#options.measured.map(({ key }) => key);
    this.#stopper = earlyStopping && new BestEpoch(model, earlyStopping, { validation, metrics });
    const shorthands = { ...(onStep && { onStep }), ...(onEpoch && { onEpoch }), ...(onNonFinite && { onNonFinite }) };
    this.#callbacks = [...callbacks, shorthands];
    this.#parts = {
      model,
      optimizer,
      random: this.#random,
      ...(scheduler && { scheduler }),
      ...(isResumable(data) && { data }),
      ...(isResumable(validation) && validation !== data && { validation }),
      ...(this.#stopper && { earlyStopping: this.#stopper }),
    };
    const buffers = [...model.ownSelf.states()].filter((state) => state instanceof StateBuffer);
    this.#buffers = buffers.map((buffer) => ({ buffer, before: buffer.value.view().slice() }));
  }

  async run(): Promise<History> {
    const { resume, signal, epochs } = this.#options;
    signal?.throwIfAborted();
    if (resume) this.#progress = readCheckpoint(resume, this.#parts);
    else this.#random.state = ownRandom().state;
    await this.#call((callback) => callback.onStart?.());
    try {
      while (this.#progress.epoch <= epochs && !this.#stopped && !this.#stopper?.isOver) await this.#epoch();
      this.#stopper?.restore();
      const ended = this.#stopper?.isOver ? "earlyStopping" : this.#stopped ? "callback" : "epochs";
      return { epochs: this.#progress.history, ended };
    } finally {
      await this.#call((callback) => callback.onEnd?.());
    }
  }

  /** One epoch, or what a resume left of it. */
  async #epoch(): Promise<void> {
    const { model } = this;
    const options = this.#options;
    const start = performance.now();
    const before = this.#progress.samples;
    const steps = lengthOf(this.data);
    const named = model.namedParameters();
    // A source that cannot be put back to its position gives the epoch again; its first batches have been used already.
    let skip = this.#parts.data ? 0 : this.#progress.step;
    model.train();
    for (const batch of batchesOf(this.data, this.#run)) {
      if (skip > 0) {
        skip--;
        continue;
      }
      options.signal?.throwIfAborted();
      checkBatch("fit", "its data", batch, this.#progress.step + 1);
      const learningRate = options.optimizer.lr;
      this.#checkOutputs(batch);
      const rows = rowsOf(batch);
      const { loss, sum, problem } = this.#run(() => this.#gradients(batch, named, rows));
      const last = this.#progress;
      this.#progress = { ...last, step: last.step + 1, globalStep: last.globalStep + 1 };
      if (problem) await this.#notFinite(problem, batch, problem.loss);
      this.#run(() => this.#update(loss));
      this.#progress = { ...this.#progress, lossSum: last.lossSum + sum, samples: last.samples + rows };
      const { epoch, step, globalStep, lossSum, samples } = this.#progress;
      const seconds = (performance.now() - start) / 1000;
      const secondsLeft =
        steps === undefined ? undefined : (seconds / Math.max(1, samples - before)) * rows * (steps - step);
      await this.#call((callback) =>
        callback.onStep?.({
          epoch,
          epochs: options.epochs,
          step,
          steps,
          globalStep,
          loss,
          meanLoss: lossSum / samples,
          learningRate,
          samples,
          seconds,
          secondsLeft,
          stop: () => {
            this.#stopped = true;
          },
        }),
      );
      const every = options.checkpoint?.everySteps;
      if (every !== undefined && globalStep % every === 0) await this.#save();
      await this.#breathe();
      if (this.#stopped) return;
    }
    await this.#finishEpoch((performance.now() - start) / 1000);
  }

  /** Before the first forward: whose losses and metrics they are can be seen when the number of inputs is known. */
  #checkOutputs({ inputs }: Batch<T, Inputs>): void {
    if (this.#isChecked) return;
    const count = listOfInputs(inputs).length;
    this.#options.losses.check(this.model, count);
    checkMeasured("fit", this.#options.measured, this.model, count);
    this.#isChecked = true;
  }

  /** Forward, loss and backward; what is not finite about them. With `nonFinite: "stop"`, nothing has changed then. */
  #gradients(
    { inputs, targets }: Batch<T, Inputs>,
    named: ReturnType<Network["namedParameters"]>,
    rows: number,
  ): { loss: number; sum: number; problem: (NonFinite & { readonly loss?: unknown }) | undefined } {
    const { losses, optimizer, nonFinite } = this.#options;
    const stops = nonFinite === "stop";
    let good = false;
    for (const { buffer, before } of this.#buffers) before.set(buffer.value.view());
    try {
      optimizer.zeroGrad();
      const outputs: unknown = this.model.forward(...(listOfInputs(inputs) as readonly [Tensor]));
      const { value, sum, problem: found } = losses.forward(outputs, targets, rows);
      let problem: (NonFinite & { readonly loss?: unknown }) | undefined = found && { what: "loss", ...found };
      if (!problem || !stops) {
        this.model.backward(losses.backward(), { inputGradient: false });
        problem ??= firstNonFinite(named, "gradient");
      }
      good = !problem || !stops;
      return { loss: value, sum, problem };
    } finally {
      if (!good) {
        for (const { buffer, before } of this.#buffers) buffer.value.view().set(before);
        optimizer.zeroGrad();
      }
    }
  }

  #update(loss: number): void {
    const { optimizer, scheduler, schedule, clipGradNorm: maxNorm } = this.#options;
    if (maxNorm !== undefined) clipGradNorm(this.model.parameters(), maxNorm);
    optimizer.step();
    if (schedule === "step") scheduler?.step(loss);
  }

  async #finishEpoch(seconds: number): Promise<void> {
    const { model } = this;
    const options = this.#options;
    const { epoch, step, samples, lossSum, history } = this.#progress;
    if (step === 0) {
      throw new ArgumentError(
        "fit expects data that gives batches in every epoch, but this epoch had none. Usual cause: a generator object, which can be gone through only once; pass a DataLoader or an array.",
      );
    }
    await this.#checkParameters();
    const learningRate = options.optimizer.lr;
    const loss = lossSum / samples;
    const validation = options.validation && (await measure("fit", model, options.validation, options, this.#run));
    model.train();
    if (validation && !Number.isFinite(validation.loss)) {
      await this.#notFinite({ what: "validationLoss", name: "the validation loss", value: validation.loss });
    }
    if (options.schedule === "epoch") options.scheduler?.step(validation?.loss ?? loss);
    const entry: HistoryEntry = { epoch, loss, validation, learningRate, seconds };
    this.#progress = {
      ...this.#progress,
      epoch: epoch + 1,
      step: 0,
      lossSum: 0,
      samples: 0,
      history: [...history, entry],
    };
    this.#stopper?.see(entry);
    await this.#call((callback) =>
      callback.onEpoch?.({
        ...entry,
        epochs: options.epochs,
        stop: () => {
          this.#stopped = true;
        },
      }),
    );
    if (options.checkpoint && options.checkpoint.everySteps === undefined) await this.#save();
  }

  /** Tells the callbacks; then throws, unless the training is to go on. */
  async #notFinite(problem: NonFinite, batch?: Batch<T, Inputs>, loss?: unknown): Promise<void> {
    const { losses, optimizer, nonFinite } = this.#options;
    const { epoch, step, globalStep } = this.#progress;
    const { what, name, value } = problem;
    const cause = causeOf(problem, this.model, batch, loss ?? losses.all[0], optimizer.lr);
    const message = `fit expects finite numbers, but ${name} ${batch ? "at" : "after"} step ${step} of epoch ${epoch} is ${value}. Usual cause: ${cause}.`;
    const event = { epoch, step, globalStep, what, value, message };
    await this.#call((callback) => callback.onNonFinite?.(event));
    if (nonFinite === "continue" || what === "validationLoss") return;
    const intact = firstNonFinite(this.model.namedParameters(), "parameter") === undefined;
    throw new NonFiniteError(event, intact ? writeCheckpoint(this.#parts, this.#progress) : undefined);
  }

  /** A step may overflow with finite gradients: nothing that did is saved, or handed back as if it were trained. */
  async #checkParameters(): Promise<void> {
    const problem = firstNonFinite(this.model.namedParameters(), "parameter");
    if (problem) await this.#notFinite(problem);
  }

  async #save(): Promise<void> {
    const { checkpoint } = this.#options;
    if (!checkpoint) return;
    await this.#checkParameters();
    await checkpoint.save(writeCheckpoint(this.#parts, this.#progress), this.#progress);
  }

  /** Runs what may draw random numbers between two awaits. */
  readonly #run = <R>(action: () => R): R => drawingFrom(this.#random, action);

  async #call(use: (callback: Callback) => void | Promise<void> | undefined): Promise<void> {
    for (const callback of this.#callbacks) await this.#run(() => use(callback));
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#lastBreath < BREATH_MILLISECONDS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastBreath = performance.now();
  }
}

function checkedOptions<T extends AnyTargets>(model: Network, options: FitOptions<T>) {
  if (options === undefined) {
    refuse(
      "fit",
      "its options",
      "an object with a loss and an optimizer at least",
      options,
      "a forgotten third argument: { loss: new CrossEntropyLoss(), optimizer }",
    );
  }
  // A record of everything that a training consists of may be passed as it is.
  const {
    model: _,
    data: __,
    ...rest
  } = options as FitOptions<T> & { readonly model?: unknown; readonly data?: unknown };
  const read = readOptions("fit", isPlainObject(options) ? (rest as FitOptions<T>) : options, defaults());
  const { optimizer, scheduler, validation, callbacks, onStep, onEpoch, onNonFinite, checkpoint } = read;
  const losses = new OutputLosses("fit", read.loss);
  checkOptimizer(model, optimizer);
  checkInteger("fit", "epochs", read.epochs, 0);
  checkOneOf("fit", "schedule", read.schedule, ["epoch", "step"]);
  checkOneOf("fit", "nonFinite", read.nonFinite, ["stop", "continue"]);
  if (scheduler !== undefined) checkScheduler(optimizer, scheduler);
  if (validation !== undefined) checkBatches("fit", "validation", validation);
  const measured = readMetrics("fit", read.metrics);
  if (read.clipGradNorm !== undefined)
    checkRange("fit", "clipGradNorm", checkFinite("fit", "clipGradNorm", read.clipGradNorm), 0, Infinity);
  if (!Array.isArray(callbacks))
    refuse(
      "fit",
      "callbacks",
      "an array of objects such as [{ onStep }]",
      callbacks,
      "a single callback: put it in an array",
    );
  for (const each of [...callbacks, { onStep, onEpoch, onNonFinite }]) {
    if (typeof each !== "object" || each === null)
      refuse("fit", "each callback", "an object such as { onStep }", each, "a function: name it { onStep }");
    for (const name of ["onStart", "onStep", "onEpoch", "onNonFinite", "onEnd"] as const)
      checkFunction("fit", name, (each as Callback)[name]);
  }
  checkSignal("fit", read.signal);
  if (checkpoint !== undefined) {
    // It may be an object of any class that keeps what it is given; only what { } writes can be misspelled.
    if (isPlainObject(checkpoint))
      readOptions("fit's checkpoint", checkpoint, { everySteps: undefined, save: undefined });
    const { everySteps, save } = Object(checkpoint) as Partial<NonNullable<FitOptions<T>["checkpoint"]>>;
    if (everySteps !== undefined) checkInteger("fit", "checkpoint.everySteps", everySteps, 1);
    if (typeof save !== "function")
      refuse(
        "fit",
        "checkpoint.save",
        "a function that keeps the bytes",
        save,
        "a path, where (bytes) => writeFileAtomic(path, bytes) is meant",
      );
  }
  return { ...read, losses, optimizer, measured };
}

function checkOptimizer(model: Network, optimizer: Optimizer | undefined): asserts optimizer is Optimizer {
  if (!(optimizer instanceof Optimizer)) {
    const cause = optimizer === undefined ? "a forgotten option" : "a name or a class, where an object is meant";
    refuse("fit", "optimizer", "an optimizer such as new Adam(model.parameters())", optimizer, cause);
  }
  const own = new Set(model.parameters());
  if (optimizer.groups.some(({ parameters }) => parameters.some((parameter) => own.has(parameter)))) return;
  throw new StateError(
    `fit expects an optimizer over parameters of its model, but ${optimizer.name} has none of them. Usual cause: the parameters of another model, or of layers that were replaced since.`,
  );
}

function checkScheduler(optimizer: Optimizer, scheduler: Scheduler): void {
  if (!(scheduler instanceof Scheduler)) {
    refuse(
      "fit",
      "scheduler",
      "a scheduler such as new StepLR(optimizer, { stepSize: 10 })",
      scheduler,
      "a learning rate or a function, where an object is meant",
    );
  }
  if (scheduler.optimizer === optimizer) return;
  throw new StateError(
    `fit expects a scheduler of its optimizer, but ${scheduler.name} was made with another one. Usual cause: an optimizer that was made anew, without its scheduler.`,
  );
}

/** A source that can say where it stands, and be put back there. */
function isResumable(data: unknown): data is NonNullable<CheckpointParts["data"]> {
  const { stateDict, loadStateDict } = Object(data) as Readonly<Record<string, unknown>>;
  return typeof stateDict === "function" && typeof loadStateDict === "function";
}

function lengthOf(data: unknown): number | undefined {
  const { length } = data as { length?: unknown };
  return typeof length === "number" ? length : undefined;
}
