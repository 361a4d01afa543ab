/** A table of a model's layers: what torchinfo and Keras print, without running the model. */
import type { Network } from "../graph/layer.js";
import { type InputShapes, leavesOf, listOf, printed, showShapes, showTable } from "../layers/report.js";
import { refuse } from "../shape/check.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { checkModel } from "./arguments.js";

/** One layer of a {@link Summary}. */
export interface SummaryRow {
  /** The layer's key in the state dict: `"layer1.0.conv1"`. */
  readonly key: string;
  /** The class's name: `Conv2d`. */
  readonly layer: string;
  /** Undefined, shown as `?`, from a layer of your own without `inferShape` on. */
  readonly outputShape: Shape | undefined;
  /** Numbers that the layer itself learns, children not included. */
  readonly parameters: number;
  /** Multiply-adds of one forward of the whole batch; NaN where the shapes are not known. */
  readonly multiplyAdds: number;
}

/** The shape of the output; of several, a list or an object by name, as `forward` returns them. */
export type OutputShapes = Shape | readonly Shape[] | Readonly<Record<string, Shape>>;

/** What {@link summary} returns. */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  readonly inputShape: InputShapes;
  readonly outputShape: OutputShapes | undefined;
  /** Numbers that the model learns; a layer used twice counts once. */
  readonly parameters: number;
  /** Of these, the ones that are not frozen. */
  readonly trainableParameters: number;
  /** NaN where some are not known. */
  readonly multiplyAdds: number;
  /** The table. */
  toString(): string;
}

/**
 * Layers, output shapes, parameters and multiply-adds of `model` for an input of this shape. Nothing is computed but
 * sizes. `console.log(summary(…))` shows the table; so does `String(summary(…))`.
 *
 * @param inputShape `[N, C, H, W]` for images, or a list of the shapes of several inputs; multiply-adds are those of the
 *   whole batch
 * @throws ArgumentError for what is no model or no shape, ShapeError when the input does not fit the model
 * @example
 * console.log(summary(new LeNet5(), [1, 1, 28, 28]));
 */
export function summary(model: Network, inputShape: InputShapes): Summary {
  checkModel("summary", model);
  const inputs = listOf(inputShape);
  const isSize = (extent: number) => Number.isSafeInteger(extent) && extent >= 0;
  if (!inputs.every((shape) => Array.isArray(shape) && shape.every(isSize))) {
    const cause =
      inputShape === undefined
        ? "a forgotten argument: summary(model, [1, 3, 224, 224])"
        : Array.isArray(inputShape)
          ? "a size that is no whole number"
          : "a tensor, where its shape is meant";
    refuse("summary", "inputShape", "an array of sizes such as [1, 3, 224, 224]", inputShape, cause);
  }
  const { leaves, output } = leavesOf(model, inputs);
  const rows = leaves.map(({ key, name, layer, output, multiplyAdds }) => ({
    key,
    layer: name,
    outputShape: output,
    parameters: layer ? countOf(layer) : 0,
    multiplyAdds,
  }));
  const outputShape = output as OutputShapes | undefined;
  const facts = {
    rows,
    inputShape,
    outputShape,
    parameters: countOf(model),
    trainableParameters: countOf(model, true),
    multiplyAdds: rows.reduce((sum, row) => sum + row.multiplyAdds, 0),
  };
  return printed(facts, () => render(model.name, facts));
}

function countOf(layer: Network, trainable = false): number {
  return layer
    .parameters()
    .filter((parameter) => !trainable || parameter.requiresGrad)
    .reduce((sum, { value }) => sum + sizeOf(value.shape), 0);
}

function render(name: string, { rows, inputShape, ...facts }: Omit<Summary, "toString">): string {
  const count = (value: number) => (Number.isNaN(value) ? "?" : value.toLocaleString("en-US"));
  const shown = (shapes: OutputShapes | undefined) => (shapes ? showShapes(shapes) : "?");
  const header = ["key", "layer", "output shape", "parameters", "multiply-adds"];
  const cells = rows.map((row) => [
    row.key,
    row.layer,
    shown(row.outputShape),
    count(row.parameters),
    count(row.multiplyAdds),
  ]);
  const total = ["", "total", shown(facts.outputShape), count(facts.parameters), count(facts.multiplyAdds)];
  const frozen = facts.parameters - facts.trainableParameters;
  return [
    `${name}, input ${showShapes(inputShape)}`,
    ...showTable(header, cells, 3, total),
    ...(facts.outputShape ? [] : ["? is known only when a layer without inferShape has run"]),
    ...(frozen > 0 ? [`${count(facts.trainableParameters)} parameters are trained, ${count(frozen)} are frozen`] : []),
  ].join("\n");
}
