import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/vision.js";
import { quickExample } from "../support/examples.js";

test("faces tells two known people from a stranger, and finds what face-api finds", { timeout: 300_000 }, async () => {
  const { stdout, figure, folder } = await quickExample("faces");
  expect(figure("known faces recognized in altered photographs")).toBe(1);
  expect(figure("known faces, of 2 enrolled, that were found there")).toBe(2);
  expect(figure("strangers that stay unknown")).toBe(1);
  expect(figure("strangers")).toBe(1);
  expect(stdout).toMatch(/sample1: a stranger is unknown \(the nearest is 0\.[67]\d\)/);
  expect(stdout).toMatch(/sample1 altered: person A is person A \(distance 0\.[0-5]\d\)/);
  expect(figure("faces compared with face-api's")).toBe(1);
  expect(figure("largest difference of a box to face-api's, px")).toBeLessThan(1);
  expect(figure("largest difference of a landmark to face-api's, px")).toBeLessThan(1);
  expect(figure("largest distance of a descriptor to face-api's")).toBeLessThan(1e-3);
  const picture = (name: string) => decodeImage(readFileSync(join(folder, name)));
  expect(await picture("sample1.png")).toMatchObject({ width: 1920, height: 1280 });
  expect(await picture("sample1-altered.png")).toMatchObject({ width: 1536, height: 1024 });
});
