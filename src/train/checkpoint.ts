/**
 * A training's whole state as one safetensors file: tensors under `model.`, `optimizer.` and `best.`, everything else
 * as JSON in the metadata. Loading it continues to the same bits as if the training had never stopped.
 */

import { generatorsIn } from "../graph/generators.js";
import type { Network, StateDict } from "../graph/layer.js";
import { bytesOf, type OwnBytes } from "../io/bytes.js";
import { crc32 } from "../io/crc32.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../io/safetensors.js";
import { FormatError, ShapeError, StateError } from "../shape/errors.js";
import { sameShape, showShape } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { BestEpoch } from "./early-stopping.js";
import type { HistoryEntry } from "./events.js";
import type { Optimizer } from "./optimizer.js";
import { joinState, type OptimizerState, splitState } from "./optimizer-state.js";
import type { Scheduler, SchedulerState } from "./scheduler.js";

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

/** A source of batches that can say where it stands. */
interface Resumable {
  stateDict(): object;
  loadStateDict(state: never): void;
}

/** Everything that changes while training. Parts that are not there are not saved. */
export interface CheckpointParts {
  readonly model: Network;
  readonly optimizer: Optimizer;
  /** The training's own generator. */
  readonly random: Random;
  readonly scheduler?: Scheduler;
  /** The batches' source, when it can say where it stands. */
  readonly data?: Resumable;
  /** The same of the validation, whose loader may draw as well. */
  readonly validation?: Resumable;
  readonly earlyStopping?: BestEpoch;
}

const KEY = "faltung.checkpoint";
const VERSION = 3;

type BestState = ReturnType<BestEpoch["stateDict"]>;

interface Saved {
  readonly version: typeof VERSION;
  readonly progress: Progress;
  /** Its state dict without the tensors, which are in the file as `optimizer.0.exp_avg`. */
  readonly optimizer: { readonly name: string; readonly state: OptimizerState };
  readonly scheduler: { readonly name: string; readonly state: SchedulerState } | null;
  readonly data: object | null;
  readonly validation: object | null;
  readonly earlyStopping: { readonly name: string; readonly numbers: BestState["numbers"] } | null;
  /** States of the training's generator and of the model's own ones, in the order of its layers. */
  readonly generators: readonly Random["state"][];
}

export function writeCheckpoint(parts: CheckpointParts, progress: Progress): OwnBytes {
  const { model, optimizer, scheduler, data, earlyStopping } = parts;
  const split = splitState(optimizer.stateDict());
  const best = earlyStopping?.stateDict();
  const saved: Saved = {
    version: VERSION,
    progress,
    optimizer: { name: optimizer.name, state: split.rest },
    scheduler: scheduler ? { name: scheduler.name, state: scheduler.stateDict() } : null,
    data: data?.stateDict() ?? null,
    validation: parts.validation?.stateDict() ?? null,
    earlyStopping: earlyStopping && best ? { name: earlyStopping.name, numbers: best.numbers } : null,
    generators: generatorsOf(parts).map((generator) => generator.state),
  };
  const tensors = {
    ...prefixed("model.", model.stateDict()),
    ...prefixed("optimizer.", split.tensors),
    ...prefixed("best.", best?.tensors ?? {}),
  };
  const bytes = writeSafetensors(tensors, { metadata: { [SEAL]: BLANK, [KEY]: JSON.stringify(saved, writeNumber) } });
  bytes.set(new TextEncoder().encode(sealOf(bytes)), SEAL_AT);
  return bytes;
}

/**
 * Puts every part back to where the checkpoint was written. Everything is checked first: a call that throws has changed
 * nothing.
 * @throws FormatError for bytes that are no checkpoint or a damaged one, StateError or ShapeError for one of another
 *   training.
 */
export function readCheckpoint(bytes: Uint8Array, parts: CheckpointParts): Progress {
  const { model, optimizer, scheduler, data, earlyStopping } = parts;
  const saved = parse(bytesOf("fit's resume", bytes));
  checkParts(saved, parts);
  const generators = generatorsOf(parts);
  if (generators.length !== saved.generators.length) {
    throw new StateError(
      `fit expects to resume a model with ${generators.length} random generators, but the checkpoint has ${saved.generators.length}. Usual cause: a checkpoint of another model.`,
    );
  }
  const own = model.stateDict();
  // What is read as float32 would be rounded where the model is more precise.
  const precise = Object.values(own).some(({ dtype }) => dtype === "float64");
  const tensors = readSafetensors(bytes, { dtype: precise ? "float64" : "float32" });
  const optimizerState = joinState({ tensors: under("optimizer.", tensors), rest: saved.optimizer.state });
  const best = { tensors: under("best.", tensors), numbers: saved.earlyStopping?.numbers ?? {} };
  checkTensors(own, under("model.", tensors));
  if (Object.keys(best.tensors).length > 0) checkTensors(own, best.tensors);
  optimizer.checkState(optimizerState);
  if (scheduler && saved.scheduler) scheduler.checkState(saved.scheduler.state);
  // The source may be anybody's, so it comes first: when it refuses its state, nothing else has changed.
  if (data && saved.data) data.loadStateDict(saved.data as never);
  if (parts.validation && saved.validation) parts.validation.loadStateDict(saved.validation as never);
  model.loadStateDict(under("model.", tensors));
  optimizer.loadStateDict(optimizerState);
  if (scheduler && saved.scheduler) scheduler.loadStateDict(saved.scheduler.state);
  earlyStopping?.loadStateDict(best);
  generators.forEach((generator, i) => {
    const state = saved.generators[i];
    if (state) generator.state = state;
  });
  return saved.progress;
}

function checkParts(saved: Saved, { optimizer, scheduler, data, validation, earlyStopping }: CheckpointParts): void {
  for (const [name, part, state] of [
    ["scheduler", scheduler, saved.scheduler],
    ["earlyStopping", earlyStopping, saved.earlyStopping],
    ["data", data, saved.data],
    ["validation", validation, saved.validation],
  ] as const) {
    if ((part === undefined) !== (state === null)) {
      throw new StateError(
        `fit expects to resume with the same parts as before, but ${name} is ${part ? "new" : "missing"}. Usual cause: other options than the run was started with.`,
      );
    }
  }
  for (const [what, part, state] of [
    ["optimizer", optimizer, saved.optimizer],
    ["scheduler", scheduler, saved.scheduler],
    ["earlyStopping", earlyStopping, saved.earlyStopping],
  ] as const) {
    if (part && state && part.name !== state.name) {
      throw new StateError(
        `fit expects to resume with the same parts as before, but ${what} is ${part.name} and was ${state.name}. Usual cause: other options than the run was started with.`,
      );
    }
  }
}

/** The model's tensors and the file's have the same names and shapes. */
function checkTensors(own: StateDict, saved: StateDict): void {
  const missing = Object.keys(own).find((key) => !Object.hasOwn(saved, key));
  const unknown = Object.keys(saved).find((key) => !Object.hasOwn(own, key));
  if (missing !== undefined || unknown !== undefined) {
    throw new StateError(
      `fit expects to resume the model that the checkpoint is of, but ${missing === undefined ? `the model has no ${unknown}` : `the checkpoint has no ${missing}`}. Usual cause: a checkpoint of another model, or a model that was changed since.`,
    );
  }
  for (const [key, { shape }] of Object.entries(own)) {
    const got = saved[key]?.shape ?? [];
    if (!sameShape(shape, got)) {
      throw new ShapeError(
        `fit expects to resume the model that the checkpoint is of, but its ${key} has the shape ${showShape(shape)} and had ${showShape(got)}. Usual cause: a checkpoint of another model, or a model that was changed since.`,
      );
    }
  }
}

/** The training's generator and those of the layers, each once. */
function generatorsOf({ model, random }: CheckpointParts): Random[] {
  return [...new Set([random, ...model.modules().flatMap((layer) => generatorsIn(layer))])];
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

/** What the metadata say, once it is certain that they and the tensors are what was written. */
function parse(bytes: Uint8Array): Saved {
  const text = readSafetensorsMetadata(bytes)[KEY];
  if (text === undefined) {
    throw new FormatError(
      `fit expects resume to be a checkpoint, but the file has no "${KEY}" in its metadata. Usual cause: a file of weights only; load it with model.loadStateDict(readSafetensors(bytes)).`,
    );
  }
  let saved: Partial<Saved> | null = null;
  try {
    saved = JSON.parse(text, readNumber) as Partial<Saved> | null;
  } catch {
    // told below, as damage
  }
  if (saved && Number.isSafeInteger(saved.version) && saved.version !== VERSION) {
    throw new FormatError(
      `fit expects a checkpoint of version ${VERSION}, but this one is of version ${saved.version}. Usual cause: a checkpoint of another release; its weights can still be read: model.loadStateDict takes those tensors of readSafetensors(bytes) whose names begin with "model.", without it.`,
    );
  }
  const written = new TextDecoder().decode(bytes.subarray(SEAL_AT, SEAL_AT + BLANK.length));
  if (!saved || written !== sealOf(bytes)) {
    throw new FormatError(
      "fit expects a checkpoint as it was written, but its bytes do not match its checksum. Usual cause: a program that was killed while it wrote the file, a failing disk, or a checkpoint that was edited.",
    );
  }
  return saved as Saved;
}

/** The checksum is written before everything else in the header, so that its digits are always at the same position. */
const SEAL = "faltung.checksum";
const BLANK = "00000000";
/** Behind the header's length and `{"__metadata__":{"faltung.checksum":"`. */
const SEAL_AT = 45;

/** CRC-32 of all bytes but the checksum's own, as 8 digits. */
function sealOf(bytes: Uint8Array): string {
  const crc = crc32(bytes.subarray(SEAL_AT + BLANK.length), crc32(bytes.subarray(0, SEAL_AT)));
  return crc.toString(16).padStart(BLANK.length, "0");
}
