/**
 * Kernels of depthwise convolutions, where every output has one input channel of its own, or few: too little to share
 * for a product of matrices. A filter slides along the lines of an image.
 */
import { advance, forRange, when, whileTrue } from "../assembler/control.js";
import { type Expr, type Local, local, locals } from "../assembler/expression.js";
import * as f32 from "../assembler/f32.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import { multiplyAdd, type Simd } from "../assembler/simd.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { takeSteps } from "../elementwise/epilogue.js";

/** An image whose patches' entries lie `taps[k]` bytes behind their first pixel; lines lie `line` bytes apart. */
export interface Lines {
  readonly at: number;
  readonly line: number;
  readonly taps: number;
  readonly count: number;
}

/** Outputs of one channel, line by line. */
export interface Outputs {
  readonly at: number;
  readonly lines: number;
  readonly columns: number;
}

/** What results start with, 0 for 0, and the steps of their epilogue but for its sum. */
export interface Ends {
  readonly bias: number;
  readonly steps: number;
  /** The channel's. */
  readonly constants: number;
}

/** outputs[i, j] = bias + Σₖ weights[k] · image[i, j + taps[k]], and the steps. */
export function slide(simd: Simd, image: Lines, weights: number, ends: Ends, outputs: Outputs): void {
  const { at, line, taps, count } = image;
  slideKernel(simd)(
    ...[at, line, taps, count, weights, ends.bias, outputs.at, outputs.lines, outputs.columns],
    ...[ends.steps, ends.constants],
  );
}

/** weights[k] += Σ_{i,j} outputs[i, j] · image[i, j + taps[k]] */
export function collect(simd: Simd, image: Lines, { at, lines, columns }: Outputs, weights: number): void {
  // Whole lines, or some of the columns of one.
  const together = Math.max(1, Math.floor(SUMMANDS / columns));
  for (let i = 0; i < lines; i += together) {
    for (let j = 0; j < columns; j += SUMMANDS) {
      const [x, dout] = [image.at + i * image.line + 4 * j, at + 4 * (i * columns + j)];
      const [tall, wide] = [Math.min(together, lines - i), Math.min(SUMMANDS, columns - j)];
      collectKernel(simd)(x, image.line, image.taps, image.count, dout, tall, wide, weights);
    }
  }
}

/** Products that are added up before they are added to a weight: float32 sums of many more lose digits, and stop at 2²⁴. */
const SUMMANDS = 1 << 16;

/** Vectors that are computed side by side, so that no sum waits for the one before. */
const VECTORS = 4;

const slideKernel = /* @__PURE__ */ lazy((builder, simd: Simd) => {
  const madd = multiplyAdd(simd);
  /** This many vectors of outputs. */
  const tile = (vectors: number) =>
    builder.function(
      {
        ...({ image: "i32", taps: "i32", last: "i32", weights: "i32", start: "f32", outputs: "i32" } as const),
        ...({ steps: "i32", constants: "i32" } as const),
      },
      ({ image, taps, last, weights, start, outputs, steps, constants }) => {
        const sums = locals("v128", vectors);
        for (const sum of sums) sum.set(f32x4.splat(start));
        forRange(taps, last, 4, (tap) => {
          const at = local(i32.add(image, i32.load(tap)));
          const weight = local(v128.load32Splat(weights));
          for (const [j, sum] of sums.entries()) sum.set(madd(sum, weight, v128.load(at, 16 * j)));
          advance(weights, 4);
        });
        takeSteps(steps, constants, [sums]);
        for (const [j, sum] of sums.entries()) v128.store(outputs, sum, 16 * j);
      },
    );
  const [many, one] = [tile(VECTORS), tile(1)];
  return (image, line, taps, count, weights, bias, outputs, lines, columns, steps, constants) => {
    const start = local("f32");
    when(bias, () => start.set(f32.load(bias)));
    const last = local(i32.add(taps, i32.shl(count, 2)));
    forRange(0, lines, 1, () => {
      const read = local(image);
      const all = { image: read, taps, last, weights, start, outputs, steps, constants };
      const single = () => {
        const [sum, weight] = [local("f32", start), local(weights)];
        forRange(taps, last, 4, (tap) => {
          sum.set(f32.add(sum, f32.mul(f32.load(weight), f32.load(i32.add(read, i32.load(tap))))));
          advance(weight, 4);
        });
        const lanes = local(f32x4.splat(sum));
        takeSteps(steps, constants, [[lanes]]);
        v128.store32Lane(outputs, 0, lanes);
      };
      eachWidth(columns, [() => many(all), () => one(all), single], [read, outputs]);
      advance(image, line);
    });
  };
});

const collectKernel = /* @__PURE__ */ lazy((_, simd: Simd) => {
  const madd = multiplyAdd(simd);
  return (image, line, taps, count, outputs, lines, columns, weights) =>
    forRange(taps, i32.add(taps, i32.shl(count, 2)), 4, (tap) => {
      const [first, dout] = [local(i32.add(image, i32.load(tap))), local(outputs)];
      const sums = locals("v128", VECTORS);
      for (const sum of sums) sum.set(0);
      const rest = local("f32", 0);
      forRange(0, lines, 1, () => {
        const read = local(first);
        const add = (vectors: number) => () => {
          for (const [j, sum] of sums.slice(0, vectors).entries()) {
            sum.set(madd(sum, v128.load(dout, 16 * j), v128.load(read, 16 * j)));
          }
        };
        const single = () => rest.set(f32.add(rest, f32.mul(f32.load(dout), f32.load(read))));
        eachWidth(columns, [add(VECTORS), add(1), single], [read, dout]);
        advance(first, line);
      });
      const sum = local(sums.reduce<Expr<"v128">>((all, next) => f32x4.add(all, next), local("v128", 0)));
      const lanes = [0, 1, 2, 3].map((lane) => f32x4.extractLane(lane, sum));
      const total = lanes.reduce<Expr<"f32">>((all, next) => f32.add(all, next), rest);
      f32.store(weights, f32.add(f32.load(weights), total));
      advance(weights, 4);
    });
});

/** Covers `columns` by steps of some vectors, then of one, then of one number; pointers move along. */
function eachWidth(
  columns: Expr<"i32">,
  [many, one, single]: readonly [many: () => void, one: () => void, single: () => void],
  pointers: readonly Local<"i32">[],
): void {
  const left = local(columns);
  for (const [width, compute] of [
    [4 * VECTORS, many],
    [4, one],
    [1, single],
  ] as const) {
    whileTrue(i32.geU(left, width), () => {
      compute();
      for (const pointer of pointers) advance(pointer, 4 * width);
      advance(left, -width);
    });
  }
}
