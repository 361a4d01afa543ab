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

/** A sentence about a layer of a network as it is about that layer alone, without its key: the compiler does not say keys. */
export const withoutKey = (sentence: string): string => sentence.replace(/^(\S+) \([\w.]+\) /, "$1 ");
