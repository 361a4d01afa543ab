/** Convolution by its definition, written apart from src/: the oracle of the convolution tests. */
import fc from "fast-check";
import type { Layer } from "../../src/graph/layer.js";
import type { PaddingMode } from "../../src/shape/pad.js";
import type { ShapeRule } from "../../src/shape/rule.js";
import type { Shape } from "../../src/shape/shape.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { integers } from "./layers.js";

export interface Definition {
  readonly stride: readonly [number, number];
  /** `[top, bottom, left, right]` */
  readonly sides: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
}

/** The pixel that padding shows at `at`, found by walking back into the image step by step; undefined for zero. */
function source(at: number, size: number, mode: PaddingMode): number | undefined {
  while (at < 0 || at >= size) {
    if (mode === "zeros") return undefined;
    if (mode === "replicate") at += at < 0 ? 1 : -1;
    else if (mode === "circular") at += at < 0 ? size : -size;
    else at = at < 0 ? -at : size - 1 - (at - (size - 1));
  }
  return at;
}

/** Every place of a kernel that reaches over `reach` pixels, counted instead of computed. */
function positions(size: number, before: number, after: number, reach: number, stride: number): number[] {
  const found: number[] = [];
  for (let at = -before; at + reach <= size + after; at += stride) found.push(at);
  return found;
}

/** The seven loops: n, o, i, j, c, u, v. Sums run in double precision. */
export function convolve(x: Tensor, weight: Tensor, bias: Tensor | undefined, definition: Definition): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [filters, perGroup, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number];
  const { stride, sides, dilation, groups, paddingMode } = definition;
  const rows = positions(height, sides[0], sides[1], dilation[0] * (kernelHeight - 1) + 1, stride[0]);
  const columns = positions(width, sides[2], sides[3], dilation[1] * (kernelWidth - 1) + 1, stride[1]);
  const y: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < filters; o++) {
      const firstChannel = Math.floor(o / (filters / groups)) * perGroup;
      for (const row of rows) {
        for (const column of columns) {
          let sum = bias?.data[o] ?? 0;
          for (let c = 0; c < perGroup; c++) {
            for (let u = 0; u < kernelHeight; u++) {
              for (let v = 0; v < kernelWidth; v++) {
                const h = source(row + u * dilation[0], height, paddingMode);
                const w = source(column + v * dilation[1], width, paddingMode);
                if (h === undefined || w === undefined) continue;
                const pixel = x.data[((n * channels + firstChannel + c) * height + h) * width + w]!;
                sum += weight.data[((o * perGroup + c) * kernelHeight + u) * kernelWidth + v]! * pixel;
              }
            }
          }
          y.push(sum);
        }
      }
    }
  }
  return new Tensor(Float32Array.from(y), [batch, filters, rows.length, columns.length]);
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Options of any small convolution, and an input that it fits. `"same"` comes with stride 1. */
export const convCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    inPerGroup: fc.integer({ min: 1, max: 3 }),
    outPerGroup: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 3 }),
    kernelSize: pair(1, 3),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    padding: fc.oneof(pair(0, 2), fc.constantFrom("valid" as const, "same" as const)),
    paddingMode: fc.constantFrom<PaddingMode>("zeros", "reflect", "replicate", "circular"),
    bias: fc.boolean(),
    size: pair(5, 8),
    seed: fc.integer(),
  })
  .map(({ groups, inPerGroup, outPerGroup, batch, size, stride, ...drawn }) => ({
    ...drawn,
    groups,
    inChannels: groups * inPerGroup,
    outChannels: groups * outPerGroup,
    stride: drawn.padding === "same" ? ([1, 1] as const) : stride,
    shape: [batch, groups * inPerGroup, ...size] as const,
  }));

/** What the options of a case mean, with `"same"` and `"valid"` resolved as torch does. */
export function definitionOf(options: {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number] | "same" | "valid";
  readonly groups: number;
  readonly paddingMode: PaddingMode;
}): Definition {
  const { padding, dilation, kernelSize } = options;
  const sidesOf = (dim: 0 | 1): [number, number] => {
    if (padding === "valid") return [0, 0];
    if (padding !== "same") return [padding[dim], padding[dim]];
    const total = dilation[dim] * (kernelSize[dim] - 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  return { ...options, sides: [...sidesOf(0), ...sidesOf(1)] };
}

/** Gives every parameter small integers, so that float32 sums are exact. */
export function withIntegers<L extends Layer<ShapeRule>>(layer: L, seed: number): L {
  layer.parameters().forEach((parameter, i) => {
    parameter.value.data.set(integers(parameter.value.shape, seed + i + 1).data);
  });
  return layer;
}

/** `x` with its `dim` in another order. */
export function reorder(x: Tensor, dim: number, order: ArrayLike<number>): Tensor {
  const inner = x.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const extent = x.shape[dim]!;
  const data = x.data.map((_, i) => {
    const at = Math.floor(i / inner) % extent;
    return x.data[i + (order[at]! - at) * inner]!;
  });
  return new Tensor(data, x.shape);
}

/** Entry n of the first dimension, which stays: `[1, …]`. */
export function sample(x: Tensor, n: number): Tensor {
  const [, ...rest] = x.shape as Shape;
  const size = rest.reduce((a, b) => a * b, 1);
  return new Tensor(x.data.slice(n * size, (n + 1) * size), [1, ...rest]);
}
