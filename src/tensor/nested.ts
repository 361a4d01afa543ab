/** Nested arrays: reading them into row-major order, and making them. */

import { ArgumentError, ShapeError } from "../shape/errors.js";
import { type Shape, showShape, sizeOf, stridesOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import type { DType, TensorLike } from "./storage.js";

/** A typed array of numbers (not of BigInt). */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** What a tensor can be made from: a number, a typed array, or arrays of these, nested to any depth. */
export type TensorData = number | TypedArray | readonly TensorData[];

/** Arrays of arrays of … numbers. */
export type NestedArray = number | NestedArray[];

/** The nested array of a tensor of shape `S`: `number[][]` for a matrix. */
export type ArrayOf<S extends Shape> = S extends readonly []
  ? number
  : S extends readonly [number, ...infer Rest extends Shape]
    ? ArrayOf<Rest>[]
    : NestedArray;

/** {@link shapeOf} as a type: a `number` for arrays of unequal or unknown length, any shape for unequal or unknown depth. */
export type Nesting<Data, Outer extends Shape = []> = unknown extends Data
  ? Shape
  : [Data] extends [number]
    ? readonly [...Outer]
    : [Data] extends [readonly (infer Each)[]]
      ? Nesting<Each, [...Outer, Data["length"]]>
      : [Data] extends [TypedArray]
        ? readonly [...Outer, number]
        : Shape;

/** A number as JSON can hold it: what it cannot, by its name. */
export type JSONNumber = number | "NaN" | "Infinity" | "-Infinity" | "-0";

/** A tensor as plain data, which JSON and `postMessage` hand on: `{ shape: [2], data: [1, 2] }`. `tensor` reads it. */
export interface PlainTensor {
  readonly shape: Shape;
  readonly data: ArrayLike<JSONNumber>;
  /** Default `"float32"`. */
  readonly dtype?: DType;
}

export function toJSONNumber(value: number): JSONNumber {
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  return Number.isFinite(value) && text !== "-0" ? value : (text as JSONNumber);
}

export function isTypedArray(data: unknown): data is TypedArray {
  return ArrayBuffer.isView(data) && "length" in data && typeof data.length === "number" && !isBigInt(data);
}

function isBigInt(data: ArrayBufferView): boolean {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** The shape of nested arrays, read along their first entries. */
export function shapeOf(data: TensorData): number[] {
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level) || isTypedArray(level); level = level[0]) {
    shape.push(level.length);
  }
  return shape;
}

/** @throws ArgumentError for an entry that is not a number, ShapeError for arrays of unequal lengths or depths. */
export function flatten(who: string, data: TensorData, shape: Shape): Float32Array {
  const flat = new Float32Array(sizeOf(shape));
  const path: number[] = [];
  let to = 0;
  const visit = (level: TensorData): void => {
    const depth = path.length;
    if (depth === shape.length) {
      if (typeof level !== "number") throw misfit(who, level, path);
      flat[to++] = level;
      return;
    }
    const extent = shape[depth]!;
    if (!(Array.isArray(level) || isTypedArray(level))) throw misfit(who, level, path);
    if (level.length !== extent) {
      throw new ShapeError(
        `${who} expects arrays of equal lengths, but got ${level.length} entries at ${showShape(path)} where the first array of that depth has ${extent}. Usual cause: a missing number or a nested row.`,
      );
    }
    if (isTypedArray(level) && depth === shape.length - 1) {
      flat.set(level, to);
      to += extent;
      return;
    }
    for (let i = 0; i < extent; i++) {
      path.push(i);
      visit(level[i] as TensorData);
      path.pop();
    }
  };
  visit(data);
  return flat;
}

function misfit(who: string, got: unknown, path: Shape): Error {
  const where = path.length > 0 ? ` at ${showShape(path)}` : "";
  if (typeof got === "number" || Array.isArray(got) || isTypedArray(got)) {
    const what = typeof got === "number" ? "a number" : "an array";
    return new ShapeError(
      `${who} expects arrays nested to the same depth, but got ${what}${where}. Usual cause: a missing or extra pair of brackets.`,
    );
  }
  return new ArgumentError(
    `${who} expects numbers, nested arrays of numbers or a typed array, but got ${show(got)}${where}. Usual cause: unparsed text, or a missing entry.`,
  );
}

export function toNested({ data, shape }: TensorLike): NestedArray {
  const strides = stridesOf(shape);
  const visit = (dim: number, at: number): NestedArray => {
    if (dim === shape.length) return data[at]!;
    const entries: NestedArray[] = [];
    for (let i = 0; i < shape[dim]!; i++) entries.push(visit(dim + 1, at + i * strides[dim]!));
    return entries;
  };
  return visit(0, 0);
}
