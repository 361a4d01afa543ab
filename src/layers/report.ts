/** What reports about a model share: its layers with their shapes, and tables of text. */

import { hasState, type Layer } from "../graph/layer.js";
import { knownShape } from "../graph/shapes.js";
import type { Shape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";

/** A call of a layer that calls no other one. */
export interface Leaf {
  /** The layer's key in the state dict. */
  readonly key: string;
  readonly layer: Layer;
  /** Both undefined from a layer on whose output's shape is known only when it has run. */
  readonly input: Shape | undefined;
  readonly output: Shape | undefined;
}

/**
 * The layers that a forward of this shape runs, in their order. Nothing is computed but sizes: behind a layer of one's
 * own without `inferShape` come those that are left, in the order of their fields and without shapes.
 * @throws ShapeError when the input does not fit the model.
 */
export function leavesOf(model: Layer, inputShape: Shape): { leaves: Leaf[]; outputShape: Shape | undefined } {
  const keys = keysOf(model);
  const leaves: Leaf[] = [];
  const seen = new Set<Layer>();
  const state = engine();
  const before = state.observer;
  state.observer = (observed, input) => {
    const layer = observed as Layer;
    const count = leaves.length;
    return (output) => {
      seen.add(layer);
      if (leaves.length === count) leaves.push({ key: keys.get(layer) ?? "", layer, input, output });
    };
  };
  try {
    const outputShape = knownShape(model, inputShape);
    if (!outputShape) {
      const left = model.descendants().filter((layer) => !seen.has(layer) && (isLeaf(layer, keys) || hasState(layer)));
      leaves.push(...left.map((layer) => ({ key: keys.get(layer) ?? "", layer, input: undefined, output: undefined })));
    }
    return { leaves, outputShape };
  } finally {
    state.observer = before;
  }
}

/** Whether a layer has no children but those that it lies in. */
function isLeaf(layer: Layer, keys: ReadonlyMap<Layer, string>): boolean {
  const own = keys.get(layer) ?? "";
  return layer.children().every(([, child]) => {
    const key = keys.get(child) ?? "";
    return key === "" || own === key || own.startsWith(`${key}.`);
  });
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
