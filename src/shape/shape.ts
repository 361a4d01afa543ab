/** The sizes of a tensor's axes, outermost first. `Shape` alone means any shape. */
export type Shape = readonly number[];

/** One number for both axes, or `[height, width]`. */
export type Pair = number | readonly [height: number, width: number];

/** Number of elements: the product of all sizes, 1 for a scalar `[]`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
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
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3, 4]`, as shapes are written in every message; of many axes the first ones and how many there are. */
export function showShape(shape: Shape): string {
  return shape.length > 16 ? `[${shape.slice(0, 8).join(", ")}, … ${shape.length} axes]` : `[${shape.join(", ")}]`;
}

export function pairOf(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}
