/** Checks of what `fit` and `evaluate` are given: each throws a sentence before anything changes. */
import { type Batch, Dataset, type Inputs, isTensors, type Targets } from "../data/dataset.js";
import { Layer } from "../graph/layer.js";
import { isPlainObject, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { Tensor } from "../tensor/tensor.js";

export function checkModel(who: string, model: unknown): void {
  if (model instanceof Layer) return;
  refuse(
    who,
    "its model",
    "a Layer",
    model,
    isClass(model) ? "a class, where new is missing" : "arguments in another order",
  );
}

/** Batches are gone through once an epoch: `what` has to be an iterable that gives them anew. */
export function checkBatches(who: string, what: string, data: unknown): void {
  const expected = "a DataLoader or another iterable of { inputs, targets }";
  if (data instanceof Tensor)
    refuse(
      who,
      what,
      expected,
      data,
      "inputs without targets: new DataLoader(new Dataset(inputs, targets), { batchSize: 32 })",
    );
  if (data instanceof Dataset)
    refuse(
      who,
      what,
      expected,
      data,
      "a data set that is not cut into batches yet: new DataLoader(dataset, { batchSize: 32 })",
    );
  const { [Symbol.iterator]: iterate, [Symbol.asyncIterator]: iterateLater } = Object(data) as Readonly<
    Record<symbol, unknown>
  >;
  if (typeof iterate === "function" && typeof data !== "string") {
    // What an array holds can be seen before anything happens; other batches are checked as they come.
    if (Array.isArray(data)) for (const [i, batch] of data.entries()) checkBatch(who, what, batch, i + 1);
    return;
  }
  const batch = "inputs" in Object(data) && "targets" in Object(data);
  const cause =
    typeof iterateLater === "function"
      ? "an asynchronous iterable: collect its batches in an array first"
      : batch
        ? "a single batch: put it in an array"
        : isClass(data)
          ? "a class, where new is missing"
          : typeof data === "function"
            ? "a function that gives the batches: call it"
            : "arguments in another order";
  refuse(who, what, expected, data, cause);
}

/** @param number counts batches from 1 */
export function checkBatch(who: string, what: string, batch: unknown, number: number): void {
  const { inputs, targets } = Object(batch) as Partial<Batch<Targets, Inputs>>;
  const all: readonly Tensor[] = inputs instanceof Tensor ? [inputs] : isTensors(inputs) ? inputs : [];
  if (all.length > 0 && targets !== undefined && targets !== null) {
    const counts = new Set(all.map(({ shape }) => shape[0]));
    if (counts.size > 1) {
      throw new ShapeError(
        `${who} expects as many samples in each input of a batch in ${what}, but batch ${number} has the inputs ${all.map(({ shape }) => showShape(shape)).join(", ")}. Usual cause: inputs of different samples, or a missing batch dimension.`,
      );
    }
    if (!counts.has(undefined)) return;
    throw new ShapeError(
      `${who} expects the inputs of each batch in ${what} to have a first dimension that counts samples, but batch ${number} has a scalar. Usual cause: a missing batch dimension.`,
    );
  }
  const got =
    all.length > 0
      ? "one without targets"
      : isPlainObject(batch) && "inputs" in batch
        ? `one whose inputs are ${show(inputs)}`
        : show(batch);
  throw new ArgumentError(
    `${who} expects each batch in ${what} to be { inputs, targets } with a Tensor of inputs, but batch ${number} is ${got}. Usual cause: ${causeOf(batch)}.`,
  );
}

function causeOf(batch: unknown): string {
  if (Array.isArray(batch)) return "pairs [inputs, targets], where { inputs, targets } is meant";
  if (batch instanceof Promise) return "a missing await";
  if ("input" in Object(batch))
    return "single samples, where batches are meant: put them in a Dataset and that in a DataLoader";
  if (Array.isArray((batch as Partial<Batch> | undefined)?.inputs))
    return "a plain array: wrap it with tensor(data, shape)";
  return "other names than inputs and targets";
}

/** What every loss has; `evaluate` says what it takes and gives. */
interface LossLike {
  forward(...args: never[]): unknown;
  backward(): unknown;
}

export function checkLoss<L extends LossLike>(who: string, loss: L | undefined, what = "loss"): L {
  if (loss === undefined) refuse(who, what, "a loss such as new CrossEntropyLoss()", loss, "a forgotten option");
  if (typeof loss?.forward !== "function" || typeof loss.backward !== "function") {
    const cause = isClass(loss)
      ? "a class, where new is missing"
      : "a function or a name, where an object with forward and backward is meant";
    refuse(who, what, "a loss such as new CrossEntropyLoss()", loss, cause);
  }
  if ((loss as { readonly reduction?: unknown }).reduction === "none") {
    refuse(
      who,
      what,
      'one that gives a single number, with reduction "mean" or "sum"',
      "none",
      "a loss made for weighting its rows by hand",
    );
  }
  return loss;
}

/** A loss of one's own may give anything. */
export function checkLossValue(who: string, value: unknown): number {
  if (typeof value === "number") return value;
  refuse(
    who,
    "what loss.forward gives",
    "a number",
    value,
    "a loss of one's own that returns a Tensor: return its item()",
  );
}

export function checkMetricValue(who: string, name: string, value: unknown): number {
  if (typeof value === "number") return value;
  refuse(
    who,
    `what the metric ${name} returns`,
    "a number",
    value,
    "a Tensor, of which item() is meant, or a missing return",
  );
}

export function checkSignal(who: string, signal: unknown): void {
  if (signal === undefined || typeof (signal as { throwIfAborted?: unknown } | null)?.throwIfAborted === "function")
    return;
  refuse(who, "signal", "an AbortSignal", signal, "the AbortController, where its signal is meant");
}

export function checkFunction(who: string, what: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  refuse(who, what, "a function", value, "what a function returned, where the function itself is meant");
}

/** Whether a value was written as `class …`: such a function cannot be called. */
export function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
