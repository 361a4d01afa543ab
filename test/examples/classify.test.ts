import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample } from "../support/examples.js";

// One epoch of 6,000 digits: seed 1 gets 95 % of the 10,000 others right.
test("classify learns MNIST's digits, and shows what it got wrong", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("classify");
  expect(figure("test accuracy on MNIST")).toBeGreaterThan(0.9);
  expect(stdout).toMatch(/The surest mistakes, row by row: \d as \d/);
  const size = { width: 8 * (28 * 4 + 4) - 4, height: 4 * (28 * 4 + 4) - 4 };
  expect(await decodeImage(readFileSync(join(folder, "mistakes.png")))).toMatchObject(size);
});
