/** What would make the bits of a result depend on the engine does not occur in the library. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

describe("the library's sources", () => {
  const root = fileURLToPath(new URL("../../src", import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const code = (name: string) =>
    readFileSync(join(root, name), "utf8")
      .replace(/\/\*.*?\*\//gs, "")
      // Sentences may name what code may not call.
      .replace(/\/\/.*|Usual cause.*|"[^"\n]*"/g, "");

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
