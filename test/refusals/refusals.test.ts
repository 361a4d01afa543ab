/**
 * Wrong arguments, everywhere: each argument of everything that is exported, and each part of it, in turn replaced by
 * what somebody may well write there. What is of another kind than the right value is refused; nothing ends in an error
 * of the language, and every refusal is a whole sentence.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Layer, setBackend } from "../../src/index.js";
import { CALLS, ENTRIES } from "./calls.js";
import { mistakesOf } from "./mistakes.js";

/** Not called by anybody but the library, or nothing that could be wrong. */
const EXEMPT = [
  ...["ArgumentError", "FormatError", "ShapeError", "StateError", "IMAGENET", "UNKNOWN", "initializers"],
  // For layers and kernels of the library itself.
  ...["Tensor.operand", "Tensor.view", "Layer.extraRepr", "Layer.ownState", "Layer.ownLayers"],
  // Called while a network is composed: test/graph/compose.test.ts.
  "Layer.of",
  // To be extended: what extends them is called.
  ...["Composite", "Composite.input", "Layer", "Cache", "Cache.push", "Cache.pop", "Cache.peek"],
];
const INTERNAL =
  /^(compute|computeBackward|inferShape|parts|compose|windows|geometry|moments|epilogue|maskShape|averagingFactor|operand|view|restore|toJSON|constructor|composed|program|checkShapes|checkInput|assemble|gradients|call|callBackward|run|runBackward|states|lend)$/;

describe("Wrong arguments", () => {
  afterEach(() => setBackend("wasm"));

  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name} refuses what it cannot use`, { timeout: 60_000 }, async () => {
      expect(await mistakesOf(call)).toEqual([]);
    });
  }

  it.each(Object.keys(ENTRIES))("of every export of %s and its methods have a row", (entry) => {
    const missing: string[] = [];
    for (const [name, exported] of Object.entries(ENTRIES[entry] ?? {})) {
      const rows = [name];
      const isClass = typeof exported === "function" && /^class/.test(Function.prototype.toString.call(exported));
      const prototype: object = isClass ? exported.prototype : {};
      for (const key of isClass ? Object.getOwnPropertyNames(prototype) : []) {
        const { value } = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
        // Layers share their methods.
        const own = key in Layer.prototype && name !== "Layer";
        if (typeof value === "function" && !INTERNAL.test(key) && !own) rows.push(`${name}.${key}`);
      }
      missing.push(...rows.filter((row) => !(row in CALLS) && !EXEMPT.includes(row)));
    }
    expect(missing).toEqual([]);
  });
});
