/** The sizes of a tensor's axes, outermost first. `Shape` alone means any shape. */
export type Shape = readonly number[];

/** One number for both axes, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/**
 * Number of elements: the product of all sizes, 1 for a scalar `[]`; or of the axes from `start` up to `end`. A loop of
 * indices, here and below: a tensor's shape is frozen, and V8 slices a frozen array, or asks `every` of it, 20 times slower.
 */
export function sizeOf(shape: Shape, start = 0, end = shape.length): number {
  let size = 1;
  for (let axis = start; axis < end; axis++) size *= shape[axis] ?? Number.NaN;
  return size;
}

/** The shape with other last axes. */
export function replaceLast(shape: Shape, ...last: number[]): number[] {
  const sizes = [...shape];
  sizes.splice(-last.length, last.length, ...last);
  return sizes;
}

/** Row-major strides: how many elements one step along each axis skips. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** `[2, 3, 4]`, as shapes are written in every message; of many axes the first ones and how many there are. */
export function showShape(shape: Shape): string {
  return shape.length > 16 ? `[${shape.slice(0, 8).join(", ")}, … ${shape.length} axes]` : `[${shape.join(", ")}]`;
}

export function pairOf(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}
