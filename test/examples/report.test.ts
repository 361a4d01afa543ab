import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ReportData, writeReport } from "../../docs/examples/report.js";

const DATA: ReportData = {
  title: "Net <A> & B",
  settings: { seed: 7, optimizer: "Adam" },
  history: Array.from({ length: 50 }, (_, step) => ({ step, loss: 2 / (step + 1) })),
  epochs: [
    { epoch: 1, loss: 0.5, testAccuracy: 0.75, seconds: 20 },
    { epoch: 2, loss: 0.25, testAccuracy: 0.8125, seconds: 50 },
  ],
  confusion: [
    [411, 37],
    [53, 499],
  ],
  classNames: ["cat", "<dog>"],
  filters: { shape: [3, 2, 2, 2], data: Array.from({ length: 24 }, (_, i) => i - 12) },
  featureMaps: [
    { layer: "Conv2d", shape: [2, 3, 4], data: Array.from({ length: 24 }, (_, i) => i) },
    { layer: "probabilities", shape: [2], data: [0.125, 0.875] },
  ],
  mistakes: [{ pixels: [0, 128, 255, 64], width: 2, height: 2, label: 0, predicted: 1, probability: 0.9375 }],
  summary: "the summary's text",
};

describe("the demo's report", () => {
  const folder = mkdtempSync(join(tmpdir(), "faltung-report-"));
  let html = "";
  beforeAll(() => {
    writeReport(join(folder, "report.html"), DATA);
    html = readFileSync(join(folder, "report.html"), "utf8");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("needs no network and no script", () => {
    const links = [...html.matchAll(/(?:src|href)="([^"]*)"|url\(([^)]*)\)|@import ([^;]*)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [, src, url, imported] of links) expect(src ?? url ?? imported).toMatch(/^(data:|#)/);
    expect(html).not.toMatch(/<script|<link/);
  });

  test("shows accuracy, every count, the settings, the training time and the summary", () => {
    for (const text of ["91.00%", ">411<", ">37<", ">53<", ">499<", "Adam", "1 min 10 s", "the summary's text"]) {
      expect(html).toContain(text);
    }
  });

  test("has both charts, one picture a filter plane and channel, and one a mistake", () => {
    expect(html.match(/<svg/g)).toHaveLength(2);
    expect(html).toContain("81.25");
    expect(html.match(/<img class="map"/g)).toHaveLength(6 + 2);
    expect(html.match(/<img class="ink"/g)).toHaveLength(1);
    expect(html).toContain("93.75% sure");
    expect(html).toContain("87.50%");
  });

  test("escapes names", () => {
    expect(html).not.toContain("<dog>");
    expect(html).not.toContain("Net <A>");
  });
});
