/** With relaxed SIMD off, everything that computes gives the same bits on every machine and engine: those of checksums.json. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checksum, families } from "./checksums.js";
import expected from "./checksums.json" with { type: "json" };

describe("the same bits on every engine, without relaxed SIMD:", () => {
  test("there is a checksum for every family", () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(families).sort());
  });

  test.each(Object.entries(families))("%s", (name, family) => {
    expect(checksum(family)).toBe((expected as Record<string, string>)[name]);
  });
});

describe("the library's sources", () => {
  const root = fileURLToPath(new URL("../../src", import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const code = (name: string) =>
    readFileSync(join(root, name), "utf8")
      .replace(/\/\*.*?\*\//gs, "")
      .replace(/\/\/.*|Usual cause.*/g, "");

  // ECMAScript leaves open how these round. Math.sqrt, fround, floor and their like are exact.
  const LOOSE =
    /\bMath\.(?:a?cosh?|a?sinh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow|random|sumPrecise)\b/;

  test("call no function of Math that an engine may round in its own way", () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((name) => LOOSE.test(code(name)))).toEqual([]);
  });

  test("raise to powers only 2, and whole sizes to the second, which every engine does exactly", () => {
    const powers = files.flatMap((name) =>
      code(name)
        .split("\n")
        .filter((line) =>
          /\*\*/.test(line.replace(/\b2 \*\* -?\d+|\b(?:\w*[fF]actor|points|length|(?:size|tile) \+ 2\)) \*\* 2/g, "")),
        )
        .map((line) => `${name}: ${line.trim()}`),
    );
    // What power leaves to JavaScript are zeros, infinities and NaN.
    expect(powers).toEqual([expect.stringMatching(/^tensor\/math.ts: if .* return a \*\* b;$/)]);
  });
});
