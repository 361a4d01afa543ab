/** docs/graphs.md: its table of sentences is what wrong graphs throw, and its table of operations is every operation. */
import { expect, test } from "vitest";
import { exportedNames } from "../../docs/reference.js";
import { readPage } from "../support/pages.js";
import { MISTAKES, row } from "./graph-mistakes.js";

const page = readPage("docs/graphs.md");
const [, rows = ""] = page.split("| mistake | sentence |\n| --- | --- |\n");
const [table = ""] = rows.split("\n\n");

test("the table has every mistake", () => {
  expect(table.trim().split("\n")).toHaveLength(Object.keys(MISTAKES).length);
});

test.each(Object.keys(MISTAKES))("%s", async (mistake) => {
  const line = table.split("\n").find((each) => each.startsWith(`| ${mistake} |`));
  expect(line).toBe(await row(mistake));
});

test("the table of operations has every method of Value", () => {
  const value = exportedNames().find(({ entry, name }) => entry === "faltung" && name === "Value");
  const methods = value?.members.map(({ name }) => name.replace("Value.", "")) ?? [];
  expect(methods.length).toBeGreaterThan(20);
  expect(methods.filter((method) => !page.includes(`x.${method}(`))).toEqual([]);
});
