/** docs/architecture.md: the files from `conv.forward(x)` to the micro-kernel are those of a stack trace there. */
import { expect, test, vi } from "vitest";
import { Conv2d, randn, setBackend } from "../../src/index.js";
import { readPage } from "../support/pages.js";

let stack = "";
vi.mock("../../src/kernels/wasm/gemm/kernels.js", async (original) => {
  const kernels = await original<typeof import("../../src/kernels/wasm/gemm/kernels.js")>();
  const multiplyPanels: typeof kernels.multiplyPanels = (...args) => {
    stack ||= new Error().stack ?? "";
    return kernels.multiplyPanels(...args);
  };
  return { ...kernels, multiplyPanels };
});

/** The files that a part of the page names, in order. */
function filesIn(part: string | undefined): string[] {
  return [...(part ?? "").matchAll(/`(src\/[\w./-]+\.ts)`/g)].map(([, file = ""]) => file);
}

test("the table has the files of the stack trace, in their order", () => {
  setBackend("wasm");
  const conv = new Conv2d(32, 32, 3, { algorithm: "im2col" });
  Error.stackTraceLimit = 100;
  conv.forward(randn([1, 32, 12, 12]));
  const frames = [...stack.matchAll(/(src\/[\w./-]+\.ts)/g)].map(([file]) => file).reverse();
  const called = [...new Set(frames)];
  expect(called.length).toBeGreaterThan(8);

  const page = readPage("docs/architecture.md");
  const [, section = ""] = /\n## One forward.*?\n(.*?)\n## /s.exec(page) ?? [];
  const [table, text = ""] = section.split("\n\nA stack trace ");
  const [also] = text.split("In a network");
  expect(filesIn(table).length).toBeLessThanOrEqual(10);
  // The last file is the one that is called; the one before it made the task that runs.
  const made = "src/kernels/wasm/conv/correlation.ts";
  const expected = filesIn(table).filter((file) => file !== made);
  expect(called.filter((file) => !filesIn(also).includes(file))).toEqual(expected.slice(0, -1));
  expect(expected.at(-1)).toBe("src/kernels/wasm/gemm/kernels.ts");
});
