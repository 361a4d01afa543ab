import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { decode } from "fast-png";
import { afterAll, expect, test } from "vitest";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const runner = new URL("../../docs/examples/run.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "faltung-faces-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("npm run example -- faces: two of the three faces of a photograph are known, and told from the third", {
  timeout: 300_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, runner, "faces", "--quick", "--out", folder]);
  const figure = (name: string) => Number(new RegExp(`^${name}: ([\\d.]+)`, "m").exec(stdout)?.[1]);
  expect(figure("known faces recognised in altered photographs")).toBe(1);
  expect(figure("known faces, of 2 enrolled, that were found there")).toBe(2);
  expect(figure("strangers that stay unknown")).toBe(1);
  expect(figure("strangers")).toBe(1);
  expect(stdout).toMatch(/sample1: a stranger is unknown \(the nearest is 0\.6\d\)/);
  expect(stdout).toMatch(/sample1 altered: person A is person A \(distance 0\.3\d\)/);
  const picture = (name: string) => decode(readFileSync(join(folder, "faces", name)));
  expect(picture("sample1.png")).toMatchObject({ width: 1920, height: 1280, channels: 3 });
  expect(picture("sample1-altered.png")).toMatchObject({ width: 1536, height: 1024, channels: 3 });
});
