/**
 * `npx tsx docs/roofline.ts`: measures the roof (multiply-add peak and memory bandwidth) and the speed of some kernels under it
 * on this machine, plain SIMD, one thread, and draws docs/roofline.svg. The best of many runs counts.
 */
import { writeFileSync } from "node:fs";
import { peakKernel } from "../bench/lib/peak.js";
import { run, setBackend } from "../src/kernels/backend.js";
import { take, view } from "../src/kernels/wasm/memory.js";
import { convKernels } from "../src/ops/conv2d.js";
import { linearKernels } from "../src/ops/linear.js";
import { mergeKernels } from "../src/ops/merge.js";
import { convGeometry, convSettings } from "../src/shape/conv.js";

/** A dot: flop, the least bytes, and what runs. */
interface Dot {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
  readonly run: () => void;
}

setBackend("wasm", { relaxedSimd: false });

function array(length: number): Float32Array {
  const at = take(4 * length);
  if (at === undefined) throw new Error("The engine's memory is full.");
  return view(at, length).fill(0.5);
}

/** Milliseconds of the best run of each, in turns, so that what else the machine does meets all alike. */
function fastest(runs: readonly (() => void)[]): number[] {
  const best = runs.map(() => Infinity);
  for (let turn = 0; turn < 20; turn++) {
    for (const [i, run] of runs.entries()) {
      const end = performance.now() + 100;
      for (let round = 0; round < 2 || performance.now() < end; round++) {
        const start = performance.now();
        run();
        best[i] = Math.min(best[i] ?? Infinity, performance.now() - start);
      }
    }
  }
  return best;
}

function convolution(
  name: string,
  shape: readonly [number, number, number, number],
  filters: number,
  kernel: number,
  options: { readonly padding?: number; readonly stride?: number; readonly groups?: number } = {},
): Dot {
  const g = convGeometry(convSettings("Conv2d", shape[1], filters, kernel, options), shape);
  const perFilter = (shape[1] / g.groups) * kernel * kernel;
  const results = shape[0] * filters * g.outHeight * g.outWidth;
  const [x, weight, y] = [array(shape.reduce((a, b) => a * b)), array(filters * perFilter), array(results)];
  return {
    name,
    flops: 2 * results * perFilter,
    bytes: 4 * (x.length + weight.length + y.length),
    run: () => run(convKernels, [x, weight, y], (kernels, x, weight, y) => kernels.forward(g, x, weight, undefined, y)),
  };
}

function linear(rows: number, features: number): Dot {
  const [x, weight, y] = [array(rows * features), array(features * features), array(rows * features)];
  const g = { rows, inFeatures: features, outFeatures: features };
  return {
    name: `Linear of ${rows} row${rows === 1 ? "" : "s"}`,
    flops: 2 * rows * weight.length,
    bytes: 4 * (x.length + weight.length + y.length),
    run: () =>
      run(linearKernels, [x, weight, y], (kernels, x, weight, y) => kernels.forward(g, x, weight, undefined, y)),
  };
}

function sum(length: number): Dot {
  const [a, b, y] = [array(length), array(length), array(length)];
  return {
    name: "sum of two maps",
    flops: length,
    bytes: 12 * length,
    run: () => run(mergeKernels, [a, b, y], (kernels, a, b, y) => kernels.add(a, b, y)),
  };
}

const kernels = [
  sum(1 << 24),
  linear(1, 4096),
  convolution("depthwise 3×3", [1, 128, 56, 56], 128, 3, { padding: 1, groups: 128 }),
  convolution("LeNet's 1st", [32, 1, 28, 28], 6, 5, { padding: 2 }),
  convolution("1×1", [1, 256, 56, 56], 64, 1),
  convolution("7×7 stride 2", [1, 3, 224, 224], 64, 7, { stride: 2, padding: 3 }),
  convolution("AlexNet's 5×5", [1, 64, 27, 27], 192, 5, { padding: 2 }),
] as const;
const peak = peakKernel("plain");
const [ofPeak = 0, ...times] = fastest([peak.run, ...kernels.map(({ run }) => run)]);
const roof = peak.flops / ofPeak / 1e6;
const bandwidth = kernels[0].bytes / (times[0] ?? 0) / 1e6;
const dots = kernels.map(({ name, flops, bytes }, i) => ({
  name,
  intensity: flops / bytes,
  gflops: flops / (times[i] ?? 0) / 1e6,
}));

console.log(
  `roof ${roof.toFixed(1)} GFLOP/s, memory ${bandwidth.toFixed(1)} GB/s, ridge at ${(roof / bandwidth).toFixed(1)}`,
);
for (const { name, intensity, gflops } of dots) {
  console.log(
    `${name.padEnd(18)} ${intensity.toFixed(2).padStart(8)} flop/byte ${gflops.toFixed(1).padStart(6)} GFLOP/s`,
  );
}
writeFileSync(new URL("roofline.svg", import.meta.url), draw());

/** Both axes in powers of two. */
function draw(): string {
  const [width, height, left, bottom] = [760, 420, 60, 50];
  const [lowX, highX, lowY, highY] = [-4, 9, 0, 7];
  const x = (value: number) => left + ((Math.log2(value) - lowX) / (highX - lowX)) * (width - left - 20);
  const y = (value: number) => height - bottom - ((Math.log2(value) - lowY) / (highY - lowY)) * (height - bottom - 20);
  const text = (at: number, to: number, words: string, more = "") =>
    `<text x="${at.toFixed(1)}" y="${to.toFixed(1)}" ${more}>${words}</text>`;
  const line = (x1: number, y1: number, x2: number, y2: number, name: string) =>
    `<line class="${name}" x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;
  const label = ({ name, intensity, gflops }: (typeof dots)[number]) => {
    const beside = intensity > 100 ? -8 : 8;
    return `<circle cx="${x(intensity).toFixed(1)}" cy="${y(gflops).toFixed(1)}" r="5"/>${text(x(intensity) + beside, y(gflops) + (beside < 0 ? 34 : 17), name, beside < 0 ? 'text-anchor="end"' : "")}`;
  };
  const columns = [1 / 8, 1 / 2, 2, 8, 32, 128, 512];
  const rows = [1, 2, 4, 8, 16, 32, 64, 128];
  const ridge = roof / bandwidth;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
<title>Kernels under the roofline</title>
<style>
  .grid { stroke: #e3e3e3 } .roof { stroke: #1f5fa8; stroke-width: 3; stroke-linecap: round }
  circle { fill: #d3541f } text { fill: #333 } .of-roof { fill: #1f5fa8 }
</style>
<rect width="${width}" height="${height}" fill="#fff"/>
${columns.map((value) => line(x(value), y(2 ** lowY), x(value), y(2 ** highY), "grid") + text(x(value), height - bottom + 18, value < 1 ? `1/${1 / value}` : `${value}`, 'text-anchor="middle"')).join("\n")}
${rows.map((value) => line(left, y(value), width - 20, y(value), "grid") + text(left - 8, y(value) + 4, `${value}`, 'text-anchor="end"')).join("\n")}
${text((left + width) / 2, height - 10, "flop per byte that must be read or written", 'text-anchor="middle"')}
${text(-(height - bottom) / 2, 18, "GFLOP/s", 'text-anchor="middle" transform="rotate(-90)"')}
${line(x(2 ** lowX), y(bandwidth * 2 ** lowX), x(ridge), y(roof), "roof")}
${line(x(ridge), y(roof), width - 20, y(roof), "roof")}
${text(width - 20, y(roof) - 8, `multiply-add peak of 128-bit SIMD: ${roof.toFixed(0)} GFLOP/s`, 'class="of-roof" text-anchor="end"')}
${text(x(ridge / 6) - 10, y(roof / 6) - 6, `memory: ${bandwidth.toFixed(0)} GB/s`, 'class="of-roof" text-anchor="end"')}
${dots.map(label).join("\n")}
</svg>
`;
}
