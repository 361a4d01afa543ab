/**
 * `npm run bench:memory`: how much memory inferences of VGG-16, U-Net and DenseNet-121 take over what their numbers take,
 * whether training keeps its memory flat, and what models leave after that are dropped. Each is measured in a process of its own, which
 * runs nothing else.
 */
import { program } from "commander";
import { findChromium, launch } from "../test/browser/chromium.js";
import type { Dropping, Resident } from "./children/dropped.js";
import type { Inference } from "./children/inference.js";
import { verdict } from "./lib/bars.js";
import { child } from "./lib/child.js";
import { inNode, pages } from "./lib/dropped.js";
import { quartiles } from "./lib/measure.js";
import { provenanceLine, writeReport } from "./lib/report.js";
import { digits, megabytes, table } from "./lib/table.js";

program
  .name("npm run bench:memory --")
  .description("Peak memory of inferences, growth over LeNet-5 training steps, and what dropped models leave behind.")
  .option("--steps <number>", "training steps", Number, 10_000)
  .option("--from <number>", "the step whose memory the last one's is compared with", Number, 500)
  .option("--runs <number>", "runs of each loop that drops its models, of which the median counts", Number, 3)
  .option("--dropped", "only the loops that drop their models")
  .option("--inference", "only the inferences")
  .parse();
interface Options {
  readonly steps: number;
  readonly from: number;
  readonly runs: number;
  readonly dropped?: true;
  readonly inference?: true;
}
const { steps, from, runs, dropped: only, inference: inferencesOnly } = program.opts<Options>();

/** What is inferred, in which batches. */
const INFERRED = { "VGG-16": [1], "U-Net": [1, 4], "DenseNet-121": [1, 8, 32] } as const;

console.log(`${provenanceLine()}\n`);
const inferences = only ? {} : await measuredInferences();
const dropped = inferencesOnly ? [] : await droppedModels();
if (!only && !inferencesOnly) await training();

/** Three inferences of each in a process of its own. Empty is one of Node that runs nothing. */
async function measuredInferences(): Promise<Readonly<Record<string, Inference>>> {
  const results: Record<string, Inference> = {};
  const empty = await child<number>("empty.ts");
  const rows: string[][] = [["Node by itself", megabytes(empty), "", ""]];
  for (const [name, batches] of Object.entries(INFERRED)) {
    for (const batch of batches) {
      const which = `${name}, batch ${batch}`;
      const inference = await child<Inference>("inference.ts", name, batch, 3);
      results[which] = inference;
      const { weights, outputs, cut, first, peak } = inference;
      const ratio = (what: string, bytes: number, over: number, against = "") => [
        `  ${what}`,
        megabytes(bytes),
        digits(bytes / over),
        verdict(`${name} inference`, against, bytes / over),
      ];
      rows.push(
        [which, "", "", ""],
        ["  weights", megabytes(weights), "", ""],
        ["  weights + widest cut", megabytes(weights + cut), "", ""],
        ["  weights + every step's output", megabytes(weights + outputs), "", ""],
        ratio("peak of the process : weights + widest cut", first, weights + cut, "weights + widest cut"),
        ratio("  of three inferences", peak, weights + cut),
        ratio("  without Node by itself", first - empty, weights + cut),
        ratio("peak of the process : weights + every step's output", first, weights + outputs, "weights + outputs"),
      );
    }
  }
  console.log(`${table(["resident memory of an inference", "size", "ratio", "bar and aim"], rows)}\n`);
  return results;
}

/** LeNet-5 training steps. */
async function training(): Promise<void> {
  const checkpoints = [from, ...[0.1, 0.2, 0.4, 0.6, 0.8].map((share) => Math.round(share * steps)), steps];
  const resident = await child<number[]>("lenet5.ts", ...checkpoints);
  const grown = resident.at(-1)! / resident[0]!;
  const stepsRow = `${steps.toLocaleString("en")} LeNet-5 steps`;
  const fromRow = `${from} steps`;
  const rows = [
    ...checkpoints.map((step, i) => {
      const last = i === checkpoints.length - 1;
      const name = `${i === 0 ? "LeNet-5, batch 64, Adam:" : " "} after ${step.toLocaleString("en")} steps`;
      return [
        name,
        megabytes(resident[i]!),
        last ? grown.toFixed(3) : "",
        last ? verdict(stepsRow, fromRow, grown) : "",
      ];
    }),
  ];
  console.log(table(["resident memory", "size", "ratio", "bar and aim"], rows));
  if (steps === 10_000 && from === 500) {
    const bar = (group: string, name: string, bytes: number) => ({ group, name, value: bytes / 1e6 });
    writeReport(
      "memory",
      { inferences, lenet5: { checkpoints, resident, ratio: grown }, dropped },
      {
        title: "Resident memory",
        label: "MB",
        bars: [
          ...Object.entries(inferences).flatMap(([name, { weights, cut, first }]) => [
            bar(`${name} inference`, "weights", weights),
            bar(`${name} inference`, "weights + widest cut", weights + cut),
            bar(`${name} inference`, "peak of the process", first),
          ]),
          ...checkpoints.map((step, i) =>
            bar("LeNet-5 training", `after ${step.toLocaleString("en")} steps`, resident[i]!),
          ),
        ],
      },
    );
  }
}

/** What a loop takes that drops each model before it makes the next, over what its process took before. */
async function droppedModels(): Promise<object[]> {
  const chromium = findChromium();
  const browser = chromium ? await launch(chromium) : undefined;
  const served = browser && process.platform === "linux" ? await pages(browser) : undefined;
  if (!served) console.log("No Chromium found, or no Linux to tell its memory: loops in pages are not measured.\n");
  const places: Record<string, (dropping: Dropping) => Promise<Resident>> = {
    [`Node ${process.version}`]: inNode,
    ...(served && {
      [`Chromium ${browser?.version()}, isolated page`]: (dropping) => served.inPage("isolated", dropping),
      "Chromium, ordinary page": (dropping) => served.inPage("ordinary", dropping),
    }),
  };
  const results: object[] = [];
  const rows: string[][] = [];
  for (const [place, run] of Object.entries(places)) {
    const median = async (dropping: Dropping, of: (resident: Resident) => number) => {
      const values: number[] = [];
      for (let i = 0; i < runs; i++) values.push(of(await run(dropping)));
      return quartiles(values)[1];
    };
    for (const turns of [false, true]) {
      const how = turns ? "the event loop turns between them" : "in one task";
      const linear = { model: "Linear", count: 300, turns } as const;
      const peak = ({ peak, before }: Resident) => peak - before;
      const reference = await median({ ...linear, backend: "reference" }, peak);
      const wasm = await median({ ...linear, backend: "wasm" }, peak);
      const ratio = wasm / reference;
      const told = verdict("300 models of 8 MB", "the reference", ratio);
      rows.push([`300 models of 8 MB, one alive at a time, ${how}: ${place}`, megabytes(wasm), digits(ratio), told]);
      rows.push(["  with the reference kernels", megabytes(reference), "", ""]);
      results.push({ place, turns, models: 300, wasm, reference, ratio });
    }
    const lenets = { model: "LeNet5", count: 10_000, turns: false, backend: "wasm" } as const;
    const grown = await median(lenets, ({ early, after }) => after / early);
    const told = verdict("10,000 LeNet-5 models", "1,000 models", grown);
    rows.push([
      `10,000 LeNet-5s made, trained one step and dropped : the first 1,000: ${place}`,
      "",
      digits(grown),
      told,
    ]);
    results.push({ place, lenets: 10_000, ratio: grown });
  }
  console.log(`${table(["over the process's memory before", "peak", "ratio", "bar and aim"], rows)}\n`);
  served?.close();
  await browser?.close();
  return results;
}
