/**
 * Where memory cannot be shared (a page that is not cross-origin isolated), growing it detaches every view. A kernel that
 * grows it, by its scratch or by copying an array in, must not look at the views that it was given any more.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type EpilogueKernels, RELU } from "../../src/kernels/epilogue.js";
import { convGeometry, convSettings } from "../../src/shape/conv.js";
import { linearGeometry } from "../../src/shape/linear.js";
import { batchNormGeometry, layerNormGeometry } from "../../src/shape/norm.js";
import { poolGeometry, poolSettings } from "../../src/shape/pool.js";
import { engine } from "../../src/tensor/engine.js";
import { loopsOf } from "../../src/tensor/loops.js";
import { expectNear } from "../support/kernels.js";

beforeAll(() => void vi.stubGlobal("SharedArrayBuffer", undefined));
afterAll(() => {
  vi.unstubAllGlobals();
  engine().memory = undefined;
});

/** Those of the kernels that are fresh. */
let epilogueKernels: EpilogueKernels;

/** Kernels with a memory of their own. */
async function fresh() {
  vi.resetModules();
  engine().memory = undefined;
  const { relu } = await import("../../src/ops/relu.js");
  const { wasmBias } = await import("../../src/kernels/wasm/bias.js");
  const { wasmClassLosses } = await import("../../src/kernels/wasm/class-loss.js");
  const { wasmConv } = await import("../../src/kernels/wasm/conv.js");
  const { wasmArithmetic } = await import("../../src/kernels/wasm/arithmetic.js");
  const { wasmLayout } = await import("../../src/kernels/wasm/layout.js");
  const { wasmMatmul } = await import("../../src/kernels/wasm/matmul.js");
  const { wasmMax, wasmSum } = await import("../../src/kernels/wasm/reduce.js");
  const { wasmLinear } = await import("../../src/kernels/wasm/linear.js");
  const { wasmNorm } = await import("../../src/kernels/wasm/norm.js");
  const { wasmAveragePool, wasmMaxPool } = await import("../../src/kernels/wasm/pool.js");
  const { wasmPReLU } = await import("../../src/kernels/wasm/prelu.js");
  const memory = await import("../../src/kernels/wasm/memory.js");
  ({ epilogueKernels } = await import("../../src/ops/epilogue.js"));
  const wasm = {
    relu: relu.wasm(),
    bias: wasmBias,
    losses: wasmClassLosses,
    conv: wasmConv("plain"),
    linear: wasmLinear("plain"),
    arithmetic: wasmArithmetic,
    layout: wasmLayout,
    matmul: wasmMatmul("plain"),
    sum: wasmSum,
    max: wasmMax,
    norm: wasmNorm,
    pool: { ...wasmMaxPool, ...wasmAveragePool },
    prelu: wasmPReLU,
  };
  return { wasm, memory };
}
type AllKernels = Awaited<ReturnType<typeof fresh>>["wasm"];

async function references(): Promise<AllKernels> {
  const { referenceBias } = await import("../../src/kernels/reference/bias.js");
  const { referenceClassLosses } = await import("../../src/kernels/reference/class-loss.js");
  const { referenceConv } = await import("../../src/kernels/reference/conv.js");
  const { referenceArithmetic } = await import("../../src/kernels/reference/arithmetic.js");
  const { referenceLayout } = await import("../../src/kernels/reference/layout.js");
  const { referenceMatmul } = await import("../../src/kernels/reference/matmul.js");
  const { referenceMax, referenceSum } = await import("../../src/kernels/reference/reduce.js");
  const { referenceLinear } = await import("../../src/kernels/reference/linear.js");
  const { referenceNorm } = await import("../../src/kernels/reference/norm.js");
  const { relu } = await import("../../src/ops/relu.js");
  const { referenceAveragePool, referenceMaxPool } = await import("../../src/kernels/reference/pool.js");
  const { referencePReLU } = await import("../../src/kernels/reference/prelu.js");
  return {
    relu: relu.reference as AllKernels["relu"],
    bias: referenceBias,
    losses: referenceClassLosses,
    conv: referenceConv as AllKernels["conv"],
    linear: referenceLinear as AllKernels["linear"],
    arithmetic: referenceArithmetic,
    layout: referenceLayout,
    matmul: referenceMatmul,
    sum: referenceSum,
    max: referenceMax,
    norm: referenceNorm,
    pool: { ...referenceMaxPool, ...referenceAveragePool },
    prelu: referencePReLU,
  };
}

const dim = { outer: 2, size: 3, inner: 5 };
const rows = loopsOf([6, 5], [5, 1], [1, 0]);
const transposed = loopsOf([6, 5], [1, 6], [5, 1]);
const matrices = { as: [0, 1], bs: [0, 1], cs: [0, 1], add: false };
const products = { rows: 3, depth: 4, columns: 5, aTransposed: true, bTransposed: false, ...matrices };
const batch = batchNormGeometry(3, [2, 3, 5]);
const layer = layerNormGeometry([10], [3, 10]);
const pool = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", 2, {}), [1, 1, 5, 6]);
const [mean, variance] = [Float64Array.of(0.1, 0.2, 0.3), Float64Array.of(1, 2, 3)];
const conv = convGeometry(convSettings("Conv2d", 2, 3, 3, {}), [2, 2, 4, 5]);
const tall = convGeometry(convSettings("Conv2d", 2, 3, 3, { algorithm: "winograd" }), [2, 2, 4, 5]);
const tiled = convGeometry(convSettings("Conv2d", 2, 3, 3, { stride: 2, algorithm: "winograd" }), [2, 2, 4, 5]);
const dense = linearGeometry("Linear", 6, 5, [10, 6]);
const labels = Int32Array.of(0, 2, 1, 1, 0, 2, 2, 1, 0, 1);

/** Returns what the call computed besides what it wrote. */
type Call = (k: AllKernels, ...arrays: Float32Array[]) => unknown;
/** What to call on arrays of which lengths. */
const CASES: Record<string, readonly [lengths: readonly number[], Call]> = {
  relu: [[30, 30], (k, x, y) => k.relu.forward(x!, y!, {})],
  bias: [[3, 30], (k, b, y) => k.bias.add(2, 3, 5, b!, y!)],
  "a bias gradient": [[3, 30], (k, db, dy) => k.bias.gradient(2, 3, 5, dy!, db!)],
  "the bias gradient of columns": [[3, 30], (k, db, dy) => k.bias.gradient(10, 3, 1, dy!, db!)],
  PReLU: [[3, 30, 30], (k, w, x, y) => k.prelu.forward(dim, x!, w!, y!)],
  "PReLU's gradient": [[3, 30, 30], (k, dw, x, dy) => k.prelu.weightGradient(dim, x!, dy!, dw!)],
  "a gate": [[30, 6, 30], (k, x, gate, y) => k.arithmetic.combine("multiply", rows, x!, gate!, y!)],
  "a transposed copy": [[30, 30], (k, x, y) => k.layout.copy(transposed, x!, 0, y!, 0)],
  "sums of products": [[30, 30, 10], (k, a, b, y) => k.sum.sumProducts(dim, a!, b!, y!)],
  "the maximum of lines": [[30, 10, 10], (k, x, y, winners) => k.max.forward(dim, x!, y!, winners!)],
  "a batch of products": [[24, 40, 30], (k, a, b, c) => k.matmul.multiply(products, a!, b!, c!)],
  moments: [
    [30],
    (k, x) => {
      const moments = new Float64Array(6);
      k.norm.moments(batch, x!, moments.subarray(0, 3), moments.subarray(3));
      return moments;
    },
  ],
  "batch norm": [[3, 3, 30, 30], (k, w, b, x, y) => k.norm.forward(batch, 1e-5, x!, mean, variance, w, b, y!)],
  convolution: [[80, 54, 3, 36], (k, x, w, b, y) => k.conv.forward(conv, x!, w!, b, y!)],
  "a convolution of stride 2 by Winograd": [[80, 54, 3, 12], (k, x, w, b, y) => k.conv.forward(tiled, x!, w!, b, y!)],
  "a convolution's input gradient": [[36, 54, 80], (k, dy, w, dx) => k.conv.inputGradient(conv, dy!, w!, dx!)],
  "a convolution's weight gradient": [[80, 36, 54], (k, x, dy, dw) => k.conv.weightGradient(conv, x!, dy!, dw!)],
  Linear: [[60, 30, 5, 50], (k, x, w, b, y) => k.linear.forward(dense, x!, w!, b, y!)],
  "Linear's input gradient": [[50, 30, 60], (k, dy, w, dx) => k.linear.inputGradient(dense, dy!, w!, dx!)],
  "Linear's weight gradient": [[60, 50, 30], (k, x, dy, dw) => k.linear.weightGradient(dense, x!, dy!, dw!)],
  "convolution, batch norm and ReLU": [
    [3, 3, 80, 54, 36],
    (k, scale, shift, x, w, y) => {
      const norm = { mean, variance, eps: 1e-5, weight: scale, bias: shift };
      k.conv.forward(conv, x!, w!, undefined, y!, { norm, activation: RELU, kernels: epilogueKernels });
    },
  ],
  "a sum in place of its own operand": [
    [80, 54, 36],
    (k, x, w, y) =>
      k.conv.forward(tall, x!, w!, undefined, y!, { sum: y!, activation: RELU, kernels: epilogueKernels }),
  ],
  "Linear, added to another array": [
    [60, 30, 50, 50],
    (k, x, w, sum, y) =>
      k.linear.forward(dense, x!, w!, undefined, y!, { sum: sum!, activation: RELU, kernels: epilogueKernels }),
  ],
  "layer norm": [[10, 30, 30], (k, w, x, y) => k.norm.forward(layer, 1e-5, x!, mean, variance, w, undefined, y!)],
  "batch norm's gradients": [
    [3, 3, 3, 30, 30, 30],
    (k, w, dw, db, x, dy, dx) => k.norm.backward(batch, 1e-5, x!, mean, variance, w, dy!, dx!, dw, db),
  ],
  "weighted cross-entropy": [
    [3, 30, 10, 30],
    (k, w, x, losses, dx) => {
      const g = { outer: 10, classes: 3, inner: 1 };
      return [k.losses.crossEntropy(g, x!, labels, -100, w, 0.1, 1, losses, dx!)];
    },
  ],
  "the maximum": [
    [30, 6],
    (k, x, y) => {
      const places = new Int32Array(6);
      k.pool.maxForward(pool, x!, y!, places);
      return places;
    },
  ],
  "the average": [[30, 6], (k, x, y) => k.pool.averageForward(pool, x!, y!)],
  "the average's gradient": [[6, 30], (k, dy, dx) => k.pool.averageBackward(pool, dy!, dx!)],
};

describe.each(Object.entries(CASES))("%s is right although its call makes the memory grow", (_, [lengths, call]) => {
  test.each([
    ["in the engine's memory", -1],
    ["there but for the last", lengths.length - 1],
    ["there but for the first", 0],
  ])("with arrays %s", async (__, outside) => {
    const { wasm, memory } = await fresh();
    const want = lengths.map((length, i) => Float32Array.from({ length }, (___, j) => Math.sin(7 * i + j + 1)));
    const places = want.map(({ length }) => memory.take(4 * length)!);
    const got = want.map((values, i) => {
      const array = i === outside ? new Float32Array(values.length) : memory.view(places[i]!, values.length);
      array.set(values);
      return array;
    });
    // Take all that is left, so that whatever the call needs besides makes the memory grow.
    const end = memory.take(64)! + 64;
    const { byteLength } = memory.memory().buffer;
    memory.take(byteLength - end);

    const result = memory.kernelCall(() => call(wasm, ...got));
    const expected = call(await references(), ...want);
    if (outside >= 0) expect(memory.memory().buffer.byteLength).toBeGreaterThan(byteLength);
    expectNear((result ?? []) as ArrayLike<number>, (expected ?? []) as ArrayLike<number>, 1e-6, () => 1e-6);
    for (const [i, values] of want.entries()) {
      const array = i === outside ? got[i]! : memory.view(places[i]!, values.length);
      expectNear(array, values, 1e-6, () => 1e-6);
    }
  });
});
