/** docs/models.md: its counts are the code's, and its code runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Entry, entries, Quick, row } from "../../docs/models.js";
import { writeSafetensors } from "../../src/io.js";
import { ResNet } from "../../src/models.js";
import { summary } from "../../src/train.js";
import { readFixture } from "../support/fixtures.js";
import { normal } from "../support/layers.js";

interface Network {
  readonly name: string;
  readonly params: number;
  readonly macs: number;
}

const page = readFileSync(new URL("../../docs/models.md", import.meta.url), "utf8");
const networks = readFixture<Network[]>("torchvision_models.json");
const composed = readFixture<Network[]>("torchvision_composed.json");

/** torchvision's counts, to which test/models/torchvision.test.ts holds the code, and the code's where it has none. */
function countsOf({ make, input, torchvision }: Entry) {
  const network = networks.find(({ name }) => name === torchvision?.replace("segmentation.", ""));
  return network ? { parameters: network.params, multiplyAdds: network.macs } : summary(make(new Quick(1)), input);
}

test("the table is what docs/models.ts writes, whatever the times", () => {
  const lines = page.split("\n").filter((line) => line.startsWith("| `"));
  expect(lines).toHaveLength(entries.length);
  for (const [i, entry] of entries.entries()) {
    const [, time = ""] = /([\d.]+ ms) \|/.exec(lines[i] ?? "") ?? [];
    expect(lines[i]).toBe(row(entry, countsOf(entry), time));
  }
  expect(page).toMatch(/^Time is the median .*, on one thread; .*Node v\d+.*\.$/m);
});

test("every network of torchvision's that the tests know is in the table", () => {
  const named = entries.map(({ torchvision = "" }) => torchvision.replace("segmentation.", ""));
  expect([...networks, ...composed].map(({ name }) => name).filter((name) => !named.includes(name))).toEqual([]);
});

test("the page's code loads torchvision's file, and all but the head where that differs", async () => {
  const code = readFileSync(new URL("models-page.ts", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, block = ""]) => block);
  expect(blocks).toHaveLength(2);
  for (const block of blocks) expect(code).toContain(block);

  const original = new ResNet(18, { random: new Quick(3) }).eval();
  const folder = mkdtempSync(join(tmpdir(), "faltung-models-"));
  const before = process.cwd();
  try {
    process.chdir(folder);
    writeFileSync("resnet18.safetensors", writeSafetensors(original.stateDict()));
    const { finetuned, model } = await import("./models-page.js");
    const x = normal([1, 3, 64, 64], 1);
    expect(model.forward(x).equals(original.forward(x))).toBe(true);
    expect(finetuned.forward(x).shape).toEqual([1, 5]);
    const own = original.layer4.namedParameters();
    expect(finetuned.layer4.namedParameters().every(([, { value }], i) => value.equals(own[i]![1].value))).toBe(true);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
}, 180_000);
