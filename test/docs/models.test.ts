/** docs/models.md: its counts are the code's. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Layer, Shape } from "../../src/index.js";
import { FCN, LeNet5, TinyYOLOv2, UNet } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { readFixture } from "../support/fixtures.js";

interface Network {
  readonly name: string;
  readonly params: number;
  readonly macs: number;
}

const page = readFileSync(new URL("../../docs/models.md", import.meta.url), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")))
  .map(([, code = "", image = "", parameters = "", multiplyAdds = "", torchvision = ""]) => ({
    code,
    image: [1, ...image.split("×").map(Number)],
    counts: [parameters, multiplyAdds].map((count) => Number(count.replaceAll(",", ""))),
    torchvision: torchvision.replace("segmentation.", ""),
  }));

const OWN: Record<string, () => Layer> = {
  "LeNet5()": () => new LeNet5(),
  "FCN()": () => new FCN(),
  "TinyYOLOv2()": () => new TinyYOLOv2(),
  "UNet({ inChannels: 3 })": () => new UNet({ inChannels: 3 }),
};

/** torchvision's counts, to which test/models/torchvision.test.ts holds the code. */
function expected({ code, image, torchvision }: { code: string; image: Shape; torchvision: string }): number[] {
  const own = OWN[code];
  if (own) {
    const { parameters, multiplyAdds } = summary(own(), image);
    return [parameters, multiplyAdds];
  }
  const network = readFixture<Network[]>("torchvision_models.json").find(({ name }) => name === torchvision);
  return network ? [network.params, network.macs] : [];
}

test("the table's counts are the code's", () => {
  expect(rows.map(({ code }) => code)).toEqual(expect.arrayContaining(Object.keys(OWN)));
  expect(rows.length).toBe(13);
  for (const row of rows) expect(row.counts, row.code).toEqual(expected(row));
});
