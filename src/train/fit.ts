/** The training loop: epochs over batches, with progress, validation, early stopping, abort, and exact resume. */
import type { Batch, Targets } from "../data/dataset.js";
import type { Layer } from "../layers/layer.js";
import { checkFinite, checkInteger, checkOneOf } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { type CheckpointParts, type Progress, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { clipGradNorm } from "./clip.js";
import { BestEpoch, type EarlyStopping } from "./early-stopping.js";
import { type AbortSignalLike, evaluate, type Metrics, rowsOf, type TrainingLoss, weightOf } from "./evaluate.js";
import type { Callback, HistoryEntry } from "./events.js";
import type { Optimizer } from "./optimizer.js";
import type { Scheduler } from "./scheduler.js";

export interface FitOptions<T extends Targets> {
  /** What is made smaller. */
  readonly loss: TrainingLoss<T>;
  /** Changes the parameters after each batch: those that it was given, all of the model's as a rule. */
  readonly optimizer: Optimizer;
  /** Times to go through the data, those before a resume included. Default 1. */
  readonly epochs?: number;
  /** Changes the learning rate after every epoch or step. */
  readonly scheduler?: Scheduler;
  /** When the scheduler steps. Default `"epoch"`; OneCycleLR wants `"step"`. */
  readonly schedule?: "epoch" | "step";
  /** Evaluated after every epoch, in eval mode. */
  readonly validation?: Iterable<Batch<T>>;
  /** Measured on the validation data: `{ accuracy }`. */
  readonly metrics?: Metrics<T>;
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
 * Trains `model` on batches: for each, forward, loss, backward, optimiser step. Everything random follows from the
 * generators (`manualSeed`, the loader's own), so that a seed gives the same bits every time.
 *
 * @param data gives `{ inputs, targets }` anew for every epoch: a {@link DataLoader}, or any iterable
 * @returns what each epoch did; the model is left in train mode
 * @throws ArgumentError for options that cannot work, StateError or FormatError for a checkpoint that is not this
 *   training's; the signal's reason when it is aborted
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
 * await fit(model, loader, { loss: new CrossEntropyLoss(), optimizer, epochs: 2, onStep: ({ meanLoss }) => console.log(meanLoss) });
 */
export async function fit<T extends Targets>(
  model: Layer,
  data: Iterable<Batch<T>>,
  options: FitOptions<T>,
): Promise<History> {
  return new Training(model, data, options).run();
}

class Training<T extends Targets> {
  readonly #epochs: number;
  readonly #callbacks: readonly Callback[];
  readonly #stopper: BestEpoch | undefined;
  readonly #parts: CheckpointParts;
  #progress: Progress = { epoch: 1, step: 0, globalStep: 0, lossSum: 0, samples: 0, history: [] };
  #stopped = false;
  #lastBreath = performance.now();

  constructor(
    readonly model: Layer,
    readonly data: Iterable<Batch<T>>,
    readonly options: FitOptions<T>,
  ) {
    const { optimizer, scheduler, earlyStopping, checkpoint, onStep, onEpoch, callbacks = [] } = options;
    this.#epochs = checkInteger("fit", "epochs", options.epochs ?? 1, 0);
    checkOneOf("fit", "schedule", options.schedule ?? "epoch", ["epoch", "step"]);
    if (checkpoint?.everySteps !== undefined) checkInteger("fit", "checkpoint.everySteps", checkpoint.everySteps, 1);
    if (options.clipGradNorm !== undefined) checkFinite("fit", "clipGradNorm", options.clipGradNorm);
    this.#stopper = earlyStopping && new BestEpoch(model, earlyStopping, options);
    this.#callbacks = [...callbacks, { ...(onStep && { onStep }), ...(onEpoch && { onEpoch }) }];
    this.#parts = {
      model,
      optimizer,
      ...(scheduler && { scheduler }),
      ...(isResumable(data) && { data }),
      ...(this.#stopper && { earlyStopping: this.#stopper }),
    };
  }

  async run(): Promise<History> {
    const { resume, signal } = this.options;
    signal?.throwIfAborted();
    if (resume) this.#progress = readCheckpoint(resume, this.#parts);
    await this.#call((callback) => callback.onStart?.());
    try {
      let ended: History["ended"] = "epochs";
      while (this.#progress.epoch <= this.#epochs && !this.#stopped) {
        const exhausted = await this.#epoch();
        if (exhausted) break;
      }
      if (this.#stopped) ended = "callback";
      if (this.#stopper?.isOver) ended = "earlyStopping";
      this.#stopper?.restore();
      return { epochs: this.#progress.history, ended };
    } finally {
      await this.#call((callback) => callback.onEnd?.());
    }
  }

  /** One epoch, or what a resume left of it. True when early stopping ends the training. */
  async #epoch(): Promise<boolean> {
    const { options, model } = this;
    const start = performance.now();
    const before = this.#progress.samples;
    const steps = lengthOf(this.data);
    // A source that cannot be put back to its place gives the epoch again; its first batches have been used already.
    let skip = this.#parts.data ? 0 : this.#progress.step;
    model.train();
    for (const batch of this.data) {
      if (skip > 0) {
        skip--;
        continue;
      }
      options.signal?.throwIfAborted();
      const learningRate = options.optimizer.lr;
      const loss = this.#step(batch);
      const rows = rowsOf(batch);
      const p = this.#progress;
      this.#progress = {
        ...p,
        step: p.step + 1,
        globalStep: p.globalStep + 1,
        lossSum: p.lossSum + loss * weightOf(options.loss, rows),
        samples: p.samples + rows,
      };
      const { epoch, step, globalStep, lossSum, samples } = this.#progress;
      const seconds = (performance.now() - start) / 1000;
      const secondsLeft =
        steps === undefined ? undefined : (seconds / Math.max(1, samples - before)) * rows * (steps - step);
      await this.#call((callback) =>
        callback.onStep?.({
          epoch,
          epochs: this.#epochs,
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
      if (this.#stopped) return false;
    }
    return this.#finishEpoch((performance.now() - start) / 1000);
  }

  #step({ inputs, targets }: Batch<T>): number {
    const { loss, optimizer, scheduler, schedule, clipGradNorm: maxNorm } = this.options;
    optimizer.zeroGrad();
    const value = loss.forward(this.model.forward(inputs), targets);
    this.model.backward(loss.backward(), { inputGradient: false });
    if (maxNorm !== undefined) clipGradNorm(this.model.parameters(), maxNorm);
    optimizer.step();
    if (schedule === "step") scheduler?.step(value);
    return value;
  }

  async #finishEpoch(seconds: number): Promise<boolean> {
    const { options, model } = this;
    const { epoch, samples, lossSum, history } = this.#progress;
    if (samples === 0) {
      throw new ArgumentError(
        "fit expects data that gives batches in every epoch, but this epoch had none. Usual cause: a generator object, which can be gone through only once; pass a DataLoader or an array.",
      );
    }
    const learningRate = options.optimizer.lr;
    const loss = lossSum / samples;
    const validation = options.validation && (await evaluate(model, options.validation, options));
    model.train();
    const { scheduler, schedule = "epoch" } = options;
    if (schedule === "epoch") scheduler?.step(validation?.loss ?? loss);
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
        epochs: this.#epochs,
        stop: () => {
          this.#stopped = true;
        },
      }),
    );
    if (options.checkpoint && options.checkpoint.everySteps === undefined) await this.#save();
    return this.#stopper?.isOver ?? false;
  }

  async #save(): Promise<void> {
    await this.options.checkpoint?.save(writeCheckpoint(this.#parts, this.#progress), this.#progress);
  }

  async #call(use: (callback: Callback) => void | Promise<void> | undefined): Promise<void> {
    for (const callback of this.#callbacks) await use(callback);
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#lastBreath < BREATH_MILLISECONDS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastBreath = performance.now();
  }
}

function isResumable(data: unknown): data is { stateDict(): object; loadStateDict(state: never): void } {
  return typeof (data as { stateDict?: unknown }).stateDict === "function";
}

function lengthOf(data: unknown): number | undefined {
  const { length } = data as { length?: unknown };
  return typeof length === "number" ? length : undefined;
}
