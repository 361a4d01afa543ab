/** What engines show of an error: its class before the sentence, and nothing below the stack. */
import { inspect } from "node:util";
import { ArgumentError, asDynamic, FormatError, Linear, ShapeError, StateError, zeros } from "faltung";
import { expect, test } from "vitest";

const CLASSES = { ArgumentError, FormatError, ShapeError, StateError };

test.each(Object.entries(CLASSES))("%s has its name in its stack and no field to list", (name, Class) => {
  const error = new Class("A sentence.");
  expect(error.name).toBe(name);
  expect(String(error)).toBe(`${name}: A sentence.`);
  expect(error.stack?.split("\n")[0]).toBe(`${name}: A sentence.`);
  expect(Object.keys(error)).toEqual([]);
  expect(inspect(error)).toMatch(/\n {4}at [^\n{]+$/);
  // Bun shows an error's own name only.
  expect(Object.hasOwn(error, "name")).toBe(true);
});

test("a mismatch is there for containers, and is not listed", () => {
  let caught: unknown;
  try {
    new Linear(2, 1).forward(asDynamic(zeros([1, 3])));
  } catch (error) {
    caught = error;
  }
  expect((caught as ShapeError).mismatch).toMatchObject({ layer: "Linear", expected: "2 features", got: "3" });
  expect(inspect(caught)).not.toContain("mismatch");
});
