import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample } from "../support/examples.js";

// Seeds 1 to 3 reach 0.67 to 0.71, by when the digits are not told apart yet; one box for all scenes overlaps far less.
test("localize finds the digit's box", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("localize");
  expect(figure("mean IoU of the box")).toBeGreaterThan(0.5);
  expect(stdout).toMatch(/accuracy of the digit: 0?\.?\d+/);
  expect(await decodeImage(readFileSync(join(folder, "boxes.png")))).toMatchObject({ width: 8 * 260 - 4 });
});
