/** `npm run build && npm run bench:size`: bytes of programs that use the built package, bundled, minified and gzipped. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { program } from "commander";
import { bundledBytes, NETWORK, wholeLibrary } from "../test/support/bundle.js";
import { verdict } from "./lib/bars.js";
import { provenanceLine, writeReport } from "./lib/report.js";
import { digits, table } from "./lib/table.js";

program
  .name("npm run bench:size --")
  .description("Sizes of the whole library and of small programs, minified and gzipped. Run npm run build first.")
  .parse();

const ROOT = resolve(import.meta.dirname, "..");
if (!existsSync(resolve(ROOT, "dist/index.js"))) program.error("There is no dist/: run npm run build first.");
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default?: string }>>;
}
const { exports } = JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")) as Manifest;
/** Those that a page can bundle: `./shapes` is types alone, `./node` writes files. */
const entries = Object.entries(exports)
  .filter(([entry, { default: file }]) => file && entry !== "./node")
  .map(([entry]) => `faltung${entry.slice(1)}`);

const PROGRAMS: Readonly<Record<string, string>> = {
  "whole library": wholeLibrary(entries),
  "Conv2d, ReLU, MaxPool2d, Linear": NETWORK,
  "Conv2d alone": 'export { Conv2d } from "faltung";',
  "tensors alone": 'export { tensor } from "faltung";',
  "LeNet-5, Adam, cross-entropy, fit":
    'export { LeNet5 } from "faltung/models"; export { Adam, CrossEntropyLoss, fit } from "faltung/train";',
};
const sizes: { readonly name: string; readonly kB: number }[] = [];
for (const [name, code] of Object.entries(PROGRAMS)) sizes.push({ name, kB: (await bundledBytes(code, ROOT)) / 1000 });

console.log(`${provenanceLine()}\n`);
const rows = sizes.map(({ name, kB }) => [name, `${digits(kB)} kB`, verdict(name, "kB", kB)]);
console.log(table(["program", "min + gzip", "bar and aim"], rows));
const bars = sizes.map(({ name, kB }) => ({ group: name, name: "", value: kB }));
writeReport("size", { sizes }, { title: "Minified and gzipped", label: "kB", bars });
