/** With relaxed SIMD off, everything that computes gives the same bits on every machine and engine: those of checksums.json. */
import { describe, expect, test } from "vitest";
import { checksum, programs } from "./checksums.js";
import expected from "./checksums.json" with { type: "json" };

describe("the same bits on every engine, without relaxed SIMD:", () => {
  test("there is a checksum for every family", () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(programs).sort());
  });

  test.each(Object.entries(programs))("%s", async (name, program) => {
    expect(await checksum(program)).toBe((expected as Record<string, string>)[name]);
  });
});
