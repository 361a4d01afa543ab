import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { quickExample } from "../support/examples.js";

test("detect finds noughts and ones", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("detect");
  expect(figure("mAP@0.5")).toBeGreaterThan(0.6);
  expect(stdout).toMatch(/^0: AP 0\.\d+$/m);
  expect(decode(readFileSync(join(folder, "detections.png")))).toMatchObject({ width: 8 * (4 * 32 + 4) - 4 });
});
