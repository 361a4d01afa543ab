/** What reports about a model share: its layers with their shapes, and tables of text. */

import { hasState, Layer, type Network } from "../graph/layer.js";
import type { Module, Operation } from "../graph/module.js";
import { flatten } from "../graph/plan.js";
import { shapesOf } from "../graph/shapes.js";
import { type Shape, showShape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";

/** A call of a layer that calls no other one, or of an operation that multiplies. */
export interface Leaf {
  /** The layer's key in the state dict; empty for an operation. */
  readonly key: string;
  readonly name: string;
  readonly layer: Layer | undefined;
  /** Undefined from a layer on whose output's shape is known only when it has run; so is the output. */
  readonly inputs: readonly Shape[] | undefined;
  readonly output: Shape | undefined;
  /** NaN where the shapes are not known. */
  readonly multiplyAdds: number;
}

/** What {@link leavesOf} finds. */
export interface Leaves {
  readonly leaves: readonly Leaf[];
  /** The shapes of all outputs, as `forward` returns them; undefined where one is known only when the model has run. */
  readonly output: unknown;
}

/** The shape of one input, or a list of the shapes of several. */
export type InputShapes = Shape | readonly Shape[];

/** The shape of each input. */
export function listOf(shape: InputShapes): readonly Shape[] {
  return (Array.isArray(shape?.[0]) ? shape : [shape]) as readonly Shape[];
}

/** `[1, 3, 32, 32]`, or all of them, by name where they have names. */
export function showShapes(shapes: unknown): string {
  if (isShape(shapes)) return showShape(shapes);
  if (Array.isArray(shapes)) return shapes.map(showShapes).join(", ");
  return Object.entries(shapes as object)
    .map(([name, shape]) => `${name} ${showShapes(shape)}`)
    .join(", ");
}

function isShape(value: unknown): value is Shape {
  return Array.isArray(value) && value.every((size) => typeof size === "number");
}

/**
 * The layers that a forward of these shapes runs, in their order. Nothing is computed but sizes: after a layer of one's own
 * without `inferShape`, layers have none.
 * @throws ShapeError when an input does not fit the model.
 */
export function leavesOf(model: Network, inputs: readonly Shape[]): Leaves {
  const keys = new Map<unknown, string>(model.namedModules().map(([key, layer]) => [layer, key]));
  const leaves: Leaf[] = [];
  const seen = new Set<unknown>();
  const state = engine();
  const before = state.observer;
  state.observer = (observed, shapes) => {
    const count = leaves.length;
    return (output) => {
      seen.add(observed);
      // A layer of one's own that asked its children for their shapes runs them.
      if (leaves.length > count) return;
      const layer = observed instanceof Layer ? observed : undefined;
      const { name, multiplyAdds } = observed as Operation;
      const products = layer ? layer.multiplyAdds(shapes[0] ?? []) : multiplyAdds?.(shapes);
      if (products === undefined) return;
      leaves.push({ key: keys.get(observed) ?? "", name, layer, inputs: shapes, output, multiplyAdds: products });
    };
  };
  const module = model as unknown as Module;
  const plan = flatten(module, inputs.length);
  try {
    const { shapes } = shapesOf(plan, inputs, false);
    for (const { module: layer } of plan.steps) {
      if (!layer || seen.has(layer)) continue;
      for (const each of layer.modules() as unknown as Layer[]) {
        if (seen.has(each) || !(isLeaf(each, keys) || hasState(each))) continue;
        seen.add(each);
        const { name } = each;
        const unknown = { inputs: undefined, output: undefined, multiplyAdds: Number.NaN };
        leaves.push({ key: keys.get(each) ?? "", name, layer: each, ...unknown });
      }
    }
    const outputs = plan.outputs.map((value) => shapes[value]);
    return { leaves, output: outputs.every(Boolean) ? module.assemble(outputs, inputs.length) : undefined };
  } finally {
    state.observer = before;
  }
}

/** Whether a layer has no children but those that it lies in. */
function isLeaf(layer: Layer, keys: ReadonlyMap<unknown, string>): boolean {
  const own = keys.get(layer) ?? "";
  return layer.children().every((child) => {
    const key = keys.get(child) ?? "";
    return key === "" || own === key || own.startsWith(`${key}.`);
  });
}

/** Lines of a table whose first `left` columns are text, the others numbers; a total stands below a second rule. */
export function showTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  left: number,
  total?: readonly string[],
): string[] {
  const all = [header, ...rows, ...(total ? [total] : [])];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(header), rule, ...rows.map(line), ...(total ? [rule, line(total)] : [])];
}

/** The facts with their text: what `String` gives and what console.log in Node prints; hidden from everything else. */
export function printed<Facts extends object>(facts: Facts, text: () => string): Facts & { toString(): string } {
  return Object.defineProperty({ ...facts, toString: text }, Symbol.for("nodejs.util.inspect.custom"), { value: text });
}
