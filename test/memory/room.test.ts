/** What can no longer be reached gives its memory back. Whole loops in processes of their own: test/dropped.test.ts. */
import { describe, expect, test } from "vitest";
import { Linear, ones, ReLU, Sequential } from "../../src/index.js";
import { isShared, memory } from "../../src/kernels/wasm/memory.js";
import { engine } from "../../src/tensor/engine.js";
import { normal } from "../support/layers.js";

/** The engine's budget for tensors, in bytes. */
const books = () => engine().memory as { budget: number; taken: number; fixed: number };

describe("dropped models", () => {
  /** A model that has run often enough for all that it owns to have a place. */
  const step = (width: number) => {
    const model = new Sequential(new Linear(width, width), new ReLU());
    for (let i = 0; i < 3; i++) model.backward(ones(model.forward(ones([1, width])).shape));
    return model;
  };

  test("make room for the next one inside of one task: the memory is that of a few", () => {
    step(512);
    const before = memory().buffer.byteLength;
    for (let i = 0; i < 100; i++) step(512); // 2 MB each
    expect(memory().buffer.byteLength - before).toBeLessThan(40e6);
  });

  test("make room whose arrays the program has read", () => {
    const before = memory().buffer.byteLength;
    for (let i = 0; i < 100; i++) {
      const { weight } = step(512).layers[0];
      expect(weight.value.data[0]).toBe(weight.value.at(0, 0));
    }
    expect(memory().buffer.byteLength - before).toBeLessThan(64e6 + books().budget);
    if (!isShared()) expect(books().fixed).toBe(0);
  });

  test("a model larger than the budget gets what it needs after a few runs, and computes the same all the time", () => {
    const model = new Sequential(...Array.from({ length: 12 }, () => new Linear(700, 700))); // 23 MB
    const x = normal([1, 700], 1);
    const first = model.forward(x);
    for (let i = 0; i < 6; i++) expect(model.forward(x).data).toEqual(first.data);
    const { budget } = books();
    for (let i = 0; i < 4; i++) model.forward(x);
    expect(books().budget).toBe(budget); // nobody moves any more
  });
});
