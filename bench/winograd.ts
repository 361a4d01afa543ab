/**
 * `npx tsx bench/winograd.ts [words…] [--flavour simd|relaxed]`: Winograd convolution beside the product of packed
 * patches, on arrays in the engine's memory. GFLOP/s count the multiplications of the direct convolution, whichever way
 * it is computed. "fresh" has its weights changed before every run, so that they are transformed in each; else filters
 * are kept. Short runs in turns; medians of processor time.
 */
import { type Flavour, supports } from "../src/kernels/wasm/assembler/flavour.js";
import { wasmConv } from "../src/kernels/wasm/conv.js";
import { kernelCall, take, view } from "../src/kernels/wasm/memory.js";
import { winogradTile } from "../src/kernels/wasm/winograd.js";
import type { ConvAlgorithm } from "../src/shape/algorithm.js";
import { convGeometry, convSettings } from "../src/shape/conv.js";
import { Random } from "../src/tensor/random.js";
import { peakKernel } from "./peak.js";

const SHAPES: Readonly<Record<string, readonly [batch: number, channels: number, size: number, filters: number]>> = {
  vgg3_2: [1, 256, 56, 256],
  vgg5: [1, 512, 14, 512],
  res2: [1, 64, 56, 64],
  res3: [1, 128, 28, 128],
  res4: [1, 256, 14, 256],
  res5: [1, 512, 7, 512],
  batch8: [8, 64, 14, 64],
  batch32: [32, 128, 7, 128],
  few16: [1, 16, 56, 16],
  few8: [1, 8, 56, 8],
  rgb: [1, 3, 112, 64],
  tiny: [1, 32, 4, 32],
};

const all = process.argv.slice(2);
const words = all.filter((word, i) => !word.startsWith("--") && all[i - 1] !== "--flavour");
const chosen = all.includes("--flavour") ? (all[all.indexOf("--flavour") + 1] as Flavour) : undefined;
const flavour = chosen ?? (supports("relaxed") ? "relaxed" : "simd");
const random = new Random(1);

function numbers(length: number): Float32Array {
  const array = view(take(4 * length)!, length);
  for (let i = 0; i < length; i++) array[i] = random.normal() / 16;
  return array;
}

interface Case {
  readonly name: string;
  readonly flops: number;
  readonly run: () => void;
  readonly times: number[];
}

function casesOf(shape: string): Case[] {
  const [batch, channels, size, filters] = SHAPES[shape]!;
  const g = convGeometry(convSettings("Conv2d", channels, filters, 3, { padding: 1 }), [batch, channels, size, size]);
  const flops = 2 * batch * filters * size * size * channels * 9;
  const [x, weight, bias, y] = [
    batch * channels * size * size,
    filters * channels * 9,
    filters,
    batch * filters * size * size,
  ].map(numbers) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const conv = wasmConv(flavour);
  const casesBy = (algorithm: ConvAlgorithm): Case[] => {
    const h = { ...g, algorithm };
    const made = (name: string, run: () => void): Case => ({
      name: `${shape} ${name} ${algorithm}`,
      flops,
      run: () => kernelCall(run),
      times: [],
    });
    const always = [
      made("forward", () => conv.forward(h, x, weight, bias, y)),
      made("input gradient", () => conv.inputGradient(h, y, weight, dx)),
      made("weight gradient", () => conv.weightGradient(h, x, y, dweight)),
    ];
    if (algorithm !== "winograd") return always;
    const fresh = [
      made("fresh forward", () => conv.forward(h, x, changed(), bias, y)),
      made("fresh input gradient", () => conv.inputGradient(h, y, changed(), dx)),
    ];
    return [...always, ...fresh];
  };
  const others = numbers(weight.length);
  const changed = () => {
    others[0] = (others[0] ?? 0) + 0.001;
    return others;
  };
  const [dx, dweight] = [numbers(x.length), numbers(weight.length)];
  const found = (["im2col", "winograd", "auto"] as const).flatMap(casesBy);
  const matching = found.filter(({ name }) => words.every((word) => name.split(" ").includes(word) || shape === word));
  if (matching.length > 0) console.log(`${shape}: tiles of ${winogradTile(g, "forward")}`);
  return matching;
}

/** Milliseconds of processor time that this process has had: other processes do not count. */
function clock(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const quantile = (times: number[], share: number) => times.sort((a, b) => a - b)[Math.floor(times.length * share)]!;

for (const shape of Object.keys(SHAPES)) {
  const cases = casesOf(shape);
  if (cases.length === 0) continue;
  const peak: Case = { name: "peak", ...peakKernel(flavour), times: [] };
  for (const { run } of [peak, ...cases]) {
    const from = performance.now();
    while (performance.now() - from < 100) run();
  }
  const started = performance.now();
  while (performance.now() - started < 300 * cases.length) {
    for (const { run, times } of [peak, ...cases]) {
      const [wall, processor] = [performance.now(), clock()];
      let count = 0;
      do {
        run();
        count++;
      } while (performance.now() - wall < 1);
      times.push(Math.min(performance.now() - wall, clock() - processor) / count);
    }
  }
  console.log(
    `Node ${process.version}, ${flavour}, peak ${(peak.flops / quantile(peak.times, 0.5) / 1e6).toFixed(1)} GFLOP/s`,
  );
  for (const { name, flops, times } of cases) {
    const [median, best] = [quantile(times, 0.5), quantile(times, 0)];
    console.log(
      `${name.padEnd(36)} ${(flops / median / 1e6).toFixed(1).padStart(6)} GFLOP/s   median ${median.toFixed(3)} ms, best ${best.toFixed(3)} ms (${(flops / best / 1e6).toFixed(1)})`,
    );
  }
}
