/** Dimensions in another order, parts, tensors side by side, padding: against the tensors' own methods, and their adjoints. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as layout from "../../src/ops/layout.js";
import { pad, padBackward } from "../../src/ops/pad.js";
import { ShapeError } from "../../src/shape/errors.js";
import type { DimSlice } from "../../src/shape/slice.js";
import { arange, zeros } from "../../src/tensor/create.js";
import { concat } from "../../src/tensor/join.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";
import { integers } from "../support/layers.js";
import { expectAdjoint, expectClose, shapesOf } from "../support/ops.js";

const orders = shapesOf(0, 5).chain((shape) =>
  fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })),
);
const end = fc.option(fc.integer({ min: -6, max: 6 }));
const ranges = fc.oneof(fc.constant(null), fc.tuple(end, end, fc.integer({ min: 1, max: 3 })));
const slices = shapesOf(1).chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc.tuple(
      ...shape.map((size): fc.Arbitrary<DimSlice> => fc.oneof(ranges, fc.integer({ min: -size, max: size - 1 }))),
    ),
  ),
);
/** A shape, a dimension of it counted from either end, and sizes that it is parted in. */
const parts = fc
  .tuple(shapesOf(0, 3), shapesOf(0, 2), fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([before, after, sizes, fromEnd]) => ({
    shape: [...before, sizes.reduce((a, b) => a + b), ...after],
    dim: fromEnd ? -1 - after.length : before.length,
    sizes,
  }));
/** A shape, and pairs for all of its dimensions from the last one, which leave something of each. */
const padding = shapesOf(1).chain((shape) => {
  const pair = (size: number) => fc.tuple(fc.integer({ min: 1 - size, max: 3 }), fc.nat(3));
  return fc.tuple(
    fc.constant(shape),
    fc.tuple(...shape.toReversed().map(pair)).map((sides) => sides.flat()),
  );
});

eachBackend("layout", () => {
  test("permute is that of tensors, and its adjoint puts every element back", () => {
    fc.assert(
      fc.property(orders, fc.nat(), ([shape, order], seed) => {
        const x = integers(shape, seed);
        expectClose(layout.permute(x, order), x.permute(order));
        expectClose(layout.permuteBackward(layout.permute(x, order), order), x);
        expectClose(
          layout.permuteBackward(
            layout.permute(x, order),
            order.map((dim) => dim - x.rank),
          ),
          x,
        );
      }),
    );
  });

  test("slice is that of tensors, with an exact adjoint", () => {
    fc.assert(
      fc.property(slices, fc.nat(), ([shape, wanted], seed) => {
        const x = integers(shape, seed);
        expectClose(layout.slice(x, wanted), x.slice(...wanted));
        expectAdjoint(
          shape,
          (input) => layout.slice(input, wanted),
          (dy) => layout.sliceBackward(dy, shape, wanted),
          seed,
        );
      }),
    );
  });

  test("split takes apart what concatenate joins; a part without a gradient counts as zeros", () => {
    fc.assert(
      fc.property(parts, fc.nat(), ({ shape, dim, sizes }, seed) => {
        const x = integers(shape, seed);
        const split = layout.split(x, sizes, dim);
        expectClose(concat(split, dim), x);
        expectClose(layout.concatenate(split, dim, shape), x);
        expectClose(layout.splitBackward(split, sizes, dim, shape, "float32"), x);
        const some = split.map((part, i) => (i % 2 ? part : undefined));
        const zeroed = split.map((part, i) => (i % 2 ? part : zeros(part.shape)));
        expectClose(layout.splitBackward(some, sizes, dim, shape, "float32"), concat(zeroed, dim));
      }),
    );
  });

  test("a channel shuffle deals the groups' channels out in turns, and another takes it back", () => {
    expect([...layout.channelShuffle(arange(6).reshape([1, 6]), 2).data]).toEqual([0, 3, 1, 4, 2, 5]);
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        shapesOf(0, 2),
        (n, g, k, rest) => {
          const x = integers([n, g * k, ...rest], 1);
          const want = x
            .reshape([n, g, k, ...rest])
            .transpose(1, 2)
            .reshape(x.shape);
          expectClose(layout.channelShuffle(x, g), want);
          expectClose(layout.channelShuffle(want, k), x);
        },
      ),
    );
  });

  test.each(["constant", "reflect", "replicate", "circular"] as const)(
    "%s padding of any dimensions is that of tensors, with an exact adjoint",
    (mode) => {
      fc.assert(
        fc.property(padding, fc.nat(), ([shape, sides], seed) => {
          const x = integers(shape, seed);
          const most = (size: number) => (mode === "reflect" ? size - 1 : mode === "circular" ? size : Infinity);
          const fits = sides.map((side, i) => Math.min(side, most(shape.at(-1 - (i >> 1))!)));
          const value = mode === "constant" ? 3 : 0;
          expectClose(pad(x, fits, mode, value), x.pad(fits, { mode, value }));
          expectAdjoint(
            shape,
            (input) => pad(input, fits, mode),
            (dy) => padBackward(dy, shape, fits, mode),
            seed,
          );
        }),
      );
    },
  );
});

test("channels that the groups do not divide are refused", () => {
  expectError(
    () => layout.channelShuffle(zeros([1, 6, 2, 2]), 4),
    ShapeError,
    "channelShuffle expects a multiple of 4 channels, but its input [1, 6, 2, 2] has 6. Usual cause: groups that belong to another number of channels.",
  );
  expectError(
    () => layout.channelShuffle(zeros([6]), 2),
    ShapeError,
    "channelShuffle expects an input [N, C, …], but got [6]. Usual cause: a missing batch dimension.",
  );
});
