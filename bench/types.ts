/**
 * `npm run bench:types`, `npm run bench:types -- --runs 5 --versions 5.5 7`: what typed shapes cost a compiler. Every
 * number is the median of several runs of `tsc --extendedDiagnostics` over the declarations that users get.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "commander";
import { COMPILER, compilerOf } from "../test/support/typescript.js";
import { bundleDeclarations } from "../tsup.config.js";
import { composedModel, plainModel, shapedModel } from "./lib/deep.js";
import { quartiles } from "./lib/measure.js";

program
  .name("npm run bench:types --")
  .description("Times the type-checking of deep models, with and without shapes, and of importing the package.")
  .option("--runs <number>", "runs of each file", Number, 3)
  .option("--versions <versions...>", "versions of TypeScript besides the installed one", ["7", "5.5"])
  .parse();
const { runs, versions } = program.opts<{ runs: number; versions: string[] }>();

const folder = mkdtempSync(join(tmpdir(), "faltung-types-"));
const FILES = {
  empty: "export {};\n",
  import: 'export * from "faltung";\nimport { Sequential } from "faltung";\nexport const model = new Sequential();\n',
  plain100: plainModel(100),
  shaped100: shapedModel(100),
  composed100: composedModel(100),
  plain400: plainModel(400),
  shaped400: shapedModel(400),
  composed400: composedModel(400),
};
type File = keyof typeof FILES;

interface Cost {
  readonly instantiations: number;
  readonly check: number;
  readonly total: number;
}

try {
  const installed = join(folder, "node_modules/faltung");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(installed, "package.json"), '{ "name": "faltung", "type": "module", "types": "dist/index.d.ts" }');
  await bundleDeclarations(join(installed, "dist"));
  for (const [name, code] of Object.entries(FILES)) writeFileSync(join(folder, `${name}.ts`), code);
  console.log(`${cpus()[0]?.model.trim() ?? "unknown processor"}, medians of ${runs} runs`);
  report(COMPILER);
  for (const version of versions) report(compilerOf(version));
} finally {
  rmSync(folder, { recursive: true });
}

function report(compiler: string): void {
  console.log(
    `\nTypeScript ${execFileSync(process.execPath, [compiler, "--version"], { encoding: "utf8" }).trim().split(" ").at(-1)}`,
  );
  console.log("file          instantiations   check s   total s");
  const names = Object.keys(FILES) as File[];
  // In turns, so that a machine that is busy for a while slows every file.
  const samples = Array.from({ length: runs }, () => names.map((file) => compile(compiler, file)));
  const costs = {} as Record<File, Cost>;
  for (const [i, file] of names.entries()) {
    const median = (key: keyof Cost) => quartiles(samples.map((sample) => sample[i]![key]))[1];
    const [instantiations, check, total] = [median("instantiations"), median("check"), median("total")];
    costs[file] = { instantiations, check, total };
    const columns = [
      instantiations.toLocaleString("en").padStart(14),
      ...[check, total].map((s) => s.toFixed(2).padStart(9)),
    ];
    console.log(`${file.padEnd(12)}${columns.join(" ")}`);
  }
  const more = (file: File, than: File) => `${(costs[file].total - costs[than].total).toFixed(2)} s`;
  console.log(`importing the package adds ${more("import", "empty")} to an empty file (at most 0.50)`);
  console.log(
    `shapes add ${more("shaped100", "plain100")} to 100 layers (at most 1.00), ${more("shaped400", "plain400")} to 400`,
  );
  console.log(
    `in a compose of one's own they add ${more("composed100", "plain100")} to 100 layers, ${more("composed400", "plain400")} to 400`,
  );
}

/** @throws where the file has an error, with the compiler's output. */
function compile(compiler: string, file: File): Cost {
  const flags =
    "--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck --target es2022 --lib es2023 --module nodenext --extendedDiagnostics";
  const output = execFileSync(process.execPath, [compiler, ...flags.split(" "), `${file}.ts`], {
    cwd: folder,
    encoding: "utf8",
  });
  const number = (name: string) => Number(new RegExp(`^${name}: +([\\d.]+)`, "m").exec(output)?.[1] ?? Number.NaN);
  return { instantiations: number("Instantiations"), check: number("Check time"), total: number("Total time") };
}
