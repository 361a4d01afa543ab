/** docs/checkpoints.md: its program runs, and run again it goes on from what it saved. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("the program saves its checkpoint and resumes it", async () => {
  const page = readFileSync(new URL("../../docs/checkpoints.md", import.meta.url), "utf8");
  const [, contents = ""] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "faltung-docs-"));
  try {
    const outfile = join(folder, "program.mjs");
    const source = (name: string) => resolve(import.meta.dirname, `../../src/${name}.ts`);
    const alias = Object.fromEntries(["data", "node", "train"].map((name) => [`faltung/${name}`, source(name)]));
    const report = "\nconsole.log(JSON.stringify([...model.weight.value.data]));";
    await build({
      stdin: { contents: contents + report, loader: "ts", resolveDir: folder },
      alias: { ...alias, faltung: source("index") },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      external: ["fast-png", "jpeg-js"],
    });
    const run = () => execFileSync(process.execPath, [outfile], { cwd: folder, encoding: "utf8" });
    const first = run();
    const written = statSync(join(folder, "run.ckpt")).mtimeMs;
    // All epochs are done: the weights are the saved ones, and nothing is written again.
    expect(run()).toBe(first);
    expect(statSync(join(folder, "run.ckpt")).mtimeMs).toBe(written);
    expect(readdirSync(folder).sort()).toEqual(["program.mjs", "run.ckpt"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
