/** `npm run bench`, `npm run bench -- conv vgg5 --json after.json`: times the cases whose names hold all the words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, resolve } from "node:path";
import Benchmark from "benchmark";
import { program } from "commander";
import { type Case, cases } from "./cases.js";
import { heading, type Measurement, quartiles, row } from "./table.js";

program
  .name("npm run bench --")
  .description("Times the library's hot loops; with words, only the cases whose names hold all of them.")
  .argument("[words...]", 'for example "conv", or "lenet forward"')
  .option("--seconds <number>", "time for the samples of each case", Number, 1)
  .option("--json <file>", "also write the measurements to this file in docs/benchmarks/")
  .parse();
const { seconds, json } = program.opts<{ seconds: number; json?: string }>();
const words = program.args.flatMap((argument) => argument.split(" "));

const machine = `${cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.version}`;
console.log(`${machine}\n\n${heading()}`);
const measurements = cases()
  .filter(({ name }) => words.every((word) => name.includes(word)))
  .map(measure);
if (measurements.length === 0) program.error(`No case has ${words.join(" and ")} in its name.`);
if (json !== undefined) write(resolve(import.meta.dirname, "../docs/benchmarks", json));

function measure({ name, work, flops, setUp }: Case): Measurement {
  const { stats } = new Benchmark(name, setUp(), { maxTime: seconds, minSamples: 5 }).run();
  const [first, median, third] = quartiles(stats.sample);
  const gflops = flops === 0 ? null : flops / median / 1e9;
  const measurement = { name, work, median, spread: third - first, samples: stats.sample.length, gflops };
  console.log(row(measurement));
  return measurement;
}

function write(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);
  console.log(`\nWrote ${file}`);
}
