/** Ending a training that no longer gets better, and going back to its best epoch. */
import type { Layer } from "../layers/layer.js";
import { checkFinite, checkInteger, checkOneOf } from "../shape/check.js";
import type { Tensor } from "../tensor/tensor.js";
import type { HistoryEntry } from "./events.js";

export interface EarlyStopping {
  /** What has to improve: `"validationLoss"` (default), `"loss"`, or a metric's name, which has to grow. */
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
  readonly #monitor: string;
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #restoreBest: boolean;
  #best: { readonly value: number; readonly state: Record<string, Tensor> } | undefined;
  #waited = 0;

  constructor(
    readonly model: Layer,
    { monitor, patience = 3, minDelta = 0, restoreBest = true }: EarlyStopping,
    { validation, metrics = {} }: { readonly validation?: object; readonly metrics?: object },
  ) {
    this.#monitor = monitor ?? (validation ? "validationLoss" : "loss");
    const known = ["loss", ...(validation ? ["validationLoss", ...Object.keys(metrics)] : [])];
    checkOneOf("fit", "earlyStopping.monitor", this.#monitor, known);
    this.#patience = checkInteger("fit", "earlyStopping.patience", patience, 1);
    this.#minDelta = checkFinite("fit", "earlyStopping.minDelta", minDelta);
    this.#restoreBest = restoreBest;
  }

  get isOver(): boolean {
    return this.#waited >= this.#patience;
  }

  see({ loss, validation }: HistoryEntry): void {
    // A loss has to fall, a metric has to grow: both are told as falling.
    const value =
      this.#monitor === "loss"
        ? loss
        : this.#monitor === "validationLoss"
          ? (validation?.loss ?? Number.NaN)
          : -(validation?.metrics[this.#monitor] ?? Number.NaN);
    if (this.#best === undefined || value < this.#best.value - this.#minDelta) {
      this.#best = { value, state: this.#restoreBest ? this.model.stateDict() : {} };
      this.#waited = 0;
    } else {
      this.#waited++;
    }
  }

  restore(): void {
    if (this.#restoreBest && this.#best) this.model.loadStateDict(this.#best.state);
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
