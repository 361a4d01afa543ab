import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample } from "../support/examples.js";

// Seeds 1 to 3 reach a mean IoU of 0.71 to 0.97, an AP of 0.98 to 0.99, and a quality of 0.95 to 0.96.
test("panoptic finds small noughts and ones, each with its own mask", { timeout: 300_000 }, async () => {
  const { figure, folder } = await quickExample("panoptic");
  expect(figure("mean IoU of 11 classes")).toBeGreaterThan(0.5);
  expect(figure("mask AP@0.5")).toBeGreaterThan(0.8);
  expect(figure("panoptic quality")).toBeGreaterThan(0.8);
  const sheet = await decodeImage(readFileSync(join(folder, "panoptic.png")));
  // Eight scenes in six views of 32×32 each, four times as large with 4 pixels between them.
  expect([sheet.width, sheet.height]).toEqual([6 * 132 - 4, 8 * 132 - 4]);
});
