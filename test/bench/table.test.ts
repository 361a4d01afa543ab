import { describe, expect, test } from "vitest";
import { cases } from "../../bench/cases.js";
import { heading, quartiles, row } from "../../bench/table.js";

describe("npm run bench", () => {
  test("quartiles interpolate between samples, in any order", () => {
    expect(quartiles([5])).toEqual([5, 5, 5]);
    expect(quartiles([4, 1, 3, 2])).toEqual([1.75, 2.5, 3.25]);
    expect(quartiles([50, 10, 20, 40, 30])).toEqual([20, 30, 40]);
  });

  test("a row shows median, half the distance of the quartiles in percent, and GFLOP/s", () => {
    const measurement = { name: "conv a", work: "1×1", median: 0.002, spread: 0.0004, samples: 9, gflops: 1.2345 };
    expect(row(measurement)).toMatch(/^conv a +1×1 +2\.00 ms +10\.0 % +1\.23 +9$/);
    expect(row({ ...measurement, median: 2e-6, gflops: null })).toMatch(/ 2\.0 µs .* % +9$/);
    expect(row(measurement)).toHaveLength(heading().length);
  });

  test("every case has a name of its own and runs", { timeout: 120_000 }, () => {
    const all = cases();
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { setUp } of all.filter(({ name }) => name.includes("lenet"))) setUp()();
  });

  test("counts flops as the layers count multiply-adds", () => {
    const flopsOf = (name: string) => cases().find((c) => c.name === name)?.flops;
    expect(flopsOf("conv lenet1 forward")).toBe(2 * 32 * 117_600);
    expect(flopsOf("conv lenet2 weight gradient")).toBe(2 * 32 * 240_000);
    expect(flopsOf("train lenet5 step")).toBe(2 * 64 * (3 * 416_520 - 117_600));
  });
});
