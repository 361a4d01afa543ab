/** docs/reference.md: every exported name is on it with a word about it, as the sources have them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportedNames, page } from "../../docs/reference.js";

const items = exportedNames();

test("every exported name has a summary", () => {
  expect(items.length).toBeGreaterThan(500);
  expect(items.filter(({ summary }) => summary === "").map(({ entry, name }) => `${entry}: ${name}`)).toEqual([]);
});

test("the page is what npm run docs:reference writes", () => {
  expect(readFileSync(new URL("../../docs/reference.md", import.meta.url), "utf8")).toBe(page(items));
});
