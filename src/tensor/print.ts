/** A tensor as text that a person can read: shape, then aligned columns, with the middle of large tensors left out. */
import { showShape, stridesOf } from "../shape/shape.js";
import { dtypeOf, type TensorLike } from "./storage.js";

/** Tensors with more elements than this show only the first and last EDGE positions of every dimension. */
const MAX_ELEMENTS = 1000;
const EDGE = 3;
const LINE_WIDTH = 80;

/**
 *     Tensor [2, 3]
 *     [[ 1.0000, -2.5000,  0.3333],
 *      [ 0.0000,     NaN,  4.0000]]
 */
export function print(x: TensorLike): string {
  const { data, shape } = x;
  const head = `Tensor ${showShape(shape)}${dtypeOf(x) === "float64" ? " float64" : ""}`;
  if (data.length === 0) return `${head} (empty)`;
  const positions = shape.map((extent) => shown(extent, data.length > MAX_ELEMENTS));
  const strides = stridesOf(shape);
  const numbers: number[] = [];
  const collect = (dim: number, at: number): void => {
    if (dim === shape.length) numbers.push(data[at]!);
    else for (const i of positions[dim]!) if (i >= 0) collect(dim + 1, at + i * strides[dim]!);
  };
  collect(0, 0);
  const texts = align(numbers);
  return shape.length === 0 ? `${head} ${texts[0]}` : `${head}\n${brackets(positions, texts)}`;
}

/** The positions of a dimension that are printed; −1 is the gap. */
function shown(extent: number, elide: boolean): number[] {
  const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);
  return elide && extent > 2 * EDGE ? [...range(0, EDGE), -1, ...range(extent - EDGE, extent)] : range(0, extent);
}

/** Integers as they are; other numbers with 4 decimals, or as powers of ten where that would hide or crowd them. */
function align(numbers: readonly number[]): string[] {
  const sizes = numbers.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const largest = sizes.reduce((max, size) => Math.max(max, size), 0);
  const smallest = sizes.reduce((min, size) => Math.min(min, size), Infinity);
  const scientific = largest >= 1e8 || smallest < 1e-4;
  const integers = !scientific && sizes.every(Number.isInteger);
  const texts = numbers.map((value) => {
    if (!Number.isFinite(value) || integers) return String(value);
    return scientific ? value.toExponential(4) : value.toFixed(4);
  });
  const width = texts.reduce((max, text) => Math.max(max, text.length), 0);
  return texts.map((text) => text.padStart(width));
}

/** Puts `texts` into nested brackets; takes them in order. */
function brackets(positions: readonly (readonly number[])[], texts: readonly string[]): string {
  const last = positions.length - 1;
  let next = 0;
  const level = (dim: number): string => {
    const indent = " ".repeat(dim + 1);
    if (dim === last)
      return `[${wrap(
        positions[dim]!.map((i) => (i < 0 ? "..." : texts[next++]!)),
        indent,
      )}]`;
    // A blank line for every dimension that lies between the rows and this one.
    const gap = `,${"\n".repeat(last - dim)}${indent}`;
    return `[${positions[dim]!.map((i) => (i < 0 ? "..." : level(dim + 1))).join(gap)}]`;
  };
  return level(0);
}

/** Joins one row, broken into lines of at most LINE_WIDTH characters. */
function wrap(texts: readonly string[], indent: string): string {
  const width = Math.max(...texts.map((text) => text.length)) + 2;
  const each = Math.max(1, Math.floor((LINE_WIDTH - indent.length) / width));
  const lines: string[] = [];
  for (let i = 0; i < texts.length; i += each) lines.push(texts.slice(i, i + each).join(", "));
  return lines.join(`,\n${indent}`);
}
