import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { quickExample } from "../support/examples.js";

// Seeds 1 to 3 match 0.92 to 0.93, and err by 0.015 to 0.017.
test("autoencode copies digits through 32 numbers, and matches their like by them", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("autoencode");
  expect(stdout).toContain("Matched each of 1000 new digits to the nearest of 6000.");
  expect(figure("matches of the same digit")).toBeGreaterThan(0.85);
  expect(figure("mean squared error of a pixel")).toBeLessThan(figure("the same error of the mean digit") / 2);
  for (const name of ["reconstructions", "neighbors", "mismatches"]) {
    const size = { width: 16 * 116 - 4, height: 8 * 116 - 4 };
    expect(decode(readFileSync(join(folder, `${name}.png`)))).toMatchObject(size);
  }
});
