/**
 * Lists the examples, and runs one:
 *
 *     npm run example
 *     npm run example -- detect --seed 1
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, program } from "commander";
import { manualSeed } from "faltung";
import type { Example, Figure } from "./example.js";

/** Each is a module of this folder that exports its `example`. */
const NAMES = [
  "autoencode",
  "classify",
  "detect",
  "faces",
  "fashion",
  "filters",
  "localize",
  "panoptic",
  "segment",
  "transfer",
] as const;

const integer = (text: string) => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError("It must be an integer of at least 0.");
};

program
  .name("npm run example --")
  .description("Runs an example; without a name it lists them.")
  .argument("[name]", "which one")
  .option("--seed <n>", "decides everything that is drawn", integer, 1)
  .option("--out <folder>", "where pictures and weights go: a folder of the example's name in it", "out")
  .option("--quick", "fewer steps: a look at what it does, not its numbers", false)
  .action(async (name: string | undefined, options: { seed: number; out: string; quick: boolean }) => {
    if (name === undefined) return list();
    const found = NAMES.find((known) => known === name);
    if (!found) program.error(`There is no example "${name}". There are: ${NAMES.join(", ")}.`);
    const out = join(options.out, found);
    mkdirSync(out, { recursive: true });
    manualSeed(options.seed);
    const start = performance.now();
    const { run, title } = await load(found);
    console.log(`${title}\n`);
    const figures = await run({ ...options, out });
    console.log(`\n${figures.map(line).join("\n")}`);
    console.log(`${((performance.now() - start) / 1000).toFixed(0)} s; pictures are in ${out}`);
  });

await program.parseAsync();

async function load(name: string): Promise<Example> {
  return ((await import(`./${name}.js`)) as { example: Example }).example;
}

async function list(): Promise<void> {
  for (const name of NAMES) console.log(`${name.padEnd(14)}${(await load(name)).title}`);
}

function line({ name, value, goal, lowerIsBetter = false }: Figure): string {
  const shown = Number.isInteger(value) ? String(value) : value.toPrecision(4);
  return `${name}: ${shown}${goal === undefined ? "" : ` (goal: ${lowerIsBetter ? "≤" : "≥"} ${goal})`}`;
}
