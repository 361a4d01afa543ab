/**
 * What a fresh clone gives, which has no dist: `npm pack` in it, and a program that depends on its address, get the whole
 * package. Needs git, what `npm ci` has left in npm's cache, and the network for what is not there.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "faltung-source-"));
const clone = join(folder, "clone");
const user = join(folder, "user");

/** The command's standard output. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(command, args, { cwd })).stdout;
}

/** What npm says that it packs there; its scripts write to the same output, before it does. */
async function packed(cwd: string, ...flags: string[]): Promise<string[]> {
  const output = await run(cwd, "npm", "pack", "--dry-run", "--json", "--loglevel", "error", ...flags);
  const [{ files }] = JSON.parse(output.slice(output.search(/^\[$/m))) as [Packed];
  return files.map(({ path }) => path).sort();
}

/** What a program gets that depends on the address of a repository. */
async function installed(repository: string): Promise<string[]> {
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), '{ "private": true }');
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel", "error"];
  await run(user, "npm", "install", ...flags, `git+${pathToFileURL(repository)}`);
  const got = join(user, "node_modules/faltung");
  return readdirSync(got, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(got, join(parentPath, name)).replaceAll(sep, "/"))
    .sort();
}

/** The source as it is in the working tree, committed or not. */
async function makeClone(): Promise<void> {
  const left = new Set(["node_modules", "dist", ".git"]);
  cpSync(ROOT, clone, { recursive: true, filter: (path) => !left.has(basename(path)) });
  const author = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
  await run(clone, "git", "init", "--quiet");
  await run(clone, "git", "add", "--all");
  await run(clone, "git", ...author, "commit", "--quiet", "--no-gpg-sign", "--message", "source");
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"), "junction");
}

try {
  const want = await packed(ROOT, "--ignore-scripts");
  assert.ok(want.includes("dist/index.js"), "the package lacks dist: run npm run build first");
  await makeClone();
  // Side by side: either compiles everything.
  const [packs, installs] = await Promise.all([packed(clone), installed(clone)]);
  assert.deepEqual(packs, want, "files that npm pack packs in a fresh clone");
  assert.deepEqual(installs, want, "files of a git dependency");
  console.log(`npm pack in a fresh clone, and a git dependency: all ${want.length} files`);
} finally {
  rmSync(folder, { recursive: true });
}
