/** The examples' runner, and the example that takes seconds. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const runner = new URL("../../docs/examples/run.ts", import.meta.url).pathname;
const run = (...flags: string[]) => promisify(execFile)(process.execPath, [tsx, runner, ...flags]);
const folder = mkdtempSync(join(tmpdir(), "faltung-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("npm run example", { timeout: 300_000 }, () => {
  test("lists the examples, each with a line", async () => {
    const { stdout } = await run();
    expect(stdout).toMatch(/^filters {2,}Classical filters as fixed convolutions/m);
    for (const line of stdout.trim().split("\n")) expect(line).toMatch(/^[a-z]+ {2,}[A-Z].{20,}$/);
  });

  test("says which there are when it does not know one", async () => {
    await expect(run("filter")).rejects.toThrow(/There is no example "filter"\. There are: .*filters/);
    await expect(run("filters", "--seed", "-1")).rejects.toThrow(/It must be an integer of at least 0\./);
  });

  test("filters writes every filter of a photograph", async () => {
    const { stdout } = await run("filters", "--quick", "--out", folder);
    expect(stdout).toContain("filtered pictures: 8");
    const sheet = await decodeImage(readFileSync(join(folder, "filters", "filters.png")));
    expect([sheet.width, sheet.height]).toEqual([8 * 320, 320]);
    // No two filters make the same of it.
    const middles = Array.from({ length: 8 }, (_, i) => {
      const row = Array.from({ length: 200 }, (_, x) => sheet.data[3 * (160 * sheet.width + i * 320 + 60 + x)]);
      return row.join();
    });
    expect(new Set(middles).size).toBe(8);
  });
});
