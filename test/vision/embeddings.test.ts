import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError, Tensor, zeros } from "../../src/index.js";
import { EmbeddingStore, embeddingDistance } from "../../src/vision.js";
import { expectError } from "../support/errors.js";

/** Vectors of small integers, so that distances are exact. */
const vectors = fc.integer({ min: 1, max: 40 }).chain((length) =>
  fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: length, maxLength: length }), {
    minLength: 1,
    maxLength: 30,
  }),
);

const squared = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);

describe("EmbeddingStore", () => {
  test("nearest is a stable sort of all by distance, cut off", () => {
    fc.assert(
      fc.property(vectors, fc.integer({ min: 1, max: 8 }), ([query = [], ...known], count) => {
        const store = new EmbeddingStore();
        for (const [i, vector] of known.entries()) store.add(`v${i}`, vector);
        const want = known
          .map((vector, i) => ({ name: `v${i}`, distance: Math.sqrt(squared(query, vector)) }))
          .sort((a, b) => a.distance - b.distance)
          .slice(0, count);
        expect(store.nearest(query, count)).toEqual(want);
        expect(store.match(query)).toEqual(want[0] ?? { name: "unknown", distance: Infinity });
      }),
    );
  });

  test("the threshold is the largest distance that still matches", () => {
    const store = new EmbeddingStore({ threshold: 5 }).add("a", [0, 0, 0]);
    expect(store.match([3, 4, 0])).toEqual({ name: "a", distance: 5 });
    const beyond = store.match([3, 4, 1]);
    expect(beyond).toEqual({ name: "unknown", distance: Math.sqrt(26) });
    expect(store.nearest([3, 4, 1])).toEqual([{ name: "a", distance: Math.sqrt(26) }]);
  });

  test("a name may have several embeddings", () => {
    const store = new EmbeddingStore().add("a", [0]).add("b", [5]).add("a", [9]);
    expect(store.size).toBe(3);
    expect(store.names).toEqual(["a", "b"]);
    expect(store.match([8]).name).toBe("a");
  });

  test("takes tensors [D] and [1, D] and typed arrays, and copies them", () => {
    const numbers = Float32Array.of(1, 2);
    const store = new EmbeddingStore().add("a", numbers).add("b", new Tensor(Float32Array.of(3, 4), [1, 2]));
    numbers.fill(100);
    expect(store.match(new Tensor(Float32Array.of(1, 2), [2]))).toEqual({ name: "a", distance: 0 });
    expect(store.match(Float64Array.of(3, 4))).toEqual({ name: "b", distance: 0 });
  });

  test("bad names, embeddings and options are refused, and change nothing", () => {
    const store = new EmbeddingStore().add("a", [1, 2]);
    const name = (got: string) =>
      `EmbeddingStore.add expects a name other than "" and "unknown", which is the answer for no match, but got ${got}.`;
    expectError(() => store.add("unknown", [1, 2]), ArgumentError, name('"unknown"'));
    expectError(() => store.add("", [1, 2]), ArgumentError, name('""'));
    // @ts-expect-error a label that is not a text
    expectError(() => store.add(7, [1, 2]), ArgumentError, name("7"));
    for (const method of ["add", "match", "nearest"] as const) {
      const run = (embedding: number[] | Tensor) =>
        method === "add" ? store.add("b", embedding) : store[method](embedding);
      expectError(
        () => run([1, 2, 3]),
        ShapeError,
        `EmbeddingStore.${method} expects an embedding of 2 numbers, as the first had, but got 3. Usual cause: embeddings of different networks.`,
      );
      expectError(
        () => run([1, Number.NaN]),
        ArgumentError,
        `EmbeddingStore.${method} expects finite numbers of single precision, but number 1 is NaN. Usual cause: a network whose training diverged, or whose weights were not loaded.`,
      );
      const cause = "Usual cause: the embeddings of a whole batch, which have to come one by one.";
      const one = `EmbeddingStore.${method} expects one embedding, such as [128] or [1, 128], but got`;
      expectError(() => run([]), ShapeError, `${one} no numbers. ${cause}`);
      expectError(() => run(zeros([2, 1])), ShapeError, `${one} a tensor [2, 1]. ${cause}`);
    }
    expect(store.size).toBe(1);
    expectError(
      () => store.nearest([1, 2], 0),
      ArgumentError,
      "EmbeddingStore.nearest expects count to be a positive integer, but got 0. Usual cause: a division without Math.floor, or an undefined variable.",
    );
    expectError(
      () => new EmbeddingStore({ threshold: -1 }),
      ArgumentError,
      "EmbeddingStore expects threshold to be a number ≥ 0, but got -1.",
    );
    expectError(
      // @ts-expect-error the threshold is an option
      () => new EmbeddingStore(0.6),
      ArgumentError,
      "EmbeddingStore expects its options to be an object of threshold, but got 0.6. Usual cause: torch's positional arguments are named here.",
    );
  });
});

describe("embeddingDistance", () => {
  test("is the root of the summed squares, whatever the lengths", () => {
    fc.assert(
      fc.property(vectors, ([a = [], b = a]) => {
        expect(embeddingDistance(a, b)).toBe(Math.sqrt(squared(a, b)));
      }),
    );
  });

  test("refuses different lengths", () => {
    expectError(
      () => embeddingDistance([1], [1, 2]),
      ShapeError,
      "embeddingDistance expects two embeddings of one length, but got 1 and 2 numbers. Usual cause: embeddings of different networks.",
    );
  });
});
