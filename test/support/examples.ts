/** Runs the examples as a user does. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "vitest";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const runner = new URL("../../docs/examples/run.ts", import.meta.url).pathname;

/** The other process runs in the mode of this one. */
const mode =
  typeof SharedArrayBuffer === "undefined" ? ["--import", new URL("../setup/unshared.ts", import.meta.url).href] : [];

/** `npm run example -- …` */
export function runExamples(...flags: string[]) {
  return promisify(execFile)(process.execPath, [tsx, ...mode, runner, ...flags]);
}

/** The shortened example: what it prints, its figures by name, and the folder of its pictures, which this test file has once. */
export async function quickExample(name: string) {
  const { stdout } = await runExamples(name, "--quick", "--out", folder);
  const figures = new Map(
    [...stdout.matchAll(/^(.+?): ([\d.e-]+)/gm)].map(([, figure, value]) => [figure, Number(value)]),
  );
  return { stdout, figure: (of: string) => figures.get(of) ?? Number.NaN, folder: join(folder, name) };
}

const folder = mkdtempSync(join(tmpdir(), "faltung-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));
