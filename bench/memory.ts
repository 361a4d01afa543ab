/**
 * `npm run bench:memory`: how much memory an inference of VGG-16 takes over what its numbers take, and whether training
 * keeps its memory flat. Each is measured in a process of its own, which runs nothing else.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { program } from "commander";
import { build } from "esbuild";
import { verdict } from "./bars.js";
import { provenanceLine, writeReport } from "./report.js";
import { digits, megabytes, table } from "./table.js";

program
  .name("npm run bench:memory --")
  .description("Peak memory of a VGG-16 inference, and the growth of memory over LeNet-5 training steps.")
  .option("--steps <number>", "training steps", Number, 10_000)
  .option("--from <number>", "the step whose memory the last one's is compared with", Number, 500)
  .parse();
const { steps, from } = program.opts<{ steps: number; from: number }>();

interface Inference {
  readonly weights: number;
  /** The input and every layer's output once. */
  readonly activations: number;
  /** Resident set of the process: before anything of the library ran, and at its peak. */
  readonly before: number;
  readonly peak: number;
}

const inference = await child<Inference>("vgg16.ts");
const checkpoints = [from, ...[0.1, 0.2, 0.4, 0.6, 0.8].map((share) => Math.round(share * steps)), steps];
const resident = await child<number[]>("lenet5.ts", ...checkpoints);
const needed = inference.weights + inference.activations;
const over = inference.peak / needed;
const grown = resident.at(-1)! / resident[0]!;
const stepsRow = `${steps.toLocaleString("en")} LeNet-5 steps`;
const fromRow = `${from} steps`;

console.log(`${provenanceLine()}\n`);
const rows = [
  ["VGG-16, 1×3×224×224: weights", megabytes(inference.weights), "", ""],
  ["  the input and every layer's output", megabytes(inference.activations), "", ""],
  ["  Node before it", megabytes(inference.before), "", ""],
  [
    "  peak of the process : weights + activations",
    megabytes(inference.peak),
    digits(over),
    verdict("VGG-16 inference", "weights + activations", over),
  ],
  ...checkpoints.map((step, i) => {
    const last = i === checkpoints.length - 1;
    const name = `${i === 0 ? "LeNet-5, batch 64, Adam:" : " "} after ${step.toLocaleString("en")} steps`;
    return [name, megabytes(resident[i]!), last ? grown.toFixed(3) : "", last ? verdict(stepsRow, fromRow, grown) : ""];
  }),
];
console.log(table(["resident memory", "size", "ratio", "bar and aim"], rows));
if (steps === 10_000 && from === 500) {
  const bar = (group: string, name: string, bytes: number) => ({ group, name, value: bytes / 1e6 });
  writeReport(
    "memory",
    { vgg16: { ...inference, ratio: over }, lenet5: { checkpoints, resident, ratio: grown } },
    {
      title: "Resident memory",
      label: "MB",
      bars: [
        bar("VGG-16 inference", "weights", inference.weights),
        bar("VGG-16 inference", "weights + activations", needed),
        bar("VGG-16 inference", "peak of the process", inference.peak),
        ...checkpoints.map((step, i) =>
          bar("LeNet-5 training", `after ${step.toLocaleString("en")} steps`, resident[i]!),
        ),
      ],
    },
  );
}

/** Runs a file of bench/children/ as one bundle, so that no compiler shares its process; it prints one line of JSON. */
async function child<Result>(file: string, ...args: readonly number[]): Promise<Result> {
  const entry = resolve(import.meta.dirname, "children", file);
  const options = { bundle: true, format: "esm", platform: "node", target: "es2022", write: false } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  const output = execFileSync(process.execPath, ["--input-type=module", "-", ...args.map(String)], {
    input: outputFiles[0]!.text,
    encoding: "utf8",
  });
  return JSON.parse(output) as Result;
}
