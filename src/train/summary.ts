/** A table of a model's layers: what torchinfo and Keras print, without running the model. */
import type { Layer } from "../layers/layer.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";

export interface SummaryRow {
  /** The layer's key in the state dict: `"layer1.0.conv1"`. */
  readonly key: string;
  /** The class's name: `Conv2d`. */
  readonly layer: string;
  readonly outputShape: Shape;
  /** Numbers that the layer itself learns, children not included. */
  readonly parameters: number;
  /** Multiply-adds of one forward of the whole batch. */
  readonly multiplyAdds: number;
}

export interface Summary {
  readonly rows: readonly SummaryRow[];
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Numbers that the model learns; a layer used twice counts once. */
  readonly parameters: number;
  /** Of these, the ones that are not frozen. */
  readonly trainableParameters: number;
  readonly multiplyAdds: number;
  /** The table. */
  toString(): string;
}

/**
 * Layers, output shapes, parameters and multiply-adds of `model` for an input of this shape. Nothing is computed but
 * sizes. `console.log(summary(…))` shows the table; so does `String(summary(…))`.
 *
 * @param inputShape `[N, C, H, W]` for images; multiply-adds are those of the whole batch
 * @throws ShapeError when the input does not fit the model
 * @example
 * console.log(summary(new LeNet5(), [1, 1, 28, 28]));
 */
export function summary(model: Layer, inputShape: Shape): Summary {
  const keys = keysOf(model);
  const rows: SummaryRow[] = [];
  const state = engine();
  const before = state.observer;
  state.observer = (observed, input, output) => {
    const layer = observed as Layer;
    if (layer.children().length > 0) return;
    rows.push({
      key: keys.get(layer) ?? "",
      layer: layer.name,
      outputShape: output,
      parameters: countOf(layer),
      multiplyAdds: layer.multiplyAdds(input),
    });
  };
  let outputShape: Shape;
  try {
    outputShape = model.outputShape(inputShape);
  } finally {
    state.observer = before;
  }
  const facts = {
    rows,
    inputShape,
    outputShape,
    parameters: countOf(model),
    trainableParameters: countOf(model, true),
    multiplyAdds: rows.reduce((sum, row) => sum + row.multiplyAdds, 0),
  };
  const text = () => render(model.name, facts);
  // The inspect symbol makes console.log in Node print the table; it is hidden from everything else.
  return Object.defineProperty({ ...facts, toString: text }, Symbol.for("nodejs.util.inspect.custom"), { value: text });
}

function keysOf(model: Layer): Map<Layer, string> {
  const keys = new Map<Layer, string>();
  const visit = (layer: Layer, key: string) => {
    if (keys.has(layer)) return;
    keys.set(layer, key);
    for (const [name, child] of layer.children()) visit(child, key === "" ? name : `${key}.${name}`);
  };
  visit(model, "");
  return keys;
}

function countOf(layer: Layer, trainable = false): number {
  return layer
    .parameters()
    .filter((parameter) => !trainable || parameter.requiresGrad)
    .reduce((sum, { value }) => sum + sizeOf(value.shape), 0);
}

function render(name: string, { rows, inputShape, ...facts }: Omit<Summary, "toString">): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const header = ["key", "layer", "output shape", "parameters", "multiply-adds"];
  const cells = rows.map((row) => [
    row.key,
    row.layer,
    showShape(row.outputShape),
    count(row.parameters),
    count(row.multiplyAdds),
  ]);
  const total = ["", "total", showShape(facts.outputShape), count(facts.parameters), count(facts.multiplyAdds)];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...[...cells, total].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const frozen = facts.parameters - facts.trainableParameters;
  return [
    `${name}, input ${showShape(inputShape)}`,
    line(header),
    rule,
    ...cells.map(line),
    rule,
    line(total),
    ...(frozen > 0 ? [`${count(facts.trainableParameters)} parameters are trained, ${count(frozen)} are frozen`] : []),
  ].join("\n");
}
