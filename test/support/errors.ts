import { expect } from "vitest";

/** Runs what must fail, and compares the error's class and its whole text. */
export function expectError(run: () => unknown, kind: new (...args: never[]) => Error, text: string): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `no ${kind.name} was thrown`).toBeInstanceOf(kind);
  expect((thrown as Error).message).toBe(text);
}
