import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/shape/errors.js";
import { defaultRandom, manualSeed, Random } from "../../src/tensor/random.js";
import { expectError } from "../support/errors.js";

const seeds = fc.maxSafeInteger();
const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.bits());

/** Mean of x¹ … x⁴ over `count` draws. */
function moments(count: number, next: () => number): number[] {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const x = next();
    for (let power = 1; power <= 4; power++) sums[power - 1]! += x ** power;
  }
  return sums.map((sum) => sum / count);
}

describe("Random gives the same bits for the same seed", () => {
  test("on every machine: pinned numbers of seed 1", () => {
    const random = new Random(1);
    expect(random.state).toEqual([1580013426, 350525680, 3524174333, 3011703609]);
    expect(draw(random, 3)).toEqual([393288148, 2174103013, 3814759091]);
    expect(random.uniform()).toBe(0.48725518162749837);
    expect(random.normal()).toBe(0.09360392100457025);
    expect(random.integer(10)).toBe(4);
    expect([...random.permutation(8)]).toEqual([5, 6, 4, 3, 7, 0, 2, 1]);
  });

  test("xoshiro128** as its authors publish it, from the state 1, 2, 3, 4", () => {
    const random = new Random(0);
    random.state = [1, 2, 3, 4];
    // What the C code at https://prng.di.unimi.it/xoshiro128starstar.c prints.
    expect(draw(random, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test("for any seed, and from the start again after seed()", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const first = draw(random, 20);
        expect(draw(new Random(seed), 20)).toEqual(first);
        random.seed(seed);
        expect(draw(random, 20)).toEqual(first);
      }),
    );
  });

  test("and other numbers for another seed, negative and beyond 32 bits too", () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        fc.pre(a !== b);
        expect(new Random(a).state).not.toEqual(new Random(b).state);
      }),
    );
    // This seed's halves cancel where they first meet, so that it starts like seed 0; the later words tell them apart.
    const twin = new Random(6556940915).state;
    expect(twin.slice(0, 2)).toEqual(new Random(0).state.slice(0, 2));
    expect(twin).not.toEqual(new Random(0).state);
    const first = [0, -1, 1, 2 ** 32, -(2 ** 32), 2 ** 32 + 1, 2 ** 53 - 1].map((seed) => new Random(seed).bits());
    expect(new Set(first).size).toBe(first.length);
  });

  test("a saved state resumes the sequence anywhere in it", () => {
    fc.assert(
      fc.property(seeds, fc.nat(50), (seed, skipped) => {
        const random = new Random(seed);
        draw(random, skipped);
        random.normal();
        const { state } = random;
        const next = [random.normal(), random.uniform(), ...draw(random, 5), ...random.permutation(9)];
        const resumed = new Random(0);
        resumed.state = JSON.parse(JSON.stringify(state)) as typeof state;
        expect([resumed.normal(), resumed.uniform(), ...draw(resumed, 5), ...resumed.permutation(9)]).toEqual(next);
      }),
    );
  });

  test("manualSeed sets the default generator, which starts from seed 0", () => {
    const { state } = defaultRandom();
    try {
      manualSeed(7);
      expect(draw(defaultRandom(), 5)).toEqual(draw(new Random(7), 5));
    } finally {
      defaultRandom().state = state;
    }
    expect(defaultRandom()).toBe(defaultRandom());
  });
});

describe("Random's numbers are distributed as they should be", () => {
  const COUNT = 100_000;

  // Five standard errors of each mean, so that one seed in a million would fail; the seed is fixed.
  test("uniform: moments 1/2, 1/3, 1/4, 1/5 and equal numbers in 100 bins", () => {
    const random = new Random(11);
    const bins = new Array<number>(100).fill(0);
    const got = moments(COUNT, () => {
      const x = random.uniform();
      bins[Math.floor(x * 100)]!++;
      return x;
    });
    got.forEach((moment, i) => {
      const power = i + 1;
      const variance = 1 / (2 * power + 1) - 1 / (power + 1) ** 2;
      expect(Math.abs(moment - 1 / (power + 1))).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    });
    expect(chiSquared(bins)).toBeLessThan(99 + 5 * Math.sqrt(2 * 99));
  });

  test("uniform(low, high) stays within its bounds", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: -100, max: 100 }), fc.integer({ min: 0, max: 100 }), (seed, low, width) => {
        const x = new Random(seed).uniform(low, low + width);
        expect(x).toBeGreaterThanOrEqual(low);
        expect(x).toBeLessThanOrEqual(low + width);
      }),
    );
  });

  test("normal: moments 0, 1, 0, 3", () => {
    const random = new Random(12);
    const got = moments(COUNT, () => random.normal());
    [0, 1, 0, 3].forEach((want, i) => {
      // Variances of x, x², x³ and x⁴ for a normal x.
      const variance = [1, 2, 15, 96][i]!;
      expect(Math.abs(got[i]! - want)).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    });
  });

  test("normal: 68.27 % within 1, 95.45 % within 2, 99.73 % within 3", () => {
    const random = new Random(13);
    const inside = [0, 0, 0];
    for (let i = 0; i < COUNT; i++) {
      const x = Math.abs(random.normal());
      for (let sigma = 1; sigma <= 3; sigma++) if (x < sigma) inside[sigma - 1]!++;
    }
    [0.6827, 0.9545, 0.9973].forEach((want, i) => {
      expect(Math.abs(inside[i]! / COUNT - want)).toBeLessThan(5 * Math.sqrt((want * (1 - want)) / COUNT) + 5e-5);
    });
  });

  test("integer: every value equally often, and none outside", () => {
    const random = new Random(14);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < COUNT; i++) counts[random.integer(7)]!++;
    expect(counts).toHaveLength(7);
    expect(chiSquared(counts)).toBeLessThan(6 + 5 * Math.sqrt(12));
  });

  test("integer has no modulo bias where bits % below would have the most", () => {
    // Of 2³² values, 3·2³⁰ and above are 2³⁰ too many: bits % (3·2³⁰) would be below 2³⁰ half of the time, not a third.
    const random = new Random(15);
    let low = 0;
    for (let i = 0; i < COUNT; i++) low += Number(random.integer(3 * 2 ** 30) < 2 ** 30);
    expect(Math.abs(low / COUNT - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / COUNT));
  });

  test("integer takes 1 and 2³² as bounds", () => {
    const random = new Random(16);
    expect(random.integer(1)).toBe(0);
    const same = new Random(0);
    same.state = random.state;
    expect(random.integer(2 ** 32)).toBe(same.bits());
  });

  test("permutation holds 0 … length − 1 once each", () => {
    fc.assert(
      fc.property(seeds, fc.nat(40), (seed, length) => {
        const order = new Random(seed).permutation(length);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
  });

  test("permutation: all 24 orders of 4 equally often", () => {
    const random = new Random(17);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquared([...counts.values()])).toBeLessThan(23 + 5 * Math.sqrt(46));
  });
});

/** Σ (count − expected)² / expected, where all counts are expected to be equal. */
function chiSquared(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("Random refuses", () => {
  const cause = "Usual cause: Math.random(), or an undefined variable.";
  test.each([0.5, Number.NaN, Infinity, 2 ** 53, undefined as unknown as number])("the seed %s", (seed) => {
    const text = `Random expects seed to be a safe integer, but got ${seed}. ${cause}`;
    expectError(() => new Random(seed), ArgumentError, text);
    const random = new Random(1);
    const { state } = random;
    expectError(() => random.seed(seed), ArgumentError, text);
    expect(random.state).toEqual(state);
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])("integer(%s)", (below) => {
    expectError(
      () => new Random(1).integer(below),
      ArgumentError,
      `Random.integer expects an integer from 1 to 2³², but got ${below}.`,
    );
  });

  test.each([-1, 1.5])("permutation(%s)", (length) => {
    expectError(
      () => new Random(1).permutation(length),
      ArgumentError,
      `Random.permutation expects length to be an integer ≥ 0, but got ${length}. Usual cause: a division without Math.floor, or an undefined variable.`,
    );
  });

  test.each([
    [[0, 0, 0, 0], "[0, 0, 0, 0]"],
    [[1, 2, 3], "[1, 2, 3]"],
    [[1, 2, 3, -4], "[1, 2, 3, -4]"],
    [[1, 2, 3, 2 ** 32], "[1, 2, 3, 4294967296]"],
    [[1, 2, 3, 0.5], "[1, 2, 3, 0.5]"],
    [undefined, "undefined"],
  ])("the state %j", (state, shown) => {
    const random = new Random(1);
    const before = random.state;
    expectError(
      () => {
        random.state = state as unknown as typeof before;
      },
      ArgumentError,
      `Random expects state to be four unsigned 32-bit integers that are not all 0, but got ${shown}. Usual cause: a checkpoint of another library.`,
    );
    expect(random.state).toEqual(before);
  });
});
