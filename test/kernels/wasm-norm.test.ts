/** The wasm normalizations against the reference, for all geometries: batch, group, instance and layer norm. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceNorm } from "../../src/kernels/reference/norm.js";
import { wasmNorm } from "../../src/kernels/wasm/norm.js";
import { batchNormGeometry, groupNormGeometry, layerNormGeometry, type NormGeometry } from "../../src/shape/norm.js";
import { expectNear, inMemory, spread } from "../support/kernels.js";
import { distance } from "../support/wasm.js";

const size = fc.integer({ min: 1, max: 6 });
const pixels = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(100));

const geometry: fc.Arbitrary<readonly [NormGeometry, length: number]> = fc.oneof(
  fc.tuple(size, size, pixels).map(([n, c, p]) => [batchNormGeometry(c, [n, c, p]), n * c * p] as const),
  fc
    .tuple(size, size, size, pixels)
    .map(([n, g, k, p]) => [groupNormGeometry(g, g * k, [n, g * k, p]), n * g * k * p] as const),
  fc.tuple(size, pixels).map(([n, d]) => [layerNormGeometry([d], [n, d]), n * d] as const),
);

const EPS = 1e-5;
type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** x around an offset, which is large against the deviations now and then, and its moments. */
function problem(g: NormGeometry, length: number, offset: number, seed: number) {
  const x = spread(length, seed).map((v) => offset + v);
  const [mean, variance] = [new Float64Array(g.groups), new Float64Array(g.groups)];
  referenceNorm.moments(g, x, mean, variance);
  return { x, mean, variance };
}

const offset = fc.constantFrom(0, 1, -1000, 1e6);

describe("normalization", () => {
  test("has the moments of the reference, in double precision", () => {
    fc.assert(
      fc.property(geometry, offset, fc.integer(), ([g, length], from, seed) => {
        const { x, mean, variance } = problem(g, length, from, seed);
        const [gotMean, gotVariance] = [new Float64Array(g.groups), new Float64Array(g.groups)];
        inMemory([x], (input) => wasmNorm.moments(g, input, gotMean, gotVariance));
        expectNear(gotMean, mean, 1e-12, () => 1e-12);
        expectNear(gotVariance, variance, 1e-11);
      }),
    );
  });

  test.each([[[Infinity]], [[NaN]], [[-Infinity, Infinity]]])("has no moments where x holds %s", (values) => {
    const g = batchNormGeometry(2, [2, 2, 9]);
    for (const at of [0, 5]) {
      const x = spread(36, 1);
      x.set(values, at);
      const [mean, variance, gotMean, gotVariance] = [0, 0, 0, 0].map(() => new Float64Array(2)) as Four;
      referenceNorm.moments(g, x, mean, variance);
      inMemory([x], (input) => wasmNorm.moments(g, input, gotMean, gotVariance));
      expectNear(gotMean, mean, 1e-12);
      expectNear(gotVariance, variance, 1e-12);
    }
  });

  test("forward is within 3e-7 of the reference's deviations and bias, however large the offset", () => {
    fc.assert(
      fc.property(
        geometry,
        offset,
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        ([g, length], from, isAffine, relu, seed) => {
          const { x, mean, variance } = problem(g, length, from, seed);
          const [weight, bias, y] = [
            spread(g.channels, seed + 1),
            spread(g.channels, seed + 2),
            new Float32Array(length),
          ];
          const [, , , got] = inMemory([x, weight, bias, y], (input, w, b, to) =>
            isAffine
              ? wasmNorm.forward(g, EPS, input, mean, variance, w, b, to, relu)
              : wasmNorm.forward(g, EPS, input, mean, variance, undefined, undefined, to, relu),
          );
          const [w, b] = isAffine ? [weight, bias] : [];
          referenceNorm.forward(g, EPS, x, mean, variance, w, b, y, relu);
          const largest = isAffine ? Math.max(...bias.map(Math.abs)) : 0;
          // y and the bias are what is left of deviations that may cancel.
          expectNear(got, y, 3e-7, () => 3e-7 * largest + 1e-12);
        },
      ),
    );
  });

  test("forward may write over its input", () => {
    const g = batchNormGeometry(3, [2, 3, 7]);
    const { x, mean, variance } = problem(g, 42, 1, 1);
    const [, y] = inMemory([x, new Float32Array(42)], (input, to) =>
      wasmNorm.forward(g, EPS, input, mean, variance, undefined, undefined, to),
    );
    const [over] = inMemory([x], (input) =>
      wasmNorm.forward(g, EPS, input, mean, variance, undefined, undefined, input),
    );
    expect(over).toEqual(y);
    referenceNorm.forward(g, EPS, x, mean, variance, undefined, undefined, x);
    expectNear(over, x, 3e-7, () => 1e-12);
  });

  test("forward by an infinite running mean is the reference's", () => {
    const g = batchNormGeometry(1, [1, 1, 5]);
    const [mean, variance] = [Float64Array.of(Infinity), Float64Array.of(1)];
    const x = Float32Array.of(1, -2, Infinity, NaN, 0);
    const want = new Float32Array(5);
    referenceNorm.forward(g, EPS, x, mean, variance, undefined, undefined, want);
    const [, got] = inMemory([x, want], (input, y) =>
      wasmNorm.forward(g, EPS, input, mean, variance, undefined, undefined, y),
    );
    expectNear(got, want, 0);
  });

  test("has the gradients of the reference, to the rounding of their terms", () => {
    fc.assert(
      fc.property(geometry, offset, fc.boolean(), fc.integer(), ([g, length], from, isAffine, seed) => {
        const { x, mean, variance } = problem(g, length, from, seed);
        const [dy, weight] = [spread(length, seed + 1), spread(g.channels, seed + 2)];
        const [dx, dweight, dbias] = [
          new Float32Array(length),
          spread(g.channels, seed + 3),
          spread(g.channels, seed + 4),
        ];
        const got = inMemory([dx, dweight, dbias, x, dy, weight], (dx, dw, db, input, d, w) =>
          wasmNorm.backward(g, EPS, input, mean, variance, isAffine ? w : undefined, d, dx, dw, db),
        );
        referenceNorm.backward(g, EPS, x, mean, variance, isAffine ? weight : undefined, dy, dx, dweight, dbias);
        // Sums whose terms cancel, and dx of a group of one or two values, which is 0 but for eps, are left with rounding.
        const largest = (values: ArrayLike<number>) => Array.from(values).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        const inverse = largest(variance.map((v) => 1 / Math.sqrt(v + EPS)));
        const normalized = largest(x.map((v) => v - from)) * inverse; // more than any x̂
        const rounding = 4e-7 * inverse * Math.max(1, largest(weight)) * largest(dy);
        expectNear(got[0], dx, 1e-6, () => rounding);
        const total = dy.reduce((sum, d) => sum + Math.abs(d), 0);
        expectNear(got[1], dweight, 1.2e-7, () => 3e-7 * total * normalized);
        expectNear(got[2], dbias, 1.2e-7, () => 1e-12 * total);
      }),
    );
  });

  test("leaves out the gradients that nobody wants", () => {
    const g = batchNormGeometry(2, [3, 2, 8]);
    const { x, mean, variance } = problem(g, 48, 0, 1);
    const dy = spread(48, 2);
    const both = [new Float32Array(2), new Float32Array(2), new Float32Array(48)] as const;
    referenceNorm.backward(g, EPS, x, mean, variance, undefined, dy, both[2], both[0], both[1]);
    const [, , dbias] = inMemory([x, dy, new Float32Array(2)], (input, d, db) =>
      wasmNorm.backward(g, EPS, input, mean, variance, undefined, d, undefined, undefined, db),
    );
    expectNear(dbias, both[1], 1e-6);
    const [, , dx] = inMemory([x, dy, new Float32Array(48)], (input, d, to) =>
      wasmNorm.backward(g, EPS, input, mean, variance, undefined, d, to, undefined, undefined),
    );
    expect(distance(dx, both[2])).toBeLessThan(1e-6);
  });
});
