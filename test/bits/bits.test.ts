/** With relaxed SIMD off, everything that computes gives the same bits on every machine and engine: those of checksums.json. */
import { describe, expect, test } from "vitest";
import { checksum, families } from "./checksums.js";
import expected from "./checksums.json" with { type: "json" };

describe("the same bits on every engine, without relaxed SIMD:", () => {
  test("there is a checksum for every family", () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(families).sort());
  });

  test.each(Object.entries(families))("%s", async (name, family) => {
    expect(await checksum(family)).toBe((expected as Record<string, string>)[name]);
  });
});
