import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { readSafetensors } from "../../src/io/safetensors.js";
import { quickExample } from "../support/examples.js";

// Seeds 1 to 3 reach 0.89 to 0.90; a head on a body that was never trained gets 0.81.
test("transfer trains the head of a loaded network, and nothing else of it", { timeout: 300_000 }, async () => {
  const { figure, folder } = await quickExample("transfer");
  expect(figure("accuracy of the loaded network with a new head")).toBeGreaterThan(0.85);
  expect(figure("numbers of the frozen bodies that changed")).toBe(0);
  expect(figure("numbers of their heads that changed")).toBeGreaterThan(5000);
  const weights = readSafetensors(readFileSync(join(folder, "zero-to-four.safetensors")));
  expect(weights["0.1.1.running_mean"]?.shape).toEqual([32]);
  expect(decode(readFileSync(join(folder, "examples.png")))).toMatchObject({ width: 10 * 116 - 4 });
  expect(decode(readFileSync(join(folder, "answers.png")))).toMatchObject({ width: 12 * 116 - 4 });
});
