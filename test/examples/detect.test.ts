import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample } from "../support/examples.js";

// Seeds 1 to 4 reach 0.83 to 0.87; right boxes of which none knows its class would have about a half.
test("detect finds noughts and ones", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("detect");
  expect(figure("mAP@0.5")).toBeGreaterThan(0.65);
  expect(stdout).toMatch(/^1: AP [01]\.\d{3}$/m);
  expect(await decodeImage(readFileSync(join(folder, "detections.png")))).toMatchObject({
    width: 8 * (4 * 32 + 4) - 4,
  });
});
