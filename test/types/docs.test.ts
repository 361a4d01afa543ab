/** docs/typed-shapes.md: its examples type-check, and its mistakes are what the compiler says to them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { check } from "./support.js";

const page = readFileSync(new URL("../../docs/typed-shapes.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```ts\n(.*?)```\n(?:\n```error ([^\n]*)\n(.*?)\n```)?/gs)].map(
  ([, code = "", at, message], i) => ({ name: `example ${i + 1}`, code, at, message }),
);

test("there are five mistakes and more", () => {
  expect(examples.filter(({ message }) => message !== undefined)).toHaveLength(6);
  expect(examples).toHaveLength(9);
});

test.each(examples)("$name", ({ code, at, message }) => {
  const { findings } = check(code);
  expect(findings.map((finding) => [finding.at, finding.message])).toEqual(
    message === undefined ? [] : [[at, message]],
  );
});
