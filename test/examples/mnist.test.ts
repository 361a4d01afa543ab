import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../../src/io/safetensors.js";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const demo = new URL("../../docs/examples/mnist.ts", import.meta.url).pathname;
const run = (...flags: string[]) => promisify(execFile)(process.execPath, [tsx, demo, ...flags]);

describe("npm run demo", { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "faltung-demo-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("trains on real digits, reloads what it saved to the same accuracy, and writes the report", async () => {
    const { stdout } = await run("--limit", "1920", "--epochs", "1", "--seed", "3", "--lr", "0.003", "--out", folder);
    expect(stdout).toContain("MNIST: 1920 images to learn from, 10000 to test with");
    const [, tested] = /epoch 1: loss [\d.]+, test accuracy ([\d.]+)%/.exec(stdout) ?? [];
    const [, reloaded] = /a new model that loads it: ([\d.]+)%/.exec(stdout) ?? [];
    expect(reloaded).toBe(tested);
    expect(Number(reloaded)).toBeGreaterThan(50);
    expect(stdout).toMatch(/accuracy [\d.]+% of 10000/);

    const weights = readSafetensors(readFileSync(join(folder, "lenet5.safetensors")));
    expect(weights["features.0.weight"]?.shape).toEqual([6, 1, 5, 5]);
    const report = readFileSync(join(folder, "report.html"), "utf8");
    for (const text of ["LeNet-5 on MNIST", `${tested}%`, "Learned filters", "classifier.5", "taken for"]) {
      expect(report).toContain(text);
    }
  });

  test("explains its flags, and refuses what cannot be", async () => {
    const { stdout } = await run("--help");
    for (const flag of ["epochs", "seed", "fashion", "batch-size", "lr", "activation", "limit", "out"]) {
      expect(stdout).toContain(`--${flag}`);
    }
    const refused = (flag: string, value: string, why: string) =>
      expect(run(flag, value)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(why) });
    await Promise.all([
      refused("--epochs", "1.5", "integer of at least 1"),
      refused("--lr", "-1", "positive number"),
      refused("--activation", "gelu", "Allowed choices are relu, tanh"),
    ]);
  });
});
