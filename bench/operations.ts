/** `npx tsx bench/operations.ts`: operations on several tensors, each beside work of the same size, in turns in one run. */
import { AdaptiveAvgPool2d } from "../src/layers/adaptive-pool2d.js";
import { ZeroPad2d } from "../src/layers/zero-pad2d.js";
import { add, multiply, multiplyBackward } from "../src/ops/arithmetic.js";
import { channelShuffle, permute, slice } from "../src/ops/layout.js";
import { linear } from "../src/ops/linear.js";
import { matmul, matmulBackward } from "../src/ops/matmul.js";
import { max, mean, meanBackward } from "../src/ops/reduce.js";
import { innerBackward, innerForward, innerOps, residentNormals } from "./lib/inside.js";
import { inTurns, summarize, timed } from "./lib/measure.js";
import { provenanceLine } from "./lib/report.js";
import { digits, duration, table } from "./lib/table.js";

const [x, other, gate, spatial, scale] = residentNormals(
  [32, 64, 56, 56],
  [32, 64, 56, 56],
  [32, 64, 1, 1],
  [32, 1, 56, 56],
  [64, 1, 1],
);
const [map] = residentNormals([32, 116, 28, 28]);
const [a, b, weight, dy] = residentNormals([8, 197, 64], [8, 64, 197], [197, 64], [8, 197, 197]);
const [images] = residentNormals([8, 64, 56, 56]);
const copied = images.clone();
const [pool, zeroPad] = [new AdaptiveAvgPool2d(1), new ZeroPad2d(1)];
const dense = { rows: 8 * 197, inFeatures: 64, outFeatures: 197 };
const gradient = (of: typeof gate) => innerOps(() => multiplyBackward(other, x, of, [false, true]));

/** What is compared; the first of each is what the ratios are to. */
const CASES: readonly (readonly [sizes: string, ways: Readonly<Record<string, () => unknown>>])[] = [
  [
    "[32, 64, 56, 56]",
    {
      "residual sum": innerOps(() => add(x, other)),
      "times [32, 64, 1, 1]": innerOps(() => multiply(x, gate)),
      "its gradient": gradient(gate),
      "times [32, 1, 56, 56]": innerOps(() => multiply(x, spatial)),
      "its gradient ": gradient(spatial),
      "times [64, 1, 1]": innerOps(() => multiply(x, scale)),
      "its gradient  ": gradient(scale),
    },
  ],
  [
    "[32, 64, 56, 56]",
    {
      "AdaptiveAvgPool2d(1)": () => innerForward(pool, x),
      "mean over [2, 3]": innerOps(() => mean(x, [2, 3], true)),
      "max over [2, 3]": innerOps(() => max(x, [2, 3])),
      "mean over 0": innerOps(() => mean(x, 0)),
      "mean over 1": innerOps(() => mean(x, 1)),
    },
  ],
  [
    "[32, 64, 56, 56]",
    {
      "AdaptiveAvgPool2d(1), both ways": () => innerBackward(pool, innerForward(pool, x, true)),
      "mean over [2, 3], both ways": innerOps(() => meanBackward(mean(x, [2, 3], true), x.shape, [2, 3])),
    },
  ],
  [
    "[32, 116, 28, 28]",
    {
      copy: innerOps(() => slice(map, [])),
      "channelShuffle by 2": innerOps(() => channelShuffle(map, 2)),
      "to NHWC": innerOps(() => permute(map, [0, 2, 3, 1])),
      "last two dimensions swapped": innerOps(() => permute(map, [0, 1, 3, 2])),
    },
  ],
  [
    "[8, 197, 64] · [8, 64, 197]",
    {
      Linear: innerOps(() => linear(dense, a, weight, undefined)),
      matmul: innerOps(() => matmul(a, b)),
      "both gradients": innerOps(() => matmulBackward(dy, a, b, [true, true])),
    },
  ],
  [
    "[8, 64, 56, 56]",
    { "ZeroPad2d(1)": () => zeroPad.forward(copied), "Tensor.pad([1, 1, 1, 1])": () => copied.pad([1, 1, 1, 1]) },
  ],
];

console.log(`${provenanceLine()}\n`);
const rows: string[][] = [];
for (const [sizes, ways] of CASES) {
  const contestants = Object.entries(ways).map(([name, run]) => timed(name, run));
  const medians = (await inTurns(contestants, { rounds: 5, seconds: 1 })).map((turns) => summarize(turns).median);
  for (const [i, { name }] of contestants.entries()) {
    rows.push([i === 0 ? sizes : "", name.trim(), duration(medians[i]!), digits(medians[i]! / medians[0]!)]);
  }
}
console.log(table(["of", "operation", "median", "to the first"], rows));
