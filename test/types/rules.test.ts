/** Every shape rule is written twice, as a type and as a function: here the two are held to each other, and so is arithmetic. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/tensor/random.js";
import { withoutKey } from "../support/errors.js";
import { type Configuration, Configurations, made, written } from "./configurations.js";
import { check } from "./support.js";

const draw = new Configurations(3);

/** How many configurations of each kind. */
const KINDS: readonly (readonly [count: number, draw: () => Configuration])[] = [
  [70, () => draw.Conv2d()],
  [30, () => draw.Conv1d()],
  [40, () => draw.ConvTranspose2d()],
  [40, () => draw.MaxPool2d()],
  [25, () => draw.AvgPool2d()],
  [20, () => draw.AdaptivePool2d()],
  [8, () => draw.GlobalPool2d()],
  [30, () => draw.Linear()],
  [40, () => draw.Flatten()],
  [30, () => draw.Unflatten()],
  [25, () => draw.PixelShuffle()],
  [20, () => draw.ZeroPad2d()],
  [25, () => draw.Upsample()],
  [8, () => draw.Embedding()],
  [50, () => draw.Norm()],
  [35, () => draw.Elementwise()],
  [25, () => draw.Maxout()],
  [40, () => draw.Residual()],
  [40, () => draw.Parallel()],
  [50, () => draw.Sequential()],
];

/**
 * What the compiler does not look at: sizes that are not sizes, and what depends on train mode. Every other refusal at
 * run time has to be one of the compiler's.
 */
const LEFT_TO_RUN_TIME = [
  /expects stride 1 with padding "same"/,
  /expects outputPadding to be smaller than stride or dilation/,
  /expects padding of at most half its kernel/,
  /expects more than 1 (value per|spatial)/,
  /expects to leave at least one of the/,
  /expects one (size|scaleFactor) for each/,
  /expects a shape of at most \d+ elements/,
];

/** Dimensions whose size the compiler leaves open: a fractional scale, a negative padding. */
const OPEN = /scaleFactor: \[?[^\]]*\.|ZeroPad2d\(.*-/;

/** The shape that a layer makes, or the sentence that it refuses with. */
function atRunTime({ call, shape }: Configuration): number[] | string {
  try {
    return made(call).eval().outputShape(shape);
  } catch (error) {
    return withoutKey((error as Error).message).replace(/\.?( Usual cause: .*)?$/, "");
  }
}

describe("types and functions", () => {
  const configurations = KINDS.flatMap(([count, one]) => Array.from({ length: count }, one));
  const lines = configurations.map(
    ({ call, shape }, i) => `export const y${i} = ${written(call)}.forward(f.zeros(${JSON.stringify(shape)}));`,
  );
  const { findings, typeOf } = check(`import * as f from "faltung";\n${lines.join("\n")}\n`);
  const results = configurations.map(atRunTime);
  const refused = results.filter((result) => typeof result === "string");

  test("there are over 500, of which a part is refused", () => {
    expect(configurations.length).toBeGreaterThan(500);
    expect(refused.length).toBeGreaterThan(80);
    expect(refused.length).toBeLessThan(250);
  });

  test.each(
    configurations.map((configuration, i) => [written(configuration.call), JSON.stringify(configuration.shape), i]),
  )("%s on %s", (_call, _shape, i) => {
    const result = results[Number(i)];
    const messages = findings.filter(({ line }) => line === Number(i) + 1).map(({ message }) => message);
    if (typeof result === "string") {
      if (LEFT_TO_RUN_TIME.some((kind) => kind.test(result))) return;
      return expect(messages.join("\n")).toContain(`"${result.replaceAll('"', '\\"')}"`);
    }
    expect(messages).toEqual([]);
    const type = typeOf(`y${i}`);
    const want = `Tensor<readonly [${result?.join(", ")}]>`;
    if (!OPEN.test(lines[Number(i)] ?? "")) return expect(type).toBe(want);
    const pattern = type.replace(/[[\]]/g, "\\$&").replaceAll("number", "\\d+");
    expect(want).toMatch(new RegExp(`^${pattern}$`));
  });
});

// ── What the rules compute with ──

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

describe("arithmetic on number literals", () => {
  test("every operation on 60 pairs of numbers up to 10⁷", () => {
    const cases = Object.entries(OPERATIONS).flatMap(([name, run]) =>
      Array.from({ length: 60 }, () => {
        const [a, b] = [number(), random.uniform() < 0.1 ? 2 : number()];
        return { code: `t.${name}<${a}, ${b}>`, want: run(a, b) };
      }),
    );
    const got = evaluate(cases.map(({ code }) => code));
    expect(cases.map(({ code }, i) => `${code} = ${got[i]}`)).toEqual(
      cases.map(({ code, want }) => `${code} = ${want}`),
    );
  });

  test("counting and products", () => {
    const counts = [0, 8, 9, 10, 19, 98, 99, 100, 109, 199, 999, 1099, 9999];
    expect(evaluate(counts.map((n) => `t.Next<"${n}">`))).toEqual(counts.map((n) => `"${n + 1}"`));
    expect(
      evaluate(["t.ProductOf<[]>", "t.ProductOf<[7]>", "t.ProductOf<[512, 7, 7]>", "t.ProductOf<[0, 3]>"]),
    ).toEqual(["1", "7", "25088", "0"]);
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
});
