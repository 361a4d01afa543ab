/**
 * `npm run test:bits`: the checksums of Node 20, 22, 24 and the newest, fetched as packages of npm, or of the versions that are
 * named. `--save` writes those of the Node that runs this to checksums.json, where a change means to change rounding.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { CACHE, nodeOf } from "../support/cache.js";

const EXPECTED = fileURLToPath(new URL("checksums.json", import.meta.url));

type Checksums = Readonly<Record<string, string>>;

const program = join(CACHE, "bits.mjs");
const entryPoints = [fileURLToPath(new URL("print.ts", import.meta.url))];
await build({ entryPoints, outfile: program, bundle: true, platform: "node", format: "esm", target: "node20" });

const named = process.argv.slice(2);
if (named.includes("--save")) {
  writeFileSync(EXPECTED, `${JSON.stringify(run(process.execPath).checksums, null, 2)}\n`);
  console.log(`Wrote ${EXPECTED}`);
} else {
  const expected = JSON.parse(readFileSync(EXPECTED, "utf8")) as Checksums;
  for (const version of named.length > 0 ? named : ["20", "22", "24", "latest"]) {
    const { checksums, description } = run(nodeOf(version));
    const names = Object.keys({ ...expected, ...checksums });
    const others = names.filter((name) => checksums[name] !== expected[name]);
    console.log(`${description}: ${names.length - others.length} of ${names.length} checksums agree`);
    for (const name of others) console.log(`  other bits: ${name}`);
    if (others.length > 0) process.exitCode = 1;
  }
}

function run(node: string): { readonly checksums: Checksums; readonly description: string } {
  const description = execFileSync(node, ["-p", "'Node ' + process.version + ', V8 ' + process.versions.v8"]);
  const checksums = JSON.parse(execFileSync(node, [program], { encoding: "utf8" })) as Checksums;
  return { checksums, description: description.toString().trim() };
}
