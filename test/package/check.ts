/**
 * What a user gets: packs the tarball, installs it into an empty folder, and uses it there by `import`, by `require`
 * and from TypeScript. Run it after `npm run build`.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));
const MOST_BYTES = 1_000_000;

interface Manifest {
  readonly name: string;
  readonly exports: Record<string, unknown>;
  readonly scripts?: Record<string, string>;
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
  const manifest = checkManifest(join(folder, "node_modules/faltung"));
  checkImportsAndRequires(manifest);
  checkTypes();
} finally {
  rmSync(folder, { recursive: true });
}

/** Only what users need is in it, and little of that. */
function checkTarball({ unpackedSize, files }: Packed): void {
  const allowed = /^((dist|src)\/.+|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
  assert.deepEqual(
    files.map(({ path }) => path).filter((path) => !allowed.test(path)),
    [],
    "files that do not belong into the package",
  );
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md", "dist/index.js", "dist/index.d.ts.map", "src/index.ts"]) {
    assert.ok(
      files.some((file) => file.path === path),
      `the package lacks ${path}`,
    );
  }
  assert.ok(unpackedSize < MOST_BYTES, `the package unpacks to ${unpackedSize} bytes, more than ${MOST_BYTES}`);
  console.log(`tarball: ${files.length} files, ${Math.round(unpackedSize / 1000)} kB unpacked`);
}

/** Nothing is installed along with it, nothing runs when it is, and its code imports nothing but itself. */
function checkManifest(installed: string): Manifest {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies"] as const) {
    assert.deepEqual(Object.keys(manifest[kind] ?? {}), [], kind);
  }
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    assert.equal(manifest.scripts?.[script], undefined, `script "${script}"`);
  }
  const modules = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" });
  for (const file of modules.filter((name) => /\.(js|d\.ts)$/.test(name))) {
    const text = readFileSync(join(installed, "dist", file), "utf8");
    const foreign = text.match(
      /^\s*(?:import|export)\b[^;]*?\bfrom\s*"[^."][^"]*"|\b(?:import|require)\("[^."][^"]*"\)/m,
    );
    assert.equal(foreign, null, `dist/${file} imports something from outside the package: ${foreign?.[0]}`);
  }
  console.log("manifest: no dependency, no install script, no import from outside");
  return manifest;
}

/** Every entry loads both ways and gives the same functions and classes. */
function checkImportsAndRequires({ name, exports }: Manifest): void {
  const entries = Object.keys(exports)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => name + entry.slice(1));
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

/** The consumer file type-checks under every module resolution that users have, and then runs. */
function checkTypes(): void {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const strict = "--strict --exactOptionalPropertyTypes --target es2022 --lib es2022,dom".split(" ");
  const consumer = readFileSync(join(HERE, "consumer.ts"), "utf8");
  for (const [file, module, resolution] of [
    ["bundled.ts", "esnext", "bundler"],
    ["node16.mts", "node16", "node16"],
    ["nodenext.mts", "nodenext", "nodenext"],
    ["required.cts", "nodenext", "nodenext"],
  ] as const) {
    writeFileSync(join(folder, file), consumer);
    run(process.execPath, tsc, ...strict, "--module", module, "--moduleResolution", resolution, file);
    console.log(`types: ${file} under moduleResolution ${resolution}`);
  }
  for (const file of ["nodenext.mjs", "required.cjs"]) {
    console.log(`${file} runs: ${run(process.execPath, file).trim()}`);
  }
}
