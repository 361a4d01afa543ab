import fc from "fast-check";
import { expect, test } from "vitest";
import { log } from "../../src/tensor/log.js";

const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

/** How many doubles lie between a and b. */
function ulps(a: number, b: number): number {
  const rank = (x: number) => {
    double[0] = x;
    const pattern = bits[0]!;
    return pattern < 0n ? -(pattern & 0x7fffffffffffffffn) : pattern;
  };
  return Math.abs(Number(rank(a) - rank(b)));
}

function fromBits(pattern: bigint): number {
  bits[0] = pattern;
  return double[0]!;
}

test("log is within 2 units in the last place of Math.log for any positive double", () => {
  const positive = fc.bigInt({ min: 1n, max: 0x7fefffffffffffffn }).map(fromBits);
  fc.assert(
    fc.property(positive, (x) => ulps(log(x), Math.log(x)) <= 2),
    { numRuns: 20_000 },
  );
});

test("log is within 2 units in the last place near 1, where it is small", () => {
  const near = fc
    .tuple(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.integer({ min: 1, max: 53 }), fc.constantFrom(1, -1))
    .map(([mantissa, exponent, sign]) => 1 + sign * mantissa * 2 ** -exponent);
  fc.assert(
    fc.property(near, (x) => ulps(log(x), Math.log(x)) <= 2),
    { numRuns: 20_000 },
  );
});

test("log is within 2 units in the last place of subnormal numbers", () => {
  const subnormal = fc.bigInt({ min: 1n, max: 0x000fffffffffffffn }).map(fromBits);
  fc.assert(
    fc.property(subnormal, (x) => ulps(log(x), Math.log(x)) <= 2),
    { numRuns: 5_000 },
  );
});

test.each([
  5e-324,
  2.2250738585072014e-308,
  2.225073858507201e-308,
  Math.SQRT1_2,
  Math.SQRT2,
  1 - 2 ** -53,
  1 + 2 ** -52,
  2,
  Math.E,
  Number.MAX_VALUE,
])("log(%d) is within 2 units in the last place", (x) => {
  expect(ulps(log(x), Math.log(x))).toBeLessThanOrEqual(2);
});

test("log is exact at the ends: 0 at 1, −Infinity at ±0, Infinity at Infinity, NaN below 0 and of NaN", () => {
  expect(log(1)).toBe(0);
  expect(log(0)).toBe(-Infinity);
  expect(log(-0)).toBe(-Infinity);
  expect(log(Infinity)).toBe(Infinity);
  expect(log(-1)).toBeNaN();
  expect(log(-5e-324)).toBeNaN();
  expect(log(-Infinity)).toBeNaN();
  expect(log(Number.NaN)).toBeNaN();
});
