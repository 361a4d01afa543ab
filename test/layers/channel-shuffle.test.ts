/** ChannelShuffle, StochasticDepth, Permute and Slice: what they give, and their gradients. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ChannelShuffle, type Layer, Permute, Random, ShapeError, Slice, StochasticDepth } from "../../src/index.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

test("ChannelShuffle is reshape, transpose, reshape; backward undoes it, and gradients agree with differences", () => {
  const size = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(size, size, size, size, (n, groups, each, h) => {
      const x = normal([n, groups * each, h, 2], 1);
      const layer = new ChannelShuffle(groups);
      const y = layer.forward(x);
      const want = x
        .reshape([n, groups, each, h * 2])
        .transpose(1, 2)
        .reshape([n, groups * each, h, 2]);
      expect(y.equals(want as typeof y)).toBe(true);
      expect(layer.backward(y).equals(x)).toBe(true);
      expect(layer.outputShape(x.shape)).toEqual(x.shape);
    }),
  );
  expectGradients(new ChannelShuffle(3) as Layer, [2, 6, 2, 3]);
  expectError(
    () => new ChannelShuffle(4).forward(normal([1, 6, 2, 2], 1) as never),
    ShapeError,
    "ChannelShuffle expects a multiple of 4 channels, but its input [1, 6, 2, 2] has 6. Usual cause: groups that belong to another number of channels.",
  );
});

test("StochasticDepth drops whole samples, or the whole batch, and scales the others", () => {
  const p = fc.double({ min: 0, max: 0.95, noNaN: true });
  fc.assert(
    fc.property(p, fc.constantFrom("row" as const, "batch" as const), fc.integer(), (rate, mode, seed) => {
      const layer = new StochasticDepth(rate, mode, { random: new Random(seed) });
      const x = normal([4, 3, 2], 1);
      const y = layer.forward(x);
      const ratios = Array.from(
        { length: 4 },
        (_, n) => new Set(y.data.slice(6 * n, 6 * n + 6).map((v, i) => Number(v !== 0) + 0 * i)),
      );
      expect(ratios.every((seen) => seen.size === 1)).toBe(true);
      if (mode === "batch") expect(new Set(ratios.map((seen) => [...seen][0])).size).toBe(1);
      const scale = Math.fround(1 / (1 - rate));
      for (const [i, v] of y.data.entries()) if (v !== 0) expect(v).toBe(Math.fround(x.data[i]! * scale));
      expect(layer.backward(x).equals(y)).toBe(true);
      const again = new StochasticDepth(rate, mode, { random: new Random(seed) });
      expect(again.forward(x).equals(y)).toBe(true);
      expect(layer.eval().forward(x).equals(x)).toBe(true);
    }),
  );
  for (const mode of ["row", "batch"] as const) {
    expectGradients(new StochasticDepth(0.5, mode, { random: new Random(3) }), [4, 3]);
  }
  expectError(
    () => new StochasticDepth(2, "row"),
    ArgumentError,
    "StochasticDepth expects p to be a number from 0 to 1, but got 2.",
  );
  expect(() => new StochasticDepth(0.5, "column" as never)).toThrow(ArgumentError);
});

test("Permute and Slice: gradients agree with differences within 1e-6", () => {
  expectGradients(new Permute([0, 2, 3, 1]) as Layer, [2, 3, 4, 2]);
  expectGradients(new Permute([-1, 0, 1]) as Layer, [2, 3, 4]);
  expectGradients(new Slice(null, [1, 3]) as Layer, [2, 4, 3]);
  expectGradients(new Slice(1, null, [0, 4, 2]) as Layer, [2, 3, 5]);
});
