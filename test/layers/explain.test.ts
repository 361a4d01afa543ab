import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import {
  ArgumentError,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  explain,
  Flatten,
  Linear,
  ReLU,
  Residual,
  Sequential,
  ShapeError,
  setBackend,
} from "../../src/index.js";
import { LeNet5 } from "../../src/models.js";
import { expectError } from "../support/errors.js";

/** So that bounds are the same on every machine: a ridge at 2 flop a byte. */
const ROOF = { peak: 50e9, bandwidth: 25e9 };

const algorithms = (...args: Parameters<typeof explain>) =>
  explain(...args).layers.map(({ forward, inputGradient, weightGradient }) =>
    [forward, inputGradient, weightGradient].map(({ algorithm }) => algorithm),
  );

afterEach(() => setBackend("wasm", { relaxedSimd: false }));

describe("explain", () => {
  test("a 3×3 convolution by Winograd: flop of the definition, bytes of both operands and the result, its roof", () => {
    setBackend("wasm", { relaxedSimd: false });
    const { layers, ...facts } = explain(new Conv2d(64, 64, 3, { padding: 1 }), [1, 64, 56, 56], ROOF);
    const pass = {
      algorithm: "winograd 4×4",
      flop: 2 * 64 * 64 * 9 * 56 * 56,
      bytes: 4 * (2 * 64 * 56 * 56 + 64 * 64 * 9),
      intensity: (2 * 64 * 64 * 9 * 56 * 56) / (4 * (2 * 64 * 56 * 56 + 64 * 64 * 9)),
      bound: 4 * ROOF.peak,
      limit: "arithmetic",
      share: 4,
    };
    const shape = [1, 64, 56, 56];
    const passes = { forward: pass, inputGradient: pass, weightGradient: pass };
    expect(layers).toEqual([{ key: "", layer: "Conv2d", inputShape: shape, outputShape: shape, ...passes }]);
    expect({ ...facts, toString: undefined }).toEqual({ backend: "wasm-simd", ...ROOF, toString: undefined });
  });

  test("Winograd by other tiles saves other shares of the multiplications", () => {
    setBackend("wasm", { relaxedSimd: false });
    const forward = (kernel: number, stride: number, algorithm: "auto" | "winograd" = "auto") => {
      const conv = new Conv2d(32, 64, kernel, { stride, padding: 2, algorithm });
      return explain(conv, [1, 32, 58, 58], { ...ROOF, bandwidth: 1e12 }).layers[0]!.forward;
    };
    // Tiles of m×m outputs take 36 products a channel, of half the size 121 where a kernel of odd size is split in four.
    for (const [kernel, stride, tile, share] of [
      [5, 1, 2, (25 * 4) / 36],
      [4, 1, 3, (16 * 9) / 36],
      [3, 2, 5, (9 * 25) / 121],
      [4, 2, 5, (16 * 25) / (4 * 36)],
      [7, 2, 3, (49 * 9) / 121],
    ] as const) {
      const pass = forward(kernel, stride);
      expect(pass.algorithm).toBe(`winograd ${tile}×${tile}`);
      expect(pass.share).toBeCloseTo(share, 10);
    }
    expect(forward(9, 2, "winograd").algorithm).toBe("winograd 2×2");
  });

  test("what reads much and computes little is bound by the memory", () => {
    const [layer] = explain(new Linear(1000, 1000), [1, 1000], ROOF).layers;
    const intensity = 2e6 / (4 * 1_002_000);
    expect(layer?.forward).toEqual({
      algorithm: "matrix product",
      flop: 2e6,
      bytes: 4 * 1_002_000,
      intensity,
      bound: intensity * ROOF.bandwidth,
      limit: "memory",
      share: (intensity * ROOF.bandwidth) / ROOF.peak,
    });
  });

  test("every way of computing by its name", () => {
    const all = (name: string) => [name, name, name];
    const image = [1, 8, 30, 30];
    expect(algorithms(new Conv2d(8, 8, 5), image, ROOF)).toEqual([all("im2col")]);
    expect(algorithms(new Conv2d(8, 8, 5), [32, 8, 14, 14], ROOF)).toEqual([
      ["winograd 1×5, chwn", "winograd 1×5, chwn", "direct, chwn"],
    ]);
    expect(algorithms(new Conv2d(1, 6, 5), [32, 1, 28, 28], ROOF)).toEqual([all("direct, chwn")]);
    expect(algorithms(new Conv2d(8, 8, 3, { groups: 8 }), image, ROOF)).toEqual([all("direct, sliding filters")]);
    expect(algorithms(new Conv2d(3, 64, 3), [1, 3, 112, 112], ROOF)).toEqual([
      ["winograd 4×4", "winograd 4×4", "im2col"],
    ]);
    expect(algorithms(new Conv2d(256, 256, 3, { algorithm: "winograd" }), [1, 256, 8, 8], ROOF)).toEqual([
      ["winograd 2×2", "winograd 4×4", "winograd 4×4"],
    ]);
    expect(algorithms(new Conv2d(3, 64, 7, { stride: 2, padding: 3 }), [1, 3, 224, 224], ROOF)).toEqual([
      ["winograd 3×3", "im2col", "im2col"],
    ]);
    expect(algorithms(new Conv2d(64, 192, 5, { padding: 2 }), [1, 64, 27, 27], ROOF)).toEqual([all("winograd 2×2")]);
    expect(algorithms(new ConvTranspose2d(256, 256, 3, { algorithm: "winograd" }), [1, 256, 6, 6], ROOF)).toEqual([
      ["winograd 4×4", "winograd 2×2", "winograd 4×4"],
    ]);
    expect(algorithms(new Conv1d(8, 8, 3, { algorithm: "direct" }), [1, 8, 30], ROOF)).toEqual([
      all("direct, sliding filters"),
    ]);
    const circular = new Conv2d(64, 64, 3, { padding: 4, paddingMode: "circular" });
    expect(algorithms(circular, [1, 64, 30, 30], ROOF)).toEqual([all("winograd 4×4")]);
    expect(algorithms(new Linear(3, 4), [2, 3], ROOF)).toEqual([all("matrix product")]);
    setBackend("reference");
    expect(algorithms(new Conv2d(8, 8, 5), image, ROOF)).toEqual([all("reference")]);
  });

  test("an algorithm that was chosen stands for all directions", () => {
    for (const [algorithm, told] of [
      ["im2col", "im2col"],
      ["direct", "direct, sliding filters"],
    ] as const) {
      const conv = new Conv2d(64, 64, 3, { padding: 1, algorithm });
      expect(algorithms(conv, [1, 64, 56, 56], ROOF)).toEqual([[told, told, told]]);
    }
  });

  test("containers have a record for each inner layer that multiplies, and a table", () => {
    const block = new Residual(new Sequential(new Conv2d(64, 64, 3, { padding: 1 }), new ReLU()));
    const model = new Sequential(block, new Conv2d(64, 2, 1), new Flatten(), new Linear(2 * 56 * 56, 3));
    const table = explain(model, [1, 64, 56, 56], ROOF);
    expect(table.layers.map(({ key, layer }) => [key, layer])).toEqual([
      ["0.body.0", "Conv2d"],
      ["1", "Conv2d"],
      ["3", "Linear"],
    ]);
    expect(String(table)).toBe(`\
Sequential, input [1, 64, 56, 56], wasm-simd: at most 50 GFLOP/s, 25 GB/s
key       layer   output shape     direction  algorithm       Mflop    MB  flop/byte  GFLOP/s at most   of the peak
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────
0.body.0  Conv2d  [1, 64, 56, 56]  all        winograd 4×4    231.2  1.75      131.9              200         400 %
1         Conv2d  [1, 2, 56, 56]   all        im2col            0.8  0.83        1.0               24  48 %, memory
3         Linear  [1, 3]           all        matrix product    0.0  0.10        0.4                9  19 %, memory`);
    expect(inspect(table)).toBe(String(table));
  });

  test("directions that differ have lines of their own", () => {
    const lines = (...args: Parameters<typeof explain>) =>
      String(explain(...args))
        .split("\n")
        .slice(3)
        .map(
          (line) =>
            line
              .replace(/\s+/g, " ")
              .trim()
              .split(/ (?=\d+\.\d)/)[0],
        );
    expect(lines(new Conv2d(3, 64, 3), [1, 3, 112, 112], ROOF)).toEqual([
      "Conv2d [1, 64, 110, 110] forward, input gradient winograd 4×4",
      "weight gradient im2col",
    ]);
    expect(lines(new Conv2d(256, 256, 3, { algorithm: "winograd" }), [1, 256, 8, 8], ROOF)).toEqual([
      "Conv2d [1, 256, 6, 6] forward winograd 2×2",
      "gradients winograd 4×4",
    ]);
  });

  test("measures the roofline where it is not given, once", () => {
    const model = new LeNet5();
    const { peak, bandwidth } = explain(model, [1, 1, 28, 28]);
    expect(peak).toBeGreaterThan(1e8);
    expect(bandwidth).toBeGreaterThan(1e8);
    expect(explain(model, [1, 1, 28, 28])).toMatchObject({ peak, bandwidth });
    expect(explain(model, [1, 1, 28, 28], { peak: 1e9 })).toMatchObject({ peak: 1e9, bandwidth });
    setBackend("reference");
    expect(explain(model, [1, 1, 28, 28])).toMatchObject({ peak: 2e9, bandwidth: 1e10 });
  });

  test("refuses what does not fit", () => {
    expectError(
      () => explain(new Conv2d(3, 8, 3), [1, 1, 9, 9]),
      ShapeError,
      "Conv2d expects 3 channels, but its input [1, 1, 9, 9] has 1. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
    expectError(
      () => explain(new Conv2d(3, 8, 3), [1, 3, 9, 9], { peak: 0 }),
      ArgumentError,
      "explain expects peak to be a number above 0, but got 0.",
    );
    expectError(
      () => explain(new Conv2d(3, 8, 3), [1, 3, 9, 9], { bandwidth: NaN }),
      ArgumentError,
      "explain expects bandwidth to be a number above 0, but got NaN.",
    );
  });
});
