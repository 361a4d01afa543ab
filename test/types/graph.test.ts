/** What the compiler says of composed networks, held to the functions that the run time asks. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resizeLike, splitInto } from "../../src/graph/operations.js";
import { broadcastShape, matmulGeometry } from "../../src/shape/broadcast.js";
import { resolveDim } from "../../src/shape/dim.js";
import { flattenShape, unflattenShape } from "../../src/shape/flatten.js";
import { concatenatedShape } from "../../src/shape/join.js";
import { permutedDims } from "../../src/shape/layout.js";
import { checkNamed } from "../../src/shape/named.js";
import { reshapeShape } from "../../src/shape/reshape.js";
import { upsampleSettings, upsampleShape } from "../../src/shape/upsample.js";
import { check } from "./support.js";

interface Mistake {
  readonly what: string;
  /** `x` is a value `[2, 64, 5, 5]`, `m` one `[2, 3]`. */
  readonly code: string;
  /** The argument that the red line is under. */
  readonly at: string;
  readonly sentence: string;
  /** What throws the same sentence when the network runs. */
  readonly run: () => unknown;
}

const X = [2, 64, 5, 5] as const;
const M = [2, 3] as const;

const MISTAKES: readonly Mistake[] = [
  {
    what: "a sum of other channels",
    code: "x.add(x.slice(null, [0, 8]))",
    at: "x.slice(null, [0, 8])",
    sentence:
      "Value.add expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [2, 64, 5, 5] and [2, 8, 5, 5], where 64 meets 8",
    run: () => broadcastShape("Value.add", X, [2, 8, 5, 5]),
  },
  {
    what: "a product of maps and a vector for each sample",
    code: "x.mul(m)",
    at: "m",
    sentence:
      "Value.mul expects shapes that broadcast (sizes equal or 1, matched from the last dimension), but got [2, 64, 5, 5] and [2, 3], where 5 meets 2",
    run: () => broadcastShape("Value.mul", X, M),
  },
  {
    what: "columns that are not as many as rows",
    code: "m.matmul(m)",
    at: "m",
    sentence:
      "Value.matmul expects as many columns on the left as rows on the right, but got [2, 3] with 3 and [2, 3] with 2",
    run: () => matmulGeometry("Value.matmul", M, M),
  },
  {
    what: "maps of another size side by side",
    code: "x.concat([x.slice(null, null, [1])])",
    at: "[x.slice(null, null, [1])]",
    sentence:
      "Value.concat expects tensors that differ in dim 1 only, but got [2, 64, 5, 5] and, as tensor 1, [2, 64, 4, 5]",
    run: () => concatenatedShape("Value.concat", [X, [2, 64, 4, 5]], 1),
  },
  {
    what: "parts that do not add up",
    code: "x.split([32, 16], 1)",
    at: "[32, 16]",
    sentence: "Value.split expects sizes that add up to 64, the size of dim 1 of [2, 64, 5, 5], but got [32, 16]",
    run: () => splitInto("split", [32, 16], 1).shapes([X]),
  },
  {
    what: "chunks along a dimension that is not there",
    code: "m.chunk(2, 2)",
    at: "2",
    sentence: "Value.chunk expects a dimension from -2 to 1, but got dim 2 for the shape [2, 3]",
    run: () => splitInto("chunk", 2, 2).shapes([M]),
  },
  {
    what: "more chunks than there are columns",
    code: "m.chunk(4, 1)",
    at: "4",
    sentence:
      "Value.chunk expects a dimension that splits into 4 parts, but got the shape [2, 3], in which dim 1 has 3",
    run: () => splitInto("chunk", 4, 1).shapes([M]),
  },
  {
    what: "a shape of another number of elements",
    code: "m.reshape([7])",
    at: "[7]",
    sentence: "Value.reshape expects a shape of 6 elements, the size of [2, 3], but got [7]",
    run: () => reshapeShape("Value.reshape", M, [7]),
  },
  {
    what: "a flatten from a dimension that is not there",
    code: "m.flatten(3)",
    at: "3",
    sentence: "Value.flatten expects a dimension from -2 to 1, but got dim 3 for the shape [2, 3]",
    run: () => flattenShape("Value.flatten", M, 3, -1),
  },
  {
    what: "groups that do not divide the channels",
    code: "x.unflatten(1, [3, -1])",
    at: "[3, -1]",
    sentence:
      "Unflatten expects dim 1 to be a multiple of 3 to split it into [3, -1], but its input [2, 64, 5, 5] has 64",
    run: () => unflattenShape("Unflatten", X, 1, [3, -1]),
  },
  {
    what: "an order without a dimension",
    code: "x.permute([0, 2, 3])",
    at: "[0, 2, 3]",
    sentence:
      "Value.permute expects an order that names each of the 4 dimensions of [2, 64, 5, 5] once, but got [0, 2, 3]",
    run: () => permutedDims("Value.permute", X, [0, 2, 3]),
  },
  {
    what: "a mean over a dimension that is not there",
    code: "x.mean([2, 4])",
    at: "[2, 4]",
    sentence: "Value.mean expects a dimension from -4 to 3, but got dim 4 for the shape [2, 64, 5, 5]",
    run: () => resolveDim("Value.mean", 4, X),
  },
  {
    what: "a softmax along a dimension that is not there",
    code: "m.softmax(-3)",
    at: "-3",
    sentence: "Value.softmax expects a dimension from -2 to 1, but got dim -3 for the shape [2, 3]",
    run: () => resolveDim("Value.softmax", -3, M),
  },
  {
    what: "a mode of upsampling that is for images",
    code: `m.upsample({ scaleFactor: 2, mode: "bilinear" })`,
    at: `{ scaleFactor: 2, mode: "bilinear" }`,
    sentence: `Upsample expects an input [N, C, H, W] in mode "bilinear", but got [2, 3]`,
    run: () => upsampleShape("Upsample", upsampleSettings("Upsample", { scaleFactor: 2, mode: "bilinear" }), M),
  },
  {
    what: "the size of what has other dimensions",
    code: "x.resizeLike(m)",
    at: "m",
    sentence:
      "Value.resizeLike expects two values with the same number of dimensions after [N, C], but got [2, 64, 5, 5] and [2, 3]",
    run: () => resizeLike({}).shapes([X, M]),
  },
  {
    what: "the size of what has none",
    code: "m.resizeLike(m)",
    at: "m",
    sentence:
      "Value.resizeLike expects two values with the same number of dimensions after [N, C], but got [2, 3] and [2, 3]",
    run: () => resizeLike({}).shapes([M, M]),
  },
  {
    what: "images of other channels into a graph",
    code: "net.forward(f.zeros([8, 1, 5, 5]), f.zeros([8, 3]))",
    at: "f.zeros([8, 1, 5, 5])",
    sentence: "Graph expects an input [N, 3, S, S], but got [8, 1, 5, 5]",
    run: () => checkNamed("Graph", [["N", 3, "S", "S"]], [[8, 1, 5, 5]]),
  },
  {
    what: "an image that is not square where it has to be",
    code: "net.forward(f.zeros([8, 3, 5, 6]), f.zeros([8, 3]))",
    at: "f.zeros([8, 3, 5, 6])",
    sentence: "Graph expects one size for S, but got 5 and 6 (input [8, 3, 5, 6])",
    run: () => checkNamed("Graph", [["N", 3, "S", "S"]], [[8, 3, 5, 6]]),
  },
  {
    what: "inputs of two batches",
    code: "net.forward(f.zeros([8, 3, 5, 5]), f.zeros([4, 3]))",
    at: "f.zeros([4, 3])",
    sentence: "Graph expects one size for N, but got 8 and 4 (input [4, 3])",
    run: () => checkNamed("Graph", [["N", 3, "S", "S"], ["N", 3]], [[8, 3, 5, 5], [4, 3]]), // biome-ignore format: one line
  },
  {
    what: "a second input without its batch dimension",
    code: "net.forward(f.zeros([8, 3, 5, 5]), f.zeros([3]))",
    at: "f.zeros([3])",
    sentence: "Graph expects an input [N, 3], but got [3]",
    run: () => checkNamed("Graph", [["N", 3, "S", "S"], ["N", 3]], [[8, 3, 5, 5], [3]]), // biome-ignore format: one line
  },
  {
    what: "a graph behind other channels",
    code: "new f.Sequential(new f.Conv2d(3, 8, 3), one)",
    at: "one",
    sentence: "Graph expects an input [N, 3], but got [?, 8, ?, ?]",
    run: () => checkNamed("Graph", [["N", 3]], [[1, 8, 2, 2]]),
  },
];

/** The run time's first sentence, without what it adds. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message.replace(/\.?( Usual cause: .*)?$/, "");
  }
  return "nothing was thrown";
}

/** Where a sentence of the compiler has `?`, that of the run time has a number. */
const pattern = (sentence: string) =>
  new RegExp(`^${sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\?", "\\d+")}$`);

describe(`${MISTAKES.length} mistakes in what is composed`, () => {
  const head = [
    `import * as f from "faltung";`,
    "declare const x: f.Value<readonly [2, 64, 5, 5]>;",
    "declare const m: f.Value<readonly [2, 3]>;",
    `const net = f.graph([["N", 3, "S", "S"], ["N", 3]], {}, (_, a, b) => a.mean([2, 3]).mul(b));`,
    `const one = f.graph(["N", 3], {}, (_, a) => a);`,
  ];
  const { findings } = check([...head, ...MISTAKES.map(({ code }) => `${code};`)].join("\n"));

  test.each(MISTAKES.map((mistake, i) => ({ ...mistake, line: head.length + i })))("$what", (mistake) => {
    const found = findings.filter(({ line }) => line === mistake.line);
    expect(found.map(({ at }) => at)).toEqual([mistake.at]);
    expect(found[0]?.message).toContain(JSON.stringify(mistake.sentence));
    expect(found[0]?.message.split("\n").at(-1)).toContain(JSON.stringify(mistake.sentence));
    expect(thrown(mistake.run)).toMatch(pattern(mistake.sentence));
  });

  test("nothing else is refused", () => expect(findings).toHaveLength(MISTAKES.length));
});

// ── What a type promises of names and of numbers that it knows, holds for every size that they may have ──

type Dim = number | string;

/** An operation as code for the compiler and as the function that the run time asks, on two shapes. */
interface Case {
  readonly a: readonly Dim[];
  readonly b: readonly Dim[];
  readonly code: string;
  readonly run: (a: readonly number[], b: readonly number[]) => readonly (readonly number[])[];
}

const shapeOf = (dims: readonly Dim[]) => `f.Input<${JSON.stringify(dims)}>`;

const cases: Case[] = fc
  .sample(
    fc.record({
      a: fc.array(fc.constantFrom<Dim>(1, 3, 4, "N", "M"), { minLength: 1, maxLength: 3 }),
      b: fc.array(fc.constantFrom<Dim>(1, 3, 4, "N", "M"), { minLength: 1, maxLength: 3 }),
      dim: fc.integer({ min: -1, max: 0 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    { numRuns: 60, seed: 12 },
  )
  .flatMap(({ a, b, dim, count }): Case[] => [
    { a, b, code: "a.add(b)", run: (x, y) => [broadcastShape("Value.add", x, y)] },
    { a, b, code: "a.matmul(b)", run: (x, y) => [matmulGeometry("Value.matmul", x, y).shape] },
    {
      a,
      b,
      code: `a.concat([b], ${dim})`,
      run: (x, y) => [concatenatedShape("Value.concat", [x, y], dim)],
    },
    {
      a,
      b,
      code: `a.split([1, ${count}], ${dim})`,
      run: (x) => splitInto("split", [1, count], dim).shapes([x]),
    },
    {
      a,
      b,
      code: `a.chunk(${count}, ${dim})`,
      run: (x) => splitInto("chunk", count, dim).shapes([x]),
    },
    { a, b, code: "a.reshape([-1])", run: (x) => [reshapeShape("Value.reshape", x, [-1])] },
    {
      a: [2, 3, ...a],
      b: [2, 4, ...b],
      code: "a.resizeLike(b)",
      run: (x, y) => resizeLike({}).shapes([x, y]),
    },
  ]);

describe("names of sizes", () => {
  const lines = cases.map(
    ({ a, b, code }, i) =>
      `export const y${i} = ((a: ${shapeOf(a)}, b: ${shapeOf(b)}) => ${code})(null as never, null as never);`,
  );
  const { findings, typeOf } = check(`import type * as f from "faltung";\n${lines.join("\n")}\n`);
  const sizes = [1, 2, 3, 4, 5];

  test.each(cases.map((one, i) => [`${one.code} of ${JSON.stringify(one.a)} and ${JSON.stringify(one.b)}`, i]))(
    "%s",
    (_, i) => {
      const { a, b, run } = cases[Number(i)]!;
      const refused = findings.some(({ line }) => line === Number(i) + 1);
      const shapes = [...typeOf(`y${i}`).matchAll(/Value<readonly \[(.*?)\](?=>)|\.\.\.Value/g)];
      for (const N of sizes) {
        for (const M of sizes) {
          const sized = (dims: readonly Dim[]) => dims.map((dim) => (dim === "N" ? N : dim === "M" ? M : Number(dim)));
          let got: readonly (readonly number[])[];
          try {
            got = run(sized(a), sized(b));
          } catch {
            continue;
          }
          expect(refused, `N = ${N} and M = ${M} fit`).toBe(false);
          // Of parts whose number depends on a size, a type has as many as are asked for.
          for (const [part, shape] of got.entries()) {
            const text = shapes[Math.min(part, shapes.length - 1)]?.[1];
            if (text === undefined || text === "") continue;
            const want = text.split(", ").map((size) => ({ 'Size<"N">': N, 'Size<"M">': M })[size] ?? size);
            expect(want).toHaveLength(shape.length);
            for (const [dim, size] of want.entries()) {
              if (size !== "number") expect(`${size}`).toBe(`${shape[dim]}`);
            }
          }
        }
      }
    },
  );

  test("some are refused, and some keep their names", () => {
    expect(findings.length).toBeGreaterThan(20);
    const types = cases.map((_, i) => typeOf(`y${i}`));
    expect(types.filter((type) => type.includes('Size<"N">')).length).toBeGreaterThan(50);
  });
});
