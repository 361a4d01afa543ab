/** The sizes of a tensor's dimensions, outermost first. `Shape` alone means any shape. */
export type Shape = readonly number[];

/** One number for both dimensions, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/**
 * Number of elements: the product of all sizes, 1 for a scalar `[]`; or of the dimensions from `start` up to `end`. A loop of
 * indices, here and below: a tensor's shape is frozen, and V8 slices a frozen array, or asks `every` of it, 20 times slower.
 */
export function sizeOf(shape: Shape, start = 0, end = shape.length): number {
  let size = 1;
  for (let dim = start; dim < end; dim++) size *= shape[dim] ?? Number.NaN;
  return size;
}

/** The shape with other last dimensions. */
export function replaceLast(shape: Shape, ...last: number[]): number[] {
  const sizes = [...shape];
  sizes.splice(-last.length, last.length, ...last);
  return sizes;
}

/** Row-major strides: how many elements one step along each dimension skips. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    strides[dim] = stride;
    stride *= shape[dim] ?? 1;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let dim = 0; dim < a.length; dim++) if (a[dim] !== b[dim]) return false;
  return true;
}

/** `[2, 3, 4]`, as shapes are written in every message; of many dimensions the first ones and how many there are. */
export function showShape(shape: Shape): string {
  return shape.length > 16
    ? `[${shape.slice(0, 8).join(", ")}, … ${shape.length} dimensions]`
    : `[${shape.join(", ")}]`;
}
