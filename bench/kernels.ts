/**
 * `npx tsx bench/kernels.ts [words…] [--flavour simd|relaxed]`: the wasm convolutions alone, on arrays in the engine's
 * memory, as GFLOP/s and as a share of the 128-bit multiply+add peak that the same run measures. Short runs in turns;
 * the best of them counts, since whatever else runs on the machine only makes a run slower.
 */
import { type Flavour, supports } from "../src/kernels/wasm/assembler/flavour.js";
import { wasmConv } from "../src/kernels/wasm/conv.js";
import { take, view } from "../src/kernels/wasm/memory.js";
import { convGeometry, convSettings } from "../src/shape/conv.js";
import { Random } from "../src/tensor/random.js";
import { peakKernel } from "./peak.js";

type Sizes = readonly [batch: number, channels: number, height: number, width: number];
const SHAPES: Readonly<
  Record<string, readonly [Sizes, filters: number, kernel: number, stride?: number, padding?: number, groups?: number]>
> = {
  alex2: [[1, 64, 27, 27], 192, 5, 1, 2],
  vgg3_2: [[1, 256, 56, 56], 256, 3, 1, 1],
  vgg5: [[1, 512, 14, 14], 512, 3, 1, 1],
  res1: [[1, 3, 224, 224], 64, 7, 2, 3],
  res2: [[1, 64, 56, 56], 64, 3, 1, 1],
  res3ds: [[1, 64, 56, 56], 128, 3, 2, 1],
  res5: [[1, 512, 7, 7], 512, 3, 1, 1],
  res50_1x1: [[1, 256, 56, 56], 64, 1],
  depthwise: [[1, 64, 56, 56], 64, 3, 1, 1, 64],
  lenet1: [[32, 1, 28, 28], 6, 5, 1, 2],
  lenet2: [[32, 6, 14, 14], 16, 5],
};
const DIRECTIONS = ["forward", "input gradient", "weight gradient"] as const;

const words = process.argv.slice(2).filter((word, i, all) => !word.startsWith("--") && all[i - 1] !== "--flavour");
const chosen = process.argv[process.argv.indexOf("--flavour") + 1] as Flavour | undefined;
const flavour = process.argv.includes("--flavour") && chosen ? chosen : supports("relaxed") ? "relaxed" : "simd";
const conv = wasmConv(flavour);
const random = new Random(1);

const cases = Object.entries(SHAPES)
  .flatMap(([name, [input, filters, kernel, stride = 1, padding = 0, groups = 1]]) => {
    const settings = convSettings("Conv2d", input[1], filters, kernel, { stride, padding, groups });
    const g = convGeometry(settings, input);
    const sizes = [
      g.batch * g.inChannels * g.height * g.width,
      (filters * g.inChannels * kernel ** 2) / groups,
      filters,
      g.batch * filters * g.outHeight * g.outWidth,
    ];
    const [x, weight, bias, y] = sizes.map((size) => normals(size)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const flops = (2 * y.length * g.inChannels * kernel ** 2) / groups;
    const runs = [
      () => conv.forward(g, x, weight, bias, y),
      () => conv.inputGradient(g, y, weight, x),
      () => conv.weightGradient(g, x, y, weight),
    ];
    return DIRECTIONS.map((direction, i) => ({
      name: `${name} ${direction}`,
      flops,
      run: runs[i]!,
      times: [] as number[],
    }));
  })
  .filter(({ name }) => words.every((word) => name.includes(word)));

function normals(size: number): Float32Array {
  const array = view(take(4 * size) ?? 0, size);
  for (let i = 0; i < size; i++) array[i] = random.normal() / 16;
  return array;
}

const peak = { name: "peak", ...peakKernel(flavour), times: [] as number[] };
const all = [peak, ...cases];
for (const { run } of all) warm(run, 200);
const started = performance.now();
while (performance.now() - started < 700 * all.length) {
  for (const { run, times } of all) {
    const from = performance.now();
    let count = 0;
    do {
      run();
      count++;
    } while (performance.now() - from < 1);
    times.push((performance.now() - from) / count);
  }
}

const best = (times: readonly number[]) => Math.min(...times);
const top = peak.flops / best(peak.times);
console.log(`Node ${process.version}, ${flavour}; peak ${(top / 1e6).toFixed(1)} GFLOP/s`);
for (const { name, flops, times } of cases) {
  const speed = flops / best(times);
  const median = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  console.log(
    `${name.padEnd(28)} ${(speed / 1e6).toFixed(1).padStart(6)} GFLOP/s ${((100 * speed) / top).toFixed(0).padStart(4)} %   best ${best(times).toFixed(3)} ms, median ${median.toFixed(3)} ms`,
  );
}

function warm(run: () => void, milliseconds: number): void {
  const from = performance.now();
  while (performance.now() - from < milliseconds) run();
}
