/** Progress bars of the examples: nothing unfilled in their first frame, and no line beyond 80 columns. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { startBar } from "../../docs/examples/bar.js";

const FOLDER = resolve(import.meta.dirname, "../../docs/examples");
const FORMATS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".ts") && name !== "bar.ts")
  .flatMap((name) => [...readFileSync(resolve(FOLDER, name), "utf8").matchAll(/"([^"\n]*\{bar\}[^"\n]*)"/g)])
  .map(([, format = ""]) => format);

/** As long as it gets. */
const LONGEST = { epoch: 100, epochs: 100, loss: "123.4567", left: 99_999, name: "an emboss filter" };

test("the examples have bars", () => expect(FORMATS.length).toBeGreaterThan(5));

test.each(FORMATS)("%s fits, from the first frame on", (format) => {
  const frames: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => frames.push(String(chunk)));
  const options = { stream, noTTYOutput: true, notTTYSchedule: 1e6, linewrap: null } as const;
  const bar = startBar(format, 100_000, LONGEST, options);
  bar.update(99_999, LONGEST);
  bar.stop();
  const lines = frames
    .join("")
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).not.toMatch(/[{}]/);
    expect(line.length).toBeLessThanOrEqual(80);
  }
});

test("a bar without its first values is refused", () => {
  expect(() => startBar("{bar} loss {loss}, {left}", 3, { left: 1 })).toThrow(
    "startBar expects the first values of loss.",
  );
});

test("every example makes its bars there", () => {
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".ts") && file !== "bar.ts")) {
    expect(readFileSync(resolve(FOLDER, name), "utf8"), name).not.toContain("new SingleBar");
  }
});
