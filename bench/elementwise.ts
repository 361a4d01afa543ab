/**
 * `npx tsx bench/elementwise.ts [words…]`: the wasm kernels that are bound by memory or by elementary functions, against
 * the reference, in nanoseconds an element and as bytes read and written a second. Arrays lie in the engine's memory for
 * both. Short runs in turns; the best counts, since whatever else runs on the machine only makes a run slower.
 */
import * as functions from "../src/kernels/activation.js";
import { referenceBias } from "../src/kernels/reference/bias.js";
import { referenceClassLosses } from "../src/kernels/reference/class-loss.js";
import { referenceElementwiseLosses } from "../src/kernels/reference/elementwise-loss.js";
import { referenceGradient } from "../src/kernels/reference/gradient.js";
import { referenceMerge } from "../src/kernels/reference/merge.js";
import { referenceNorm } from "../src/kernels/reference/norm.js";
import { referenceOptimiser } from "../src/kernels/reference/optimiser.js";
import { referencePool } from "../src/kernels/reference/pool.js";
import { referenceSoftmax } from "../src/kernels/reference/softmax.js";
import { wasmBias } from "../src/kernels/wasm/bias.js";
import { wasmClassLosses } from "../src/kernels/wasm/class-loss.js";
import { wasmElementwiseLosses } from "../src/kernels/wasm/elementwise-loss.js";
import { wasmGradient } from "../src/kernels/wasm/gradient.js";
import { kernelCall, memory, take, view } from "../src/kernels/wasm/memory.js";
import { wasmMerge } from "../src/kernels/wasm/merge.js";
import { wasmNorm } from "../src/kernels/wasm/norm.js";
import { wasmOptimiser } from "../src/kernels/wasm/optimiser.js";
import { wasmPool } from "../src/kernels/wasm/pool.js";
import { wasmSoftmax } from "../src/kernels/wasm/softmax.js";
import { batchNormGeometry } from "../src/shape/norm.js";
import { poolGeometry, poolSettings } from "../src/shape/pool.js";
import { Random } from "../src/tensor/random.js";

interface Case {
  readonly name: string;
  readonly elements: number;
  /** Bytes read and written for each element. */
  readonly bytes: number;
  readonly reference: () => unknown;
  readonly wasm: () => unknown;
}

const random = new Random(1);

/** Normal numbers in the engine's memory. */
function normals(length: number): Float32Array {
  const array = view(take(4 * length)!, length);
  for (let i = 0; i < length; i++) array[i] = random.normal();
  return array;
}

function integers(length: number, below: number): Int32Array {
  const array = new Int32Array(memory().buffer, take(4 * length), length);
  for (let i = 0; i < length; i++) array[i] = random.integer(below);
  return array;
}

/** The same call of both. */
function both<Kernels>(
  name: string,
  elements: number,
  bytes: number,
  [reference, wasm]: readonly [Kernels, Kernels],
  call: (kernels: Kernels) => unknown,
): Case {
  return { name, elements, bytes, reference: () => call(reference), wasm: () => call(wasm) };
}

const FUNCTIONS = { ...functions };

function activations(): Case[] {
  const n = 64 * 6 * 28 * 28;
  const [x, dy, y] = [normals(n), normals(n), normals(n)];
  return (Object.keys(functions) as (keyof typeof functions)[]).flatMap((name) => {
    const pair = [FUNCTIONS[name].reference, FUNCTIONS[name].wasm("simd")] as const;
    return [
      both(`${name} forward`, n, 8, pair, (k) => k.forward(x, y, 1, 6)),
      both(`${name} backward`, n, 12, pair, (k) => k.backward(x, dy, y, 1, 6)),
    ];
  });
}

function poolings(): Case[] {
  const shapes = [
    ["2×2/2", [64, 6, 28, 28], 2, {}],
    ["3×3/2", [1, 64, 112, 112], 3, { stride: 2, padding: 1 }],
  ] as const;
  return shapes.flatMap(([name, shape, kernel, options]) => {
    const g = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", kernel, options), shape);
    const [input, output] = [g.rows.size * g.columns.size, g.rows.out * g.columns.out].map((size) => g.planes * size);
    const [x, y, dx, argmax] = [normals(input!), normals(output!), normals(input!), integers(output!, input!)];
    const pair = [referencePool, wasmPool] as const;
    return [
      both(`max ${name} forward`, x.length, 4 + 2, pair, (k) => k.maxForward(g, x, y, argmax)),
      both(`max ${name} backward`, x.length, 4 + 2, pair, (k) => k.maxBackward(g, y, argmax, dx)),
      both(`average ${name} forward`, x.length, 4 + 1, pair, (k) => k.averageForward(g, x, y)),
      both(`average ${name} backward`, x.length, 4 + 1, pair, (k) => k.averageBackward(g, y, dx)),
    ];
  });
}

function channels(): Case[] {
  const [outer, size, inner] = [16, 64, 28 * 28];
  const n = outer * size * inner;
  const [x, dy, y] = [normals(n), normals(n), normals(n)];
  const [weight, bias] = [normals(size), normals(size)];
  const g = batchNormGeometry(size, [outer, size, inner]);
  const [mean, variance] = [new Float64Array(size), new Float64Array(size)];
  const norm = [referenceNorm, wasmNorm] as const;
  return [
    both("norm moments", n, 4, norm, (k) => k.moments(g, x, mean, variance)),
    both("norm forward", n, 8, norm, (k) => k.forward(g, 1e-5, x, mean, variance, weight, bias, y)),
    both("norm backward", n, 20, norm, (k) => k.backward(g, 1e-5, x, mean, variance, weight, dy, y, weight, bias)),
    both("bias add", n, 8, [referenceBias, wasmBias], (k) => k.add(outer, size, inner, bias, y)),
    both("bias gradient", n, 4, [referenceBias, wasmBias], (k) => k.gradient(outer, size, inner, dy, bias)),
    both("merge add", n, 12, [referenceMerge, wasmMerge], (k) => k.add(x, dy, y)),
  ];
}

function lossesAndSteps(): Case[] {
  const [rows, classes] = [256, 1000];
  const n = rows * classes;
  const [x, y, dx] = [normals(n), normals(n), normals(n)];
  const labels = integers(rows, classes);
  const line = { outer: rows, size: classes, classes, inner: 1 };
  const shares = normals(n).map((v) => 1 / (1 + Math.exp(-v)));
  y.set(shares);
  const parameters = [0, 0, 0, 0].map(() => normals(61706).map(Math.abs)) as Float32Array[];
  const [p, g, m, v] = parameters.map((values) => {
    const array = normals(values.length);
    array.set(values);
    return array;
  }) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const plain = { lr: 1e-3, weightDecay: 0, maximize: false };
  const adam = { ...plain, beta1: 0.9, beta2: 0.999, eps: 1e-8, correction1: 0.5, correction2: 0.5, decoupled: false };
  const sgd = { ...plain, momentum: 0.9, dampening: 0, nesterov: false };
  const classLosses = [referenceClassLosses, wasmClassLosses] as const;
  const elementwise = [referenceElementwiseLosses, wasmElementwiseLosses] as const;
  const optimiser = [referenceOptimiser, wasmOptimiser] as const;
  return [
    both("softmax forward", n, 8, [referenceSoftmax, wasmSoftmax], (k) => k.forward(line, x, dx)),
    both("cross-entropy", n, 8, classLosses, (k) =>
      k.crossEntropy(line, x, labels, -100, undefined, 0, 1, undefined, dx),
    ),
    both("squared error", n, 12, elementwise, (k) => k.squaredError(x, y, 1, undefined, dx)),
    both("binary cross-entropy", n, 12, elementwise, (k) => k.binaryCrossEntropy(y, y, undefined, 1, undefined, dx)),
    both("step of sgd", p.length, 20, optimiser, (k) => k.sgd(sgd, p, g, m, false)),
    both("step of adam", p.length, 28, optimiser, (k) => k.adam(adam, p, g, m, v, undefined)),
    both("step clipping", g.length, 4, [referenceGradient, wasmGradient], (k) => k.powerSum(g, 2)),
  ];
}

const ROUNDS = 9;
/** Milliseconds of a run, which repeats a kernel until then. */
const RUN = 4;

/** Nanoseconds of the fastest of several runs in turns. */
function measure(kernels: readonly (() => unknown)[]): number[] {
  const best = kernels.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, kernel] of kernels.entries()) {
      const start = performance.now();
      let runs = 0;
      do {
        kernelCall(kernel);
        runs++;
      } while (performance.now() - start < RUN);
      // The first round warms up.
      if (round > 0) best[i] = Math.min(best[i]!, ((performance.now() - start) / runs) * 1e6);
    }
  }
  return best;
}

const words = process.argv.slice(2);
console.log(
  `${"kernel".padEnd(28)}${["reference", "wasm", "ratio", "GB/s"].map((text) => text.padStart(11)).join("")}`,
);
for (const { name, elements, bytes, reference, wasm } of [
  ...activations(),
  ...poolings(),
  ...channels(),
  ...lossesAndSteps(),
]) {
  if (!words.every((word) => name.includes(word))) continue;
  const [slow, fast] = measure([reference, wasm]) as [number, number];
  const cells = [
    `${(slow / elements).toFixed(2)} ns`,
    `${(fast / elements).toFixed(2)} ns`,
    (slow / fast).toFixed(1),
    ((bytes * elements) / fast).toFixed(1),
  ];
  console.log(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(11)).join("")}`);
}
