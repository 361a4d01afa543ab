import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { afterAll, expect, test } from "vitest";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const runner = new URL("../../docs/examples/run.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "faltung-localise-"));
afterAll(() => rmSync(folder, { recursive: true }));

// Seeds 1 to 3 reach 0.67 to 0.71, by when the digits are not told apart yet; one box for all scenes overlaps far less.
test("localise finds the digit's box", { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, runner, "localise", "--quick", "--out", folder]);
  const [, overlap] = /mean IoU of the box: ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(overlap)).toBeGreaterThan(0.5);
  expect(stdout).toMatch(/accuracy of the digit: 0?\.?\d+/);
  expect(decode(readFileSync(join(folder, "localise", "boxes.png")))).toMatchObject({ width: 8 * 260 - 4 });
});
