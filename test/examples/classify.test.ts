import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { quickExample } from "../support/examples.js";

// One epoch of 6,000 digits: seed 1 gets 95 % of the 10,000 others right.
test("classify learns MNIST's digits, and shows what it got wrong", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("classify");
  expect(figure("test accuracy on MNIST")).toBeGreaterThan(0.9);
  expect(stdout).toMatch(/The surest mistakes, row by row: \d as \d/);
  const size = { width: 8 * 28 * 3, height: 4 * 28 * 3, channels: 1 };
  expect(decode(readFileSync(join(folder, "mistakes.png")))).toMatchObject(size);
});
