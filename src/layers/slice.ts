import type { Shape } from "../shape/shape.js";
import { type AxisSlice, type SliceRule, sliceGeometry } from "../shape/slice.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { Layer } from "./layer.js";

/**
 * A part of the input, one argument per axis from the first, as `Tensor.slice` takes it: a number takes one position and
 * drops the axis, `[start, end, step]` takes a range without its end, null the whole axis.
 *
 *     y[n, c, …] = x[n, start + c·step, …]
 *
 * @throws ShapeError (from forward) for more arguments than axes or a position outside, ArgumentError for a step below 1.
 *
 * @example
 * const half = new Slice(null, [0, 16]);
 * half.forward(randn([8, 32, 7, 7])).shape; // [8, 16, 7, 7]
 */
export class Slice<const Slices extends readonly AxisSlice[] = readonly AxisSlice[]> extends Layer<SliceRule<Slices>> {
  override readonly name: string = "Slice";
  readonly slices: readonly AxisSlice[];
  readonly #cache = new Cache<Shape>();

  constructor(...slices: Slices) {
    super();
    this.slices = slices;
  }

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x.shape);
    return x.slice(...this.slices);
  }

  /** Zeros, but for what was taken. */
  protected computeBackward(dy: Tensor): Tensor {
    const shape = this.#cache.pop(this.name);
    const { offset, strides, shape: taken } = sliceGeometry(this.name, shape, this.slices);
    const dx = allocate(shape, dy.dtype);
    const [to, from] = [dx.view(), dy.view()];
    for (let i = 0; i < dy.size; i++) {
      let at = offset;
      let rest = i;
      for (let axis = taken.length - 1; axis >= 0; axis--) {
        const size = taken[axis] ?? 1;
        at += (rest % size) * (strides[axis] ?? 0);
        rest = Math.floor(rest / size);
      }
      to[at] = from[i] ?? 0;
    }
    return dx;
  }

  protected override inferShape(inputShape: Shape): number[] {
    return [...sliceGeometry(this.name, inputShape, this.slices).shape];
  }

  protected override extraRepr(): string {
    return this.slices.map((slice) => (Array.isArray(slice) ? `[${slice.join(", ")}]` : `${slice}`)).join(", ");
  }
}
