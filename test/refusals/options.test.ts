/** How options are read, and how values are shown, for everything that takes or tells any. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Conv2d, Dropout, Linear, MaxPool2d, ones, Random, Upsample } from "../../src/index.js";
import { readOptions } from "../../src/shape/check.js";
import { ArgumentError } from "../../src/shape/errors.js";
import { show } from "../../src/shape/show.js";
import { expectError } from "../support/errors.js";

const DEFAULTS = { stride: 1, padding: 0, bias: true, mode: "zeros", random: undefined };
type Options = Partial<Record<keyof typeof DEFAULTS, never>>;
const read = (options: unknown): object => readOptions("Own", options as Options, DEFAULTS as never);
const names = Object.keys(DEFAULTS);
const all = "stride, padding, bias, mode, random";

describe("options", () => {
  test("given ones replace their defaults, undefined ones do not", () => {
    const options = fc.record(
      {
        stride: fc.option(fc.integer(), { nil: undefined }),
        padding: fc.anything().filter((value) => value !== undefined),
        bias: fc.option(fc.boolean(), { nil: undefined }),
        mode: fc.option(fc.string(), { nil: undefined }),
        random: fc.constant(new Random(1)),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, (given) => {
        const told = Object.entries(given).filter(([, value]) => value !== undefined);
        expect(read(given)).toEqual({ ...DEFAULTS, ...Object.fromEntries(told) });
      }),
    );
  });

  test("any other name is refused", () => {
    const others = fc.string().filter((name) => !names.includes(name));
    fc.assert(
      fc.property(others, fc.anything(), (name, value) => {
        const options = Object.defineProperty({}, name, { value, enumerable: true });
        expect(() => read(options)).toThrow(ArgumentError);
        expect(() => read(options)).toThrow(`Own expects each option to be one of ${all}, but got ${show(name)}.`);
      }),
    );
  });

  test("a letter too few, too many or in another place is told of its option", () => {
    const typos = (name: string) =>
      fc
        .nat(name.length - 2)
        .chain((at) =>
          fc.constantFrom(
            name.slice(0, at) + name.slice(at + 1),
            name.slice(0, at) + name[at] + name.slice(at),
            name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2),
            `${name}s`,
          ),
        );
    const misspelled = fc
      .constantFrom("stride", "padding", "random")
      .chain((name) => typos(name).map((typo) => [name, typo] as const));
    fc.assert(
      fc.property(misspelled, ([name, typo]) => {
        fc.pre(name !== typo);
        expectError(
          () => read({ [typo]: 1 }),
          ArgumentError,
          `Own expects each option to be one of ${all}, but got "${typo}". Usual cause: a misspelling of ${name}.`,
        );
      }),
    );
  });

  test.each([
    ["a number", 2, "2"],
    ["text", "same", '"same"'],
    ["null", null, "null"],
    ["an array", [1, 2], "[1, 2]"],
    ["a Map", new Map(), "a Map"],
    ["a promise", Promise.resolve({}), "a Promise"],
    ["an instance of a class", new Random(1), "a Random"],
    ["a function", () => ({}), "a Function"],
  ])("%s is no object of options", (_, options, shown) => {
    expectError(
      () => read(options),
      ArgumentError,
      `Own expects its options to be an object of ${all}, but got ${shown}. Usual cause: ${shown === "a Promise" ? "a missing await" : "torch's positional arguments are named here"}.`,
    );
  });

  test("nothing is none where options are needed", () => {
    expectError(
      () => new Upsample(undefined as never),
      ArgumentError,
      "Upsample expects its options to be an object of size, scaleFactor, mode, alignCorners, recomputeScaleFactor, but got undefined. Usual cause: a missing argument.",
    );
  });

  test("an object without a prototype, or of another window, is one", () => {
    expect(read(Object.assign(Object.create(null), { stride: 2 }))).toMatchObject({ stride: 2 });
    expect(read(runInNewContext("({ stride: 2 })"))).toMatchObject({ stride: 2 });
  });

  test("in the words of layers", () => {
    expectError(
      () => new Conv2d(1, 1, 3, { pading: 1 } as object),
      ArgumentError,
      'Conv2d expects each option to be one of stride, padding, dilation, groups, bias, paddingMode, algorithm, random, but got "pading". Usual cause: a misspelling of padding.',
    );
    expectError(
      () => new MaxPool2d(2, { learningRate: 1 } as object),
      ArgumentError,
      'MaxPool2d expects each option to be one of stride, padding, ceilMode, dilation, returnIndices, but got "learningRate". Usual cause: a misspelled option, or one of another class.',
    );
    expectError(
      () => new Dropout(0.5, { inplace: true } as object),
      ArgumentError,
      'Dropout expects each option to be random, but got "inplace". Usual cause: a misspelled option, or one of another class.',
    );
    for (const bias of [0, null, "false"]) {
      expectError(
        () => new Linear(2, 2, { bias: bias as unknown as boolean }),
        ArgumentError,
        `Linear expects bias to be true or false, but got ${show(bias)}.`,
      );
    }
    for (const random of [7, Math.random, { uniform: Math.random }]) {
      expectError(
        () => new Linear(2, 2, { random: random as unknown as Random }),
        ArgumentError,
        `Linear expects random to be a Random, but got ${show(random)}. Usual cause: a bare seed: new Random(seed).`,
      );
    }
    expectError(
      () => new Upsample({ scaleFactor: true as unknown as number }),
      ArgumentError,
      "Upsample expects scaleFactor to be a positive number, but got true. Usual cause: a division by 0, or an undefined variable.",
    );
  });
});

test.each([
  ["Linear", () => new Linear(100_000, 1_000_000), "a weight", "[1000000, 100000]", "100000000000 (400 GB)"],
  ["Conv2d", () => new Conv2d(1e5, 1e5, 3), "a weight", "[100000, 100000, 3, 3]", "90000000000 (360 GB)"],
  [
    "Upsample",
    () => new Upsample({ scaleFactor: 30_000 }).forward(ones([1, 1, 2, 2])),
    "an output",
    "[1, 1, 60000, 60000]",
    "3600000000 (14.4 GB)",
  ],
])("%s refuses a size that no tensor can have before anything is allocated", (layer, run, what, shape, size) => {
  expectError(
    run,
    ArgumentError,
    `${layer} expects ${what} of at most 2147483647 elements, but got ${shape}, which has ${size}. Usual cause: a size that is far larger than meant, or two arguments swapped.`,
  );
});

test("any value is shown in a few words", () => {
  const kinds = { withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true };
  fc.assert(
    fc.property(fc.anything(kinds), (value) => {
      expect(show(value).length).toBeLessThan(700);
    }),
  );
  const round: unknown[] = [1];
  round.push(round);
  expect(show(round)).toBe("[1, […]]");
  expect(show(Object.create(null))).toBe("an object");
  expect(show(Array.from({ length: 1e6 }, () => 1))).toBe("[1, 1, 1, 1, 1, 1, 1, 1, …]");
  expect(show("x".repeat(1e6))).toHaveLength(63);
  expect([3n, Symbol("s"), Number.NaN, new Uint8Array(2), new Error("e")].map(show)).toEqual([
    "3n",
    "Symbol(s)",
    "NaN",
    "a Uint8Array",
    "an Error",
  ]);
});
