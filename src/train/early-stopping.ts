/** Ending a training that no longer gets better, and going back to its best epoch. */
import type { Network } from "../graph/layer.js";
import { checkFinite, checkInteger, checkOneOf, readOptions } from "../shape/check.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HistoryEntry } from "./events.js";

/** When `fit` stops because nothing gets better. */
export interface EarlyStopping {
  /**
   * What has to improve: `"validationLoss"` (default), `"loss"`, or a metric's name, which has to grow. NaN is never an
   * improvement and never the best, nor is a loss that is infinite.
   */
  readonly monitor?: string;
  /** Epochs without improvement after which the training stops. Default 3. */
  readonly patience?: number;
  /** Smallest change that counts as improvement. Default 0. */
  readonly minDelta?: number;
  /** Whether the model gets its best epoch's parameters and buffers back. Default true. */
  readonly restoreBest?: boolean;
}

/** Remembers the best epoch and how long ago it was. */
export class BestEpoch {
  /** What it watches. */
  readonly name: string;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #restoreBest: boolean;
  #best: { readonly value: number; readonly state: Record<string, Tensor> } | undefined;
  #waited = 0;

  constructor(
    readonly model: Network,
    options: EarlyStopping,
    { validation, metrics }: { readonly validation: object | undefined; readonly metrics: readonly string[] },
  ) {
    const read = readOptions("fit's earlyStopping", options, {
      monitor: undefined,
      patience: 3,
      minDelta: 0,
      restoreBest: true,
    });
    const known = ["loss", ...(validation ? ["validationLoss", ...metrics] : [])];
    this.name = read.monitor ?? (validation ? "validationLoss" : "loss");
    checkOneOf("fit", "earlyStopping.monitor", this.name, known);
    this.#patience = checkInteger("fit", "earlyStopping.patience", read.patience, 1);
    this.#minDelta = checkFinite("fit", "earlyStopping.minDelta", read.minDelta);
    this.#restoreBest = read.restoreBest;
  }

  get isOver(): boolean {
    return this.#waited >= this.#patience;
  }

  see({ loss, validation }: HistoryEntry): void {
    const { name } = this;
    const isLoss = name === "loss" || name === "validationLoss";
    const seen = (name === "loss" ? loss : isLoss ? validation?.loss : validation?.metrics[name]) ?? Number.NaN;
    // A loss has to fall, a metric has to grow: both are told as falling, and NaN is below nothing.
    const value = isLoss ? (Number.isFinite(seen) ? seen : Number.NaN) : -seen;
    if (value < (this.#best?.value ?? Infinity) - this.#minDelta) {
      this.#best = { value, state: this.#restoreBest ? this.model.stateDict() : {} };
      this.#waited = 0;
    } else {
      this.#waited++;
    }
  }

  restore(): void {
    // A checkpoint may come from a training that restored nothing.
    const kept = this.#best && Object.keys(this.#best.state).length > 0;
    if (this.#restoreBest && kept) this.model.loadStateDict(this.#best?.state ?? {});
  }

  stateDict(): { readonly numbers: Record<string, number>; readonly tensors: Record<string, Tensor> } {
    const numbers = { waited: this.#waited, ...(this.#best && { best: this.#best.value }) };
    return { numbers, tensors: this.#best?.state ?? {} };
  }

  loadStateDict({ numbers, tensors }: ReturnType<BestEpoch["stateDict"]>): void {
    this.#waited = numbers.waited ?? 0;
    this.#best = numbers.best === undefined ? undefined : { value: numbers.best, state: tensors };
  }
}
