/** Arithmetic on number literals agrees with JavaScript's, and what is no literal stays a number. */
import { expect, test } from "vitest";
import { Random } from "../../src/tensor/random.js";
import { check } from "./support.js";

const random = new Random(1);

/** Numbers of every length up to 10⁷ and the places where digits carry, borrow and run out. */
function number(): number {
  const edges = [0, 1, 2, 7, 9, 10, 49, 64, 99, 100, 512, 999, 1000, 25_088, 50_176, 99_999, 10_000_000];
  return random.uniform() < 0.4 ? edges[random.integer(edges.length)]! : random.integer(10 ** (1 + random.integer(7)));
}

const OPERATIONS: Record<string, (a: number, b: number) => string> = {
  Add: (a, b) => `${a + b}`,
  Subtract: (a, b) => (a < b ? "never" : `${a - b}`),
  Multiply: (a, b) => `${a * b}`,
  FloorDivide: (a, b) => (b === 0 ? "number" : `${Math.floor(a / b)}`),
  Modulo: (a, b) => (b === 0 ? "number" : `${a % b}`),
  Less: (a, b) => `${a < b}`,
};

function evaluate(expressions: readonly string[]): string[] {
  const lines = expressions.map((expression, i) => `declare const r${i}: ${expression};`);
  const { findings, typeOf } = check(`import type * as t from "../../src/shape/arithmetic.js";\n${lines.join("\n")}\n`);
  expect(findings).toEqual([]);
  return lines.map((_, i) => typeOf(`r${i}`));
}

test("every operation on 60 pairs of numbers up to 10⁷", () => {
  const cases = Object.entries(OPERATIONS).flatMap(([name, run]) =>
    Array.from({ length: 60 }, () => {
      const [a, b] = [number(), random.uniform() < 0.1 ? 2 : number()];
      return { code: `t.${name}<${a}, ${b}>`, want: run(a, b) };
    }),
  );
  const got = evaluate(cases.map(({ code }) => code));
  expect(cases.map(({ code }, i) => `${code} = ${got[i]}`)).toEqual(cases.map(({ code, want }) => `${code} = ${want}`));
});

test("counting and products", () => {
  const counts = [0, 8, 9, 10, 19, 98, 99, 100, 109, 199, 999, 1099, 9999];
  expect(evaluate(counts.map((n) => `t.Next<"${n}">`))).toEqual(counts.map((n) => `"${n + 1}"`));
  expect(evaluate(["t.ProductOf<[]>", "t.ProductOf<[7]>", "t.ProductOf<[512, 7, 7]>", "t.ProductOf<[0, 3]>"])).toEqual([
    "1",
    "7",
    "25088",
    "0",
  ]);
});

test.each(["number", "1 | 2", "any", "1.5", "-3"])(
  "%s is not known, and neither is what is computed with it",
  (unknown) => {
    const results = ["Add", "Subtract", "Multiply", "FloorDivide", "Modulo"].flatMap((name) => [
      `t.${name}<${unknown}, 3>`,
      `t.${name}<3, ${unknown}>`,
    ]);
    expect(new Set(evaluate(results))).toEqual(new Set(["number"]));
    expect(new Set(evaluate([`t.Less<${unknown}, 3>`, `t.Less<3, ${unknown}>`]))).toEqual(new Set(["boolean"]));
    expect(evaluate([`t.ProductOf<[2, ${unknown}, 3]>`, `t.OneSize<${unknown}>`, `t.IsKnown<${unknown}>`])).toEqual([
      "number",
      "number",
      "false",
    ]);
  },
);
