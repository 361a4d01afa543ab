/**
 * `npm run bench`, `npm run bench -- conv vgg5`, `npm run bench -- conv --save base`, `npm run bench -- conv --against base`:
 * the library's hot loops on both backends, beside the 128-bit multiply-add peak of the same minutes.
 */
import { resolve } from "node:path";
import { program } from "commander";
import { setBackend } from "../src/kernels/backend.js";
import { type Simd, supports } from "../src/kernels/wasm/assembler/simd.js";
import type { Case } from "./cases/case.js";
import { passes } from "./cases/passes.js";
import { products } from "./cases/products.js";
import { barOf, verdict } from "./lib/bars.js";
import { compare, fastest, load, type Saved, save, type Turns } from "./lib/compare.js";
import { inTurns, median, type Summary, summarize, timed } from "./lib/measure.js";
import { peakKernel } from "./lib/peak.js";
import { progress } from "./lib/progress.js";
import { provenanceLine, writeReport } from "./lib/report.js";
import { digits, duration, percent, spread, table } from "./lib/table.js";

program
  .name("npm run bench --")
  .description(
    "Times the library's hot loops on the reference and the wasm backend; with words, only the cases whose names hold all of them. Families: conv, linear, activation, pool, norm, loss, optimizer, step, inference.",
  )
  .argument("[words...]", 'for example "conv", or "conv vgg5 forward"')
  .option("--seconds <number>", "time for the samples of each case on each backend", Number, 0.5)
  .option("--rounds <number>", "turns of each case", Number, 12)
  .option("--wasm", "leave the reference backend out")
  .option("--no-relaxed-simd", "the kind of SIMD that rounds a·b + c twice")
  .option("--save <name>", "keep the result, to compare a later run with it")
  .option("--against <name>", "compare with the result that was kept under this name")
  .parse();
const { seconds, rounds, wasm, relaxedSimd, ...files } = program.opts<{
  seconds: number;
  rounds: number;
  wasm?: true;
  relaxedSimd: boolean;
  save?: string;
  against?: string;
}>();
const words = program.args.flatMap((argument) => argument.split(" "));
const relaxed = relaxedSimd && supports("relaxed");
const simd: Simd = relaxed ? "relaxed" : "plain";
const fileOf = (name: string) => resolve(import.meta.dirname, `saved/${name}.json`);

interface Result {
  readonly name: string;
  readonly work: string;
  readonly flops: number;
  readonly bytes: number | undefined;
  readonly wasm: Summary;
  readonly reference: Summary | undefined;
  /** Of the peak kernel's speed between the same turns; undefined where the memory is what limits. */
  readonly share: number | undefined;
  readonly turns: Turns;
}

const useWasm = () => setBackend("wasm", { relaxedSimd: relaxed });
useWasm();
const base = files.against === undefined ? undefined : loadBase(files.against);
const { flops: peakFlops, run: runPeak } = peakKernel(simd);
const chosen = [...products(), ...passes()].filter(({ name }) => words.every((word) => name.includes(word)));
if (chosen.length === 0) program.error(`No case has ${words.join(" and ")} in its name.`);
const peakTimes: number[] = [];
const results = await measure(chosen);

const speed = peakFlops / median(peakTimes) / 1e9;
console.log(`${provenanceLine()}; peak ${digits(speed)} GFLOP/s\n`);
console.log(base ? comparisons(results, base) : overview(results));
if (files.save !== undefined) save(fileOf(files.save), turnsOf(results));
if (words.length === 0 && !base) report(results);

/** The peak kernel, the case on wasm and the case on the reference, one after the other, for every case; and again. */
async function measure(cases: readonly Case[]): Promise<Result[]> {
  const entries = cases.map((one) => {
    const run = one.setUp();
    const onReference = timed(one.name, run, () => setBackend("reference"));
    const withReference = !wasm && !base && !one.wasmOnly;
    return [timed("peak", runPeak), timed(one.name, run, useWasm), ...(withReference ? [onReference] : [])];
  });
  const contestants = entries.flat();
  const bar = progress((rounds + 1) * contestants.length);
  const samples = await inTurns(contestants, { rounds, seconds, onTurn: bar.advance });
  bar.stop();
  useWasm();
  return cases.map(({ name, work, flops, bytes }, i) => {
    const [peakTurns = [], turns = [], referenceTurns] = samples.splice(0, entries[i]!.length);
    peakTimes.push(...peakTurns.flat());
    const fast = { times: fastest(turns), peak: fastest(peakTurns) };
    const share = flops === 0 ? undefined : ((flops / peakFlops) * median(fast.peak)) / median(fast.times);
    const reference = referenceTurns && summarize(referenceTurns);
    return { name, work, flops, bytes, wasm: summarize(turns), reference, share, turns: fast };
  });
}

function overview(all: readonly Result[]): string {
  const rows = all.map(({ name, work, flops, bytes = 0, wasm: fast, reference, share }) => [
    name,
    work,
    duration(fast.median),
    spread(fast),
    flops > 0 ? `${digits(flops / fast.median / 1e9)} GFLOP/s` : `${digits(bytes / fast.median / 1e9)} GB/s`,
    share === undefined ? "" : percent(share),
    reference ? duration(reference.median) : "",
    reference ? digits(reference.median / fast.median) : "",
    share === undefined ? "" : verdict(name, "peak", share),
  ]);
  const heading = ["case", "work", "wasm", "spread", "speed", "of peak", "reference", "reference : wasm"];
  const bars = all.some(({ name }) => barOf(name, "peak"));
  return table(bars ? [...heading, "bar and aim of the share"] : heading, rows, 2);
}

function comparisons(all: readonly Result[], before: Saved): string {
  const rows = all.map(({ name, turns, wasm: now }) => {
    const old = before[name];
    if (!old) return [name, duration(now.median), "", "", "", "not in the saved run"];
    const { ratio, low, high, verdict: result } = compare(old, turns);
    const spreads = [old, turns].map(({ times }) => spread(summarize([times]))).join(", ");
    return [name, duration(now.median), spreads, ratio.toFixed(3), `${low.toFixed(3)}–${high.toFixed(3)}`, result];
  });
  return table(["case", "now", "spread before, now", "now : before", "99 % interval", "verdict"], rows);
}

function turnsOf(all: readonly Result[]): Saved {
  return Object.fromEntries(all.map(({ name, turns }) => [name, turns]));
}

function loadBase(name: string): Saved {
  try {
    return load(fileOf(name), name);
  } catch (error) {
    return program.error((error as Error).message);
  }
}

function report(all: readonly Result[]): void {
  const products = all.filter(({ share }) => share !== undefined);
  writeReport(
    "bench",
    { peakGflops: speed, cases: all.map(({ turns: _, ...rest }) => rest) },
    {
      title: `Share of the 128-bit multiply-add peak (${digits(speed)} GFLOP/s)`,
      label: "% of the peak",
      bars: products.map(({ name, share = 0 }) => {
        const [kind = "", shape = "", ...direction] = name.split(" ");
        return { group: `${kind} ${shape}`, name: direction.join(" ") || "whole", value: 100 * share };
      }),
    },
  );
}
