import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { passes } from "../../bench/cases/passes.js";
import { products } from "../../bench/cases/products.js";
import { barOf, verdict } from "../../bench/lib/bars.js";
import { compare, fastest, load, MIN_DIFFERENCE, save } from "../../bench/lib/compare.js";
import { distance } from "../../bench/lib/contest.js";
import { inTurns, quartiles, summarize } from "../../bench/lib/measure.js";
import { LENET5, type Node, RESNET18, weightsOf } from "../../bench/lib/networks.js";
import { svg } from "../../bench/lib/report.js";
import { digits, duration, percent, spread, table } from "../../bench/lib/table.js";
import { permuted } from "../../bench/peers/peer.js";

/** Times of turns that vary by up to 2 %. */
const TURNS = Array.from({ length: 12 }, (_, i) => 1 + ((i * 5) % 12) / 600);
const scaled = (factor: number) => TURNS.map((time) => time * factor);

describe("measuring", () => {
  test("quartiles interpolate between samples, in any order", () => {
    expect(quartiles([5])).toEqual([5, 5, 5]);
    expect(quartiles([4, 1, 3, 2])).toEqual([1.75, 2.5, 3.25]);
    expect(quartiles([50, 10, 20, 40, 30])).toEqual([20, 30, 40]);
    expect(summarize([[4, 1], [3], [2]])).toEqual({ low: 1.75, median: 2.5, high: 3.25, samples: 4 });
  });

  test("everyone has a turn before anyone has the next, and the first round only warms up", async () => {
    const order: string[] = [];
    const contestants = ["a", "b"].map((name) => ({ name, sample: async () => [order.push(name)] }));
    const samples = await inTurns(contestants, { rounds: 2, seconds: 1000 });
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(samples).toEqual([
      [[3], [5]],
      [[4], [6]],
    ]);
  });

  test("a contestant that has used up its time has only the fewest turns, and its first counts", async () => {
    let runs = 0;
    const sample = async () => {
      await new Promise((done) => setTimeout(done, 5));
      return [++runs];
    };
    const slow = { name: "slow", sample };
    expect(await inTurns([slow], { rounds: 50, seconds: 0.001, fewest: 3 })).toEqual([[[1], [2], [3]]]);
  });
});

describe("what a change did", () => {
  test("the same turns are noise, in any order and at any clock of the processor", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.shuffledSubarray(TURNS, { minLength: 12 }),
        (clock, times) => {
          const before = { times: TURNS, peak: TURNS };
          const after = { times: times.map((time) => time * clock), peak: scaled(clock) };
          expect(compare(before, after)).toMatchObject({ ratio: expect.closeTo(1, 10), verdict: "noise" });
        },
      ),
    );
  });

  test("a change well outside the spread is told, with the interval around its ratio", () => {
    const before = { times: TURNS, peak: TURNS };
    const faster = compare(before, { times: scaled(0.8), peak: TURNS });
    expect(faster.verdict).toBe("faster");
    expect(faster.ratio).toBeCloseTo(0.8, 10);
    expect(faster.low).toBeLessThan(0.8);
    expect(faster.high).toBeGreaterThan(0.8);
    expect(compare(before, { times: scaled(1.25), peak: TURNS }).verdict).toBe("slower");
  });

  test("a change inside the spread is noise, and so is one that two runs of the same code can differ by", () => {
    const wide = [1, 1.5, 0.8, 1.3, 0.9, 1.6, 1.1, 0.7, 1.4, 1.2];
    const before = { times: wide, peak: TURNS };
    expect(compare(before, { times: wide.map((time) => 0.9 * time), peak: TURNS }).verdict).toBe("noise");
    const exact = { times: TURNS.map(() => 1), peak: TURNS.map(() => 1) };
    const little = 1 - MIN_DIFFERENCE / 2;
    expect(compare(exact, { ...exact, times: exact.times.map(() => little) }).verdict).toBe("noise");
  });

  test("the fastest sample stands for its turn", () => {
    expect(fastest([[3, 1, 2], [5]])).toEqual([1, 5]);
  });

  test("saved turns come back, and a later save keeps those of other cases", () => {
    const folder = mkdtempSync(join(tmpdir(), "faltung-bench-"));
    try {
      const file = join(folder, "deeper/base.json");
      const turns = { times: [1, 2], peak: [3] };
      expect(() => load(file, "base")).toThrow('Nothing was saved as "base". Run: npm run bench -- --save base');
      save(file, { a: turns });
      save(file, { b: { times: [4], peak: [5] } });
      expect(load(file, "base")).toEqual({ a: turns, b: { times: [4], peak: [5] } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("tables and charts", () => {
  test("text to the left, numbers to the right", () => {
    expect(
      table(
        ["case", "ms"],
        [
          ["a", "10.5"],
          ["longer", "2"],
        ],
      ),
    ).toBe("case      ms\na       10.5\nlonger     2");
  });

  test("three digits, in the unit that suits", () => {
    expect([0, 1.2345, 12.345, 99.96, 1234.5].map(digits)).toEqual(["0", "1.23", "12.3", "100", "1235"]);
    expect([2e-6, 2e-3, 2].map(duration)).toEqual(["2.00 µs", "2.00 ms", "2.00 s"]);
    expect([0.05, 0.5, 1.25].map(percent)).toEqual(["5.0 %", "50 %", "125 %"]);
    expect(spread({ low: 9, median: 10, high: 11 })).toBe("± 10 %");
  });

  test("the bar of a ratio is known by the work and by what it is compared with", () => {
    expect(barOf("conv vgg5 forward", "tfjs-wasm")).toEqual({ bar: 2.5, aim: 4 });
    expect(barOf("conv alex2 forward", "tfjs-wasm")).toEqual({ bar: 1.2, aim: 3 });
    expect(barOf("conv alex2 forward", "PyTorch")).toBeUndefined();
    expect(verdict("conv vgg5 forward", "PyTorch", 0.4)).toBe("bar 0.5, aim 1: missed");
    expect(verdict("conv vgg5 forward", "PyTorch", 0.5)).toBe("bar 0.5, aim 1: bar reached");
    expect(verdict("conv vgg5 forward", "PyTorch", 1)).toBe("bar 0.5, aim 1: aim reached");
    expect(verdict("LeNet-5 cold start", "milliseconds", 61)).toBe("bar ≤ 60, aim 30: missed");
    expect(verdict("something else", "PyTorch", 1)).toBe("");
  });

  test("a chart is an SVG file with every group, name and value", () => {
    const bars = [
      { group: "vgg5", name: "ours", value: 45.67, low: 40, high: 50 },
      { group: "vgg5", name: "theirs", value: 0.5 },
      { group: "res2", name: "ours", value: 123 },
    ];
    for (const log of [undefined, true] as const) {
      const text = svg({ title: "Speed", label: "GFLOP/s", bars, ...(log ? { log } : {}) });
      expect(text).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      for (const part of ["Speed", "GFLOP/s", "vgg5", "res2", "45.7  ours", "0.500  theirs", "123  ours"]) {
        expect(text).toContain(part);
      }
      expect(text).not.toContain("NaN");
    }
  });
});

describe("cases and works", () => {
  const all = [...products(), ...passes()];

  test("every case has a name of its own, and the small ones run", { timeout: 120_000 }, () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    const small = /lenet|activation relu|norm|loss|optimizer/;
    for (const { setUp } of all.filter(({ name }) => small.test(name))) setUp()();
  });

  test("counts flops as the layers count multiply-adds", () => {
    const flopsOf = (name: string) => all.find((one) => one.name === name)?.flops;
    expect(flopsOf("conv lenet1 forward")).toBe(2 * 32 * 117_600);
    expect(flopsOf("conv lenet2 weight gradient")).toBe(2 * 32 * 240_000);
    expect(flopsOf("conv depthwise forward")).toBe(2 * 64 * 9 * 56 * 56);
    expect(flopsOf("step lenet5")).toBe(2 * 64 * (3 * 416_520 - 117_600));
  });

  test("the networks have their papers' sizes", () => {
    const weights = (network: typeof LENET5) =>
      network
        .layer()
        .parameters()
        .reduce((sum, { value }) => sum + value.size, 0);
    expect(weights(LENET5)).toBe(61_706);
    expect(weights(RESNET18)).toBe(11_689_512);
    expect(RESNET18.multiplyAdds([1, 3, 224, 224])).toBe(1_814_073_344);
    expect(weightsOf(LENET5.layer()).map(({ length }) => length)).toEqual([
      150, 6, 2400, 16, 48_000, 120, 10_080, 84, 840, 10,
    ]);
  });

  test("what other libraries build has the weights of the library's own networks, in its order", () => {
    const lengths = (nodes: readonly Node[]): number[] =>
      nodes.flatMap((node) => {
        if (node.op === "conv") return [node.from * node.to * node.kernel ** 2, ...(node.bias ? [node.to] : [])];
        if (node.op === "norm") return [...new Array<number>(4).fill(node.channels), 1];
        if (node.op === "linear") return [node.from * node.to, node.to];
        return node.op === "residual" ? [...lengths(node.body), ...lengths(node.projection)] : [];
      });
    for (const { nodes, layer } of [LENET5, RESNET18]) {
      expect(lengths(nodes)).toEqual(weightsOf(layer()).map(({ length }) => length));
    }
  });

  test("outputs are compared by the length of their difference", () => {
    expect(distance([3, 4], [3, 4])).toBe(0);
    expect(distance([3, 5], [3, 4])).toBe(0.2);
    expect(distance([3], [3, 4])).toBe(0);
    expect(distance([Number.NaN], [1])).toBeNaN();
  });

  test("dimensions are swapped and swapped back", () => {
    const x = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
    const y = permuted(x, [2, 3, 4], [2, 0, 1]);
    expect([...y.subarray(0, 6)]).toEqual([0, 4, 8, 12, 16, 20]);
    expect(permuted(y, [4, 2, 3], [1, 2, 0])).toEqual(x);
  });
});
