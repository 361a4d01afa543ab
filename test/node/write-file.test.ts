/** What is left of a file when its writer is killed: all of the old content or all of the new one. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeFileAtomic } from "../../src/node.js";
import { ArgumentError } from "../../src/shape/errors.js";

const root = mkdtempSync(join(tmpdir(), "faltung-write-"));
const program = join(root, "node.mjs");
let folder: string;
let file: string;

beforeAll(async () => {
  const entryPoints = [join(import.meta.dirname, "../../src/node.ts")];
  await build({ entryPoints, outfile: program, bundle: true, platform: "node", format: "esm", target: "node20" });
});
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
  file = join(folder, "run.ckpt");
});
afterAll(() => rmSync(root, { recursive: true }));

/** A program of its own that does `code` with `write`, `file` and the class of file handles at hand. */
const script = (code: string) => `
  import { open, rm } from "node:fs/promises";
  import { writeFileAtomic as write } from ${JSON.stringify(pathToFileURL(program).href)};
  const file = ${JSON.stringify(file)};
  const handle = await open(process.execPath);
  const Handle = Object.getPrototypeOf(handle);
  await handle.close();
  ${code}`;

function run(code: string): string {
  try {
    return execFileSync(process.execPath, ["--input-type=module", "-e", script(code)], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    return String((error as { signal?: unknown }).signal);
  }
}

const KILL = 'process.kill(process.pid, "SIGKILL"); await new Promise((resolve) => setTimeout(resolve, 10000));';

describe("a program that is killed", () => {
  test.each([
    [
      "in the middle of writing",
      `const whole = Handle.writeFile; Handle.writeFile = async function (data) { await whole.call(this, data.subarray(0, data.length / 2)); ${KILL} };`,
    ],
    ["before the content is on the disk", `Handle.sync = async function () { ${KILL} };`],
    [
      "before the new name",
      `const whole = Handle.sync; Handle.sync = async function () { await whole.call(this); ${KILL} };`,
    ],
  ])("%s leaves the old content; the next call removes what it left beside it", async (_, sabotage) => {
    for (const old of [undefined, "the old content"]) {
      if (old !== undefined) writeFileSync(file, old);
      expect(run(`${sabotage} await write(file, new Uint8Array(100000).fill(7));`)).toBe("SIGKILL");
      const names = readdirSync(folder);
      expect(names.filter((name) => name.endsWith(".tmp"))).toHaveLength(1);
      if (old === undefined) expect(names).not.toContain("run.ckpt");
      else expect(readFileSync(file, "utf8")).toBe(old);
      await writeFileAtomic(file, "new");
      expect(readdirSync(folder)).toEqual(["run.ckpt"]);
      expect(readFileSync(file, "utf8")).toBe("new");
      rmSync(file);
    }
  });

  test("at any time leaves a whole file", { timeout: 120_000 }, async () => {
    const size = 3_000_000;
    writeFileSync(file, new Uint8Array(size));
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [
        "--input-type=module",
        "-e",
        script(
          `console.log("ready"); for (let i = 1; ; i++) await write(file, new Uint8Array(${size}).fill(i % 256));`,
        ),
      ]);
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      const bytes = readFileSync(file);
      expect(bytes.length).toBe(size);
      expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    }
    expect(readFileSync(file)[0]).toBeGreaterThan(0);
    await writeFileAtomic(file, "end");
    expect(readdirSync(folder)).toEqual(["run.ckpt"]);
  });
});

test("the content is on the disk before the new name, and the name after it", () => {
  const steps = run(`
    import { promises, renameSync } from "node:fs";
    const steps = [];
    for (const name of ["writeFile", "chmod", "sync"]) {
      const whole = Handle[name];
      Handle[name] = async function (...args) {
        const { ino } = await this.stat().catch(() => ({}));
        const named = await promises.stat(file).catch(() => ({}));
        steps.push(name + (named.ino === undefined ? "" : ino === named.ino ? " of the new file" : " of its folder"));
        return whole.apply(this, args);
      };
    }
    await write(file, "x");
    console.log(steps.join());`);
  expect(steps.trim()).toBe("writeFile,sync,sync of its folder");
});

describe("a call that fails", () => {
  test("changes nothing and leaves nothing", async () => {
    mkdirSync(file);
    await expect(writeFileAtomic(file, "x")).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["run.ckpt"]);
  });

  test.each([
    [undefined, "x", "writeFileAtomic expects path to be a string or a file: URL, but got undefined."],
    [null, "x", "writeFileAtomic expects path to be a string or a file: URL, but got null."],
    [
      new URL("https://example.org/run.ckpt"),
      "x",
      'writeFileAtomic expects path to be a string or a file: URL, but got "https://example.org/run.ckpt".',
    ],
    [
      "a",
      new Map(),
      "writeFileAtomic expects data to be a Uint8Array or a string, but got a Map. Usual cause: tensors instead of the bytes of writeSafetensors.",
    ],
    [
      "a",
      Promise.resolve("x"),
      "writeFileAtomic expects data to be a Uint8Array or a string, but got a Promise. Usual cause: a missing await.",
    ],
  ])("for %s and %s says why", async (path, data, text) => {
    const error = await writeFileAtomic(path as string, data as string).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toBe(text);
  });

  test("names the folder that is missing, or is a file", async () => {
    writeFileSync(file, "old");
    for (const missing of [join(folder, "a"), join(folder, "a", "b"), file, join(file, "a")]) {
      for (const path of [join(missing, "run.ckpt"), pathToFileURL(join(missing, "run.ckpt"))]) {
        const error = await writeFileAtomic(path, "x").catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(ArgumentError);
        expect((error as Error).message).toBe(
          `writeFileAtomic expects a folder to write to, but there is no "${missing}". Usual cause: one that is still to be made: await mkdir(folder, { recursive: true }).`,
        );
        expect((error as Error).cause).toMatchObject({ syscall: expect.any(String) });
      }
    }
    expect(readdirSync(folder)).toEqual(["run.ckpt"]);
    expect(readFileSync(file, "utf8")).toBe("old");
  });
});

test("the mode is kept, a link is followed, a URL and a long name are paths too, other files stay", async () => {
  writeFileSync(file, "old");
  chmodSync(file, 0o640);
  const link = join(folder, "link");
  symlinkSync(file, link);
  const other = join(folder, ".run.ckpt.note.tmp");
  writeFileSync(other, "somebody's");
  await writeFileAtomic(pathToFileURL(link), "new");
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o640);
  const long = join(folder, "ü".repeat(127));
  await writeFileAtomic(long, new Uint8Array([1, 2]));
  expect([...readFileSync(long)]).toEqual([1, 2]);
  expect(readFileSync(other, "utf8")).toBe("somebody's");
});

test("calls for one file at a time end with the whole content of one of them", async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => writeFileAtomic(file, new Uint8Array(200_000).fill(i))));
  const bytes = readFileSync(file);
  expect(bytes.length).toBe(200_000);
  expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
  expect(readdirSync(folder)).toEqual(["run.ckpt"]);
});
