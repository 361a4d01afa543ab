import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { slice, sliceBackward } from "../ops/layout.js";
import { checkInteger, checkList } from "../shape/check.js";
import type { Shape } from "../shape/shape.js";
import { type DimSlice, type SliceRule, sliceGeometry } from "../shape/slice.js";
import type { Tensor } from "../tensor/tensor.js";

/**
 * A part of the input, one argument per dimension from the first, as `Tensor.slice` takes it: a number takes one position and
 * drops the dimension, `[start, end, step]` takes a range without its end, null the whole dimension.
 *
 *     y[n, c, …] = x[n, start + c·step, …]
 *
 * @throws ArgumentError for what is neither an integer, nor a range of integers, nor null; ShapeError (from forward) for more arguments than dimensions or a position outside, ArgumentError for a step below 1.
 *
 * @example
 * const half = new Slice(null, [0, 16]);
 * half.forward(randn([8, 32, 7, 7])).shape; // [8, 16, 7, 7]
 */
export class Slice<const Slices extends readonly DimSlice[] = readonly DimSlice[]> extends Layer<SliceRule<Slices>> {
  override readonly name: string = "Slice";
  readonly slices: readonly DimSlice[];
  readonly #cache = new Cache<Shape>();

  constructor(...slices: Slices) {
    super();
    this.slices = slices.map((slice: DimSlice, dim) => {
      if (slice === null) return slice;
      const range = typeof slice === "object" ? slice : [slice];
      checkList("Slice", `slice ${dim}`, range);
      for (const bound of range) {
        if (bound !== null && bound !== undefined) checkInteger("Slice", `slice ${dim}`, bound, -Infinity);
      }
      return slice;
    });
  }

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return slice(x, this.slices);
  }

  /** Zeros, except for what was taken. */
  protected computeBackward(dy: Tensor): Tensor {
    return sliceBackward(dy, this.#cache.pop(this.name), this.slices);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...sliceGeometry(this.name, inputShape, this.slices).shape];
  }

  protected override extraRepr(): string {
    return this.slices.map((slice) => (Array.isArray(slice) ? `[${slice.join(", ")}]` : `${slice}`)).join(", ");
  }
}
