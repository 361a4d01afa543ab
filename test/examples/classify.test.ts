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
const folder = mkdtempSync(join(tmpdir(), "faltung-classify-"));
afterAll(() => rmSync(folder, { recursive: true }));

// One epoch of 6,000 digits: seed 1 gets 95 % of the 10,000 others right.
test("classify learns MNIST's digits, and shows what it got wrong", { timeout: 300_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, runner, "classify", "--quick", "--out", folder]);
  const [, accuracy] = /test accuracy on MNIST: ([\d.]+)/.exec(stdout) ?? [];
  expect(Number(accuracy)).toBeGreaterThan(0.9);
  expect(stdout).toMatch(/The surest mistakes, row by row: \d as \d/);
  const size = { width: 8 * 28 * 3, height: 4 * 28 * 3, channels: 1 };
  expect(decode(readFileSync(join(folder, "classify", "mistakes.png")))).toMatchObject(size);
});
