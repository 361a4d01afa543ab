/** The examples' runner, and the example that takes seconds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample, runExamples } from "../support/examples.js";

describe("npm run example", { timeout: 300_000 }, () => {
  test("lists the examples, each with a line", async () => {
    const { stdout } = await runExamples();
    expect(stdout).toMatch(/^filters {2,}Classical filters as fixed convolutions/m);
    for (const line of stdout.trim().split("\n")) expect(line).toMatch(/^[a-z]+ {2,}[A-Z].{20,}$/);
  });

  test("says which there are when it does not know one", async () => {
    await expect(runExamples("filter")).rejects.toThrow(/There is no example "filter"\. There are: .*filters/);
    await expect(runExamples("filters", "--seed", "-1")).rejects.toThrow(/It must be an integer of at least 0\./);
  });

  test("filters writes every filter of a photograph", async () => {
    const { figure, folder } = await quickExample("filters");
    expect(figure("filtered pictures")).toBe(8);
    const sheet = await decodeImage(readFileSync(join(folder, "filters.png")));
    expect([sheet.width, sheet.height]).toEqual([8 * 320, 320]);
    // No two filters make the same of it.
    const middles = Array.from({ length: 8 }, (_, i) => {
      const row = Array.from({ length: 200 }, (_, x) => sheet.data[3 * (160 * sheet.width + i * 320 + 60 + x)]);
      return row.join();
    });
    expect(new Set(middles).size).toBe(8);
  });
});
