/**
 * A training's whole state as one safetensors file: tensors under `model.`, `optimizer.` and `best.`, everything else
 * as JSON in the metadata. Loading it continues to the same bits as if the training had never stopped.
 */
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../io/safetensors.js";
import type { Layer } from "../layers/layer.js";
import { FormatError, StateError } from "../shape/errors.js";
import { defaultRandom, Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HistoryEntry } from "./events.js";
import type { Optimizer, OptimizerState } from "./optimizer.js";
import type { Scheduler } from "./scheduler.js";

/** Where a training stands. */
export interface Progress {
  /** The epoch that runs or comes next, from 1. */
  readonly epoch: number;
  /** Steps of that epoch that have been done. */
  readonly step: number;
  /** Steps since the training began. */
  readonly globalStep: number;
  /** Sum of the losses of this epoch's samples, and their number. */
  readonly lossSum: number;
  readonly samples: number;
  /** The finished epochs. */
  readonly history: readonly HistoryEntry[];
}

/** Everything that changes while training. Parts that are not there are not saved. */
export interface CheckpointParts {
  readonly model: Layer;
  readonly optimizer: Optimizer;
  readonly scheduler?: Scheduler;
  /** The batches' source, when it can say where it stands. */
  readonly data?: { stateDict(): object; loadStateDict(state: never): void };
  readonly earlyStopping?: {
    stateDict(): OptimizerState;
    loadStateDict(state: OptimizerState): void;
  };
}

const KEY = "faltung.checkpoint";

interface Saved {
  readonly version: 1;
  readonly progress: Progress;
  readonly optimizer: OptimizerState["numbers"];
  readonly scheduler: object | null;
  readonly data: object | null;
  readonly earlyStopping: OptimizerState["numbers"] | null;
  /** States of the default generator and of the model's own ones, in the order of its layers. */
  readonly generators: readonly Random["state"][];
}

export function writeCheckpoint(parts: CheckpointParts, progress: Progress): Uint8Array {
  const { model, optimizer, scheduler, data, earlyStopping } = parts;
  const optimizerState = optimizer.stateDict();
  const best = earlyStopping?.stateDict();
  const saved: Saved = {
    version: 1,
    progress,
    optimizer: optimizerState.numbers,
    scheduler: scheduler?.stateDict() ?? null,
    data: data?.stateDict() ?? null,
    earlyStopping: best?.numbers ?? null,
    generators: generatorsOf(model).map((generator) => generator.state),
  };
  const tensors = {
    ...prefixed("model.", model.stateDict()),
    ...prefixed("optimizer.", optimizerState.tensors),
    ...prefixed("best.", best?.tensors ?? {}),
  };
  return writeSafetensors(tensors, { metadata: { [KEY]: JSON.stringify(saved, writeNumber) } });
}

/**
 * Puts every part back to where the checkpoint was written.
 * @throws FormatError for bytes that are no checkpoint, StateError or ShapeError for one of another training.
 */
export function readCheckpoint(bytes: Uint8Array, parts: CheckpointParts): Progress {
  const text = readSafetensorsMetadata(bytes)[KEY];
  if (text === undefined) {
    throw new FormatError(
      `fit expects resume to be a checkpoint, but the file has no "${KEY}" in its metadata. Usual cause: a file of weights only; load it with model.loadStateDict(readSafetensors(bytes)).`,
    );
  }
  const saved = parse(text);
  const { model, optimizer, scheduler, data, earlyStopping } = parts;
  for (const [name, part, state] of [
    ["scheduler", scheduler, saved.scheduler],
    ["earlyStopping", earlyStopping, saved.earlyStopping],
    ["data", data, saved.data],
  ] as const) {
    if ((part === undefined) !== (state === null)) {
      throw new StateError(
        `fit expects to resume with the same parts as before, but ${name} is ${part ? "new" : "missing"}. Usual cause: other options than the run was started with.`,
      );
    }
  }
  const generators = generatorsOf(model);
  if (generators.length !== saved.generators.length) {
    throw new StateError(
      `fit expects to resume a model with ${generators.length} random generators, but the checkpoint has ${saved.generators.length}. Usual cause: a checkpoint of another model.`,
    );
  }
  const tensors = readSafetensors(bytes);
  const before = { model: model.stateDict(), optimizer: optimizer.stateDict(), data: data?.stateDict() };
  try {
    model.loadStateDict(under("model.", tensors));
    optimizer.loadStateDict({ tensors: under("optimizer.", tensors), numbers: saved.optimizer });
    if (data && saved.data) data.loadStateDict(saved.data as never);
    if (scheduler && saved.scheduler) scheduler.loadStateDict(saved.scheduler as never);
    if (earlyStopping && saved.earlyStopping) {
      earlyStopping.loadStateDict({ tensors: under("best.", tensors), numbers: saved.earlyStopping });
    }
  } catch (error) {
    model.loadStateDict(before.model);
    optimizer.loadStateDict(before.optimizer);
    if (data && before.data) data.loadStateDict(before.data as never);
    throw error;
  }
  generators.forEach((generator, i) => {
    const state = saved.generators[i];
    if (state) generator.state = state;
  });
  return saved.progress;
}

/** The default generator and those that layers were given, each once. */
function generatorsOf(model: Layer): Random[] {
  const own = model.descendants().flatMap((layer) => Object.values(layer).filter((field) => field instanceof Random));
  return [...new Set<Random>([defaultRandom(), ...own])];
}

function prefixed(prefix: string, tensors: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [prefix + key, tensor]));
}

function under(prefix: string, tensors: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, tensor]) => [key.slice(prefix.length), tensor]),
  );
}

/** JSON has no NaN and no infinities; a diverged loss is one. */
function writeNumber(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? { $number: String(value) } : value;
}

function readNumber(_key: string, value: unknown): unknown {
  const text = (value as { $number?: unknown } | null)?.$number;
  return typeof text === "string" ? Number(text) : value;
}

function parse(text: string): Saved {
  let saved: Saved | undefined;
  try {
    saved = JSON.parse(text, readNumber) as Saved;
  } catch {
    // told below
  }
  const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const { epoch, step, globalStep, samples, history } = saved?.progress ?? {};
  if (
    saved?.version !== 1 ||
    ![epoch, step, globalStep, samples].every(whole) ||
    !Array.isArray(history) ||
    !Array.isArray(saved.generators)
  ) {
    throw new FormatError(
      `fit expects a checkpoint of version 1, but its "${KEY}" is damaged or of another version. Usual cause: a checkpoint that was edited or written by another release.`,
    );
  }
  return saved;
}
