import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/shape/errors.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { ones, tensor, zeros } from "../../src/tensor/create.js";
import { concat, stack } from "../../src/tensor/join.js";
import { asDynamic, type Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { build, expectSame, tensors } from "../support/naive.js";

const DIM = "Usual cause: a missing batch dimension, or a dimension that an earlier step removed.";
const dimError = (who: string, rank: number, dim: number, shape: string) =>
  `${who} expects a dimension from ${-rank} to ${rank - 1}, but got dim ${dim} for the shape ${shape}. ${DIM}`;

/** Any tensor that has a dimension. */
const vectors = tensors().filter((x) => x.rank > 0);

describe("reshape", () => {
  test("keeps the data, in any shape of as many elements", () => {
    // Any split of the size into factors.
    const cases = tensors().chain((x) =>
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).map((factors) => {
        const shape: number[] = [];
        let rest = x.size;
        for (const factor of factors) {
          if (rest % factor === 0) {
            shape.push(factor);
            rest /= factor;
          }
        }
        return { x, shape: [...shape, rest] };
      }),
    );
    fc.assert(
      fc.property(cases, ({ x, shape }) => {
        const y = x.reshape(shape);
        expect(y.shape).toEqual(shape);
        expect([...y.data]).toEqual([...x.data]);
        expectSame(y.reshape(x.shape), x);
        if (x.size > 0) expectSame(x.reshape([...shape.slice(0, -1), -1]), y);
      }),
    );
  });

  test("finds one −1 anywhere", () => {
    const x = zeros([2, 3, 4]);
    expect(x.reshape([-1]).shape).toEqual([24]);
    expect(x.reshape([-1, 6]).shape).toEqual([4, 6]);
    expect(x.reshape([2, -1, 2]).shape).toEqual([2, 6, 2]);
    expect(tensor(1).reshape([-1, 1]).shape).toEqual([1, 1]);
    expect(zeros([0, 3]).reshape([-1, 3]).shape).toEqual([0, 3]);
  });

  test("refuses shapes of another size", () => {
    const x = asDynamic(zeros([2, 3]));
    const cause = "Usual cause: a missing batch dimension, or an input of another size than planned.";
    const elements = "Tensor.reshape expects a shape of 6 elements, the size of [2, 3]";
    expectError(() => x.reshape([4, 2]), ShapeError, `${elements}, but got [4, 2]. ${cause}`);
    const divide = "Tensor.reshape expects a shape of sizes that divide 6 elements, the size of [2, 3]";
    expectError(() => x.reshape([4, -1]), ShapeError, `${divide}, but got [4, -1]. ${cause}`);
    expectError(() => x.reshape([0, -1]), ShapeError, `${divide}, but got [0, -1]. ${cause}`);
    expectError(
      () => zeros([0]).reshape([0, -1]),
      ShapeError,
      `Tensor.reshape expects a shape of sizes that divide 0 elements, the size of [0], but got [0, -1]. ${cause}`,
    );
    expectError(
      () => x.reshape([-1, -1] as Shape),
      ArgumentError,
      "Tensor.reshape expects at most one −1, but got [-1, -1].",
    );
    const whole = "Usual cause: a division without Math.floor, or an undefined variable.";
    expectError(
      () => x.reshape([1.5, 4]),
      ArgumentError,
      `Tensor.reshape expects a shape of integers ≥ 0, but got [1.5, 4]. ${whole}`,
    );
    expectError(
      () => x.reshape([-2, -1]),
      ArgumentError,
      `Tensor.reshape expects a shape of integers ≥ 0, but got [-2, 1]. ${whole}`,
    );
    expectError(
      () => x.reshape(6 as unknown as Shape),
      ArgumentError,
      "Tensor.reshape expects a shape as an array, but got 6. Usual cause: sizes given one by one; write [2, 3].",
    );
  });
});

describe("flatten", () => {
  test("joins the dimensions from start to end and keeps the data", () => {
    const cases = vectors.chain((x) => {
      const dim = fc.nat(x.rank - 1);
      return fc
        .tuple(fc.constant(x), dim, dim)
        .map(([t, a, b]) => ({ x: t, start: Math.min(a, b), end: Math.max(a, b) }));
    });
    fc.assert(
      fc.property(cases, ({ x, start, end }) => {
        const shape = [...x.shape.slice(0, start), sizeOf(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)];
        expectSame(x.flatten(start, end), x.reshape(shape));
        expectSame(x.flatten(start - x.rank, end - x.rank), x.reshape(shape));
        expectSame(x.flatten(), x.reshape([x.size]));
      }),
    );
  });

  test("makes a scalar a vector and refuses dimensions that are not there or reversed", () => {
    expect(tensor(1).flatten().shape).toEqual([1]);
    const x = asDynamic(zeros([2, 3]));
    expectError(() => x.flatten(2), ShapeError, dimError("Tensor.flatten", 2, 2, "[2, 3]"));
    expectError(() => x.flatten(0, -3), ShapeError, dimError("Tensor.flatten", 2, -3, "[2, 3]"));
    expectError(
      () => x.flatten(1, 0),
      ShapeError,
      "Tensor.flatten expects startDim to come before endDim, but they are dims 1 and 0 of the input [2, 3]. Usual cause: an input without its batch dimension.",
    );
  });
});

describe("squeeze and unsqueeze", () => {
  test("unsqueeze inserts a dimension of size 1 that squeeze drops again", () => {
    const cases = tensors(3).chain((x) => fc.tuple(fc.constant(x), fc.integer({ min: -x.rank - 1, max: x.rank })));
    fc.assert(
      fc.property(cases, ([x, dim]) => {
        const y = x.unsqueeze(dim);
        expect(y.shape.at(dim)).toBe(1);
        expect([...y.data]).toEqual([...x.data]);
        expectSame(y.squeeze(dim), x);
      }),
    );
  });

  test("squeeze drops all dimensions of size 1, or the one named, or, as in torch, nothing where the size is another", () => {
    const x = zeros([1, 2, 1, 3]);
    expect(x.squeeze().shape).toEqual([2, 3]);
    expect(x.squeeze(0).shape).toEqual([2, 1, 3]);
    expect(x.squeeze(-2).shape).toEqual([1, 2, 3]);
    expect(x.squeeze(1).shape).toEqual([1, 2, 1, 3]);
    expect(ones([1, 1]).squeeze().shape).toEqual([]);
  });

  test("refuse dimensions that are not there", () => {
    const x = asDynamic(zeros([1, 2]));
    expectError(() => x.squeeze(2), ShapeError, dimError("Tensor.squeeze", 2, 2, "[1, 2]"));
    expectError(() => x.unsqueeze(3), ShapeError, dimError("Tensor.unsqueeze", 3, 3, "[1, 2, 1]"));
    expectError(
      () => x.unsqueeze(0.5),
      ArgumentError,
      "Tensor.unsqueeze expects a dimension to be an integer, but got 0.5. Usual cause: an undefined variable.",
    );
  });
});

describe("permute and transpose", () => {
  const cases = tensors().chain((x) =>
    fc.tuple(
      fc.constant(x),
      fc.shuffledSubarray(
        x.shape.map((_, dim) => dim),
        { minLength: x.rank },
      ),
    ),
  );

  test("permute moves every element where its definition says", () => {
    fc.assert(
      fc.property(cases, ([x, order]) => {
        const shape = order.map((dim) => x.shape[dim]!);
        const want = build(shape, (index) => x.at(...x.shape.map((_, dim) => index[order.indexOf(dim)]!)));
        expectSame(x.permute(order), want);
        expectSame(x.permute(order.map((dim) => dim - x.rank)), want);
      }),
    );
  });

  test("permute and the inverse order cancel", () => {
    fc.assert(
      fc.property(cases, ([x, order]) => {
        const inverse = order.map((_, dim) => order.indexOf(dim));
        expectSame(x.permute(order).permute(inverse), x);
      }),
    );
  });

  test("transpose swaps two dimensions, and twice is nothing", () => {
    const pairs = vectors.chain((x) => {
      const dim = fc.integer({ min: -x.rank, max: x.rank - 1 });
      return fc.tuple(fc.constant(x), dim, dim);
    });
    fc.assert(
      fc.property(pairs, ([x, a, b]) => {
        const order = x.shape.map((_, dim) => dim);
        const [first, second] = [order.at(a)!, order.at(b)!];
        [order[first], order[second]] = [second, first];
        expectSame(x.transpose(a, b), x.permute(order));
        expectSame(x.transpose(a, b).transpose(a, b), x);
      }),
    );
    expect(
      tensor([[1, 2, 3]])
        .transpose(0, 1)
        .toArray(),
    ).toEqual([[1], [2], [3]]);
  });

  test("refuse orders and dimensions that are none", () => {
    const x = asDynamic(zeros([2, 3, 4]));
    const refused = (got: string) =>
      `Tensor.permute expects an order that names each of the 3 dimensions of [2, 3, 4] once, but got ${got}.`;
    expectError(() => x.permute([0, 0, 1]), ArgumentError, refused("[0, 0, 1]"));
    expectError(() => x.permute([0, -3, 1]), ArgumentError, refused("[0, -3, 1]"));
    expectError(() => x.permute([0, 1]), ArgumentError, refused("[0, 1]"));
    expectError(() => x.permute([0, 1, 3]), ShapeError, dimError("Tensor.permute", 3, 3, "[2, 3, 4]"));
    expectError(() => x.transpose(0, 3), ShapeError, dimError("Tensor.transpose", 3, 3, "[2, 3, 4]"));
  });
});

describe("concat and stack", () => {
  /** Tensors that agree but for one dimension, and that dimension. */
  const parts = fc
    .record({
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
      extents: fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }),
      dim: fc.nat(3),
    })
    .map(({ shape, extents, dim }) => {
      const at = dim % shape.length;
      let next = 0;
      return { dim: at, tensors: extents.map((extent) => build(shape.with(at, extent), () => next++)) };
    });

  test("concat puts every tensor where slicing finds it again, from either end", () => {
    fc.assert(
      fc.property(parts, ({ tensors: list, dim }) => {
        const joined = concat(list, dim);
        let start = 0;
        for (const part of list) {
          const end = start + part.shape[dim]!;
          expectSame(joined.slice(...Array.from({ length: dim }, () => null), [start, end]), part);
          start = end;
        }
        expect(joined.shape[dim]).toBe(start);
        expectSame(concat(list, dim - joined.rank), joined);
      }),
    );
  });

  test("stack puts tensor i at index i of the new dimension", () => {
    const cases = tensors(3).chain((x) =>
      fc.tuple(fc.constant(x), fc.integer({ min: 1, max: 3 }), fc.integer({ min: -x.rank - 1, max: x.rank })),
    );
    fc.assert(
      fc.property(cases, ([x, count, dim]) => {
        const list = Array.from({ length: count }, (_, i) => x.map((value) => value + i));
        const stacked = stack(list, dim);
        const at = dim < 0 ? dim + x.rank + 1 : dim;
        expect(stacked.shape).toEqual(x.shape.toSpliced(at, 0, count));
        list.forEach((part, i) => {
          expectSame(stacked.slice(...Array.from({ length: at }, () => null), i), part);
        });
      }),
    );
  });

  test("default to dim 0, copy, and are double as soon as one tensor is", () => {
    const x = tensor([[1, 2]]);
    expect(concat([x, tensor([[3, 4]])]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(stack([x, x]).shape).toEqual([2, 1, 2]);
    concat([x]).data[0] = 9;
    stack([x]).data[0] = 9;
    expect(x.toArray()).toEqual([[1, 2]]);
    expect([concat([x, x.to("float64")]).dtype, stack([x.to("float64"), x]).dtype]).toEqual(["float64", "float64"]);
    expect([concat([x, x]).dtype, stack([x, x]).dtype]).toEqual(["float32", "float32"]);
  });

  test("refuse tensors that do not fit, and no tensors", () => {
    const differ =
      "concat expects tensors that differ in dim 1 only, but got [2, 3] and, as tensor 1, [3, 3]. Usual cause: the wrong dimension, or an image of another size.";
    expectError(() => concat([zeros([2, 3]), asDynamic(zeros([3, 3]))], 1), ShapeError, differ);
    expectError(
      () => concat([zeros([2]), zeros([2]), asDynamic(zeros([2, 1]))]),
      ShapeError,
      "concat expects tensors that differ in dim 0 only, but got [2] and, as tensor 2, [2, 1]. Usual cause: the wrong dimension, or an image of another size.",
    );
    expectError(() => concat([asDynamic(zeros([2]))], 1), ShapeError, dimError("concat", 1, 1, "[2]"));
    expectError(
      () => stack([zeros([2]), asDynamic(zeros([3]))]),
      ShapeError,
      "stack expects tensors of equal shapes, but got [2] and, as tensor 1, [3]. Usual cause: images of several sizes, or concat where a dimension exists already.",
    );
    expectError(() => stack([asDynamic(zeros([2]))], 2), ShapeError, dimError("stack", 2, 2, "[2, 1]"));
    for (const [who, run] of [
      ["concat", concat],
      ["stack", stack],
    ] as const) {
      const text = `${who} expects an array of at least one Tensor. Usual cause: tensors given one by one; write ${who}([a, b], 0).`;
      expectError(() => run([] as unknown as Tensor[]), ArgumentError, text);
      expectError(() => run(zeros([2]) as unknown as Tensor[]), ArgumentError, text);
      expectError(() => run([[1, 2]] as unknown as Tensor[]), ArgumentError, text);
    }
  });
});

describe("pad", () => {
  const side = fc.integer({ min: -2, max: 3 });
  /** A tensor and pairs for some of its last dimensions, which leave something of each. */
  const cases = tensors(4, 1).chain((x) =>
    fc
      .nat(x.rank)
      .chain((count) => fc.tuple(...Array.from({ length: count }, () => fc.tuple(side, side))))
      .map((pairs) => ({
        x,
        pairs: pairs.map(([before, after], i): [number, number] => {
          const extent = x.shape.at(-1 - i)!;
          const fits = Math.min(before, after) >= -extent && extent + before + after >= 1;
          return fits ? [before, after] : [Math.abs(before), Math.abs(after)];
        }),
      })),
  );

  /** Which position of a dimension the padded position i shows; undefined outside. */
  const source = {
    constant: (i: number, extent: number) => (i >= 0 && i < extent ? i : undefined),
    reflect: (i: number, extent: number) => (i < 0 ? -i : i < extent ? i : 2 * (extent - 1) - i),
    replicate: (i: number, extent: number) => Math.min(Math.max(i, 0), extent - 1),
    circular: (i: number, extent: number) => (i + extent) % extent,
  };

  test.each(["constant", "reflect", "replicate", "circular"] as const)(
    "%s shows at every position what its definition says, on any dimensions, cropping where negative",
    (mode) => {
      fc.assert(
        fc.property(cases, ({ x, pairs }) => {
          const most = (extent: number) => (mode === "reflect" ? extent - 1 : mode === "circular" ? extent : Infinity);
          const capped = pairs.map((pair, i) => pair.map((n) => Math.min(n, most(x.shape.at(-1 - i)!))));
          fc.pre(capped.every(([before, after], i) => x.shape.at(-1 - i)! + before! + after! >= 1));
          const before = x.shape.map((_, dim) => capped[x.rank - 1 - dim]?.[0] ?? 0);
          const after = x.shape.map((_, dim) => capped[x.rank - 1 - dim]?.[1] ?? 0);
          const want = build(
            x.shape.map((extent, dim) => extent + before[dim]! + after[dim]!),
            (index) => {
              const from = index.map((i, dim) => source[mode](i - before[dim]!, x.shape[dim]!));
              return from.some((i) => i === undefined) ? -7 : x.at(...(from as number[]));
            },
          );
          expectSame(x.pad(capped.flat(), { mode, value: -7 }), want);
        }),
      );
    },
  );

  test("fills with 0 by default, in torch's order: left, right, top, bottom", () => {
    expect(
      tensor([[1, 2]])
        .pad([1, 2, 0, 1])
        .toArray(),
    ).toEqual([
      [0, 1, 2, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
    expect(tensor([1, 2, 3]).pad([-1, -1]).toArray()).toEqual([2]);
    expect(zeros([2, 0]).pad([1, 1], { value: 3 }).toArray()).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });

  test("refuses what it cannot do", () => {
    const x = zeros([2, 3]);
    const pairs = "Tensor.pad expects integers in pairs, before and after each dimension from the last one";
    expectError(() => x.pad([1]), ArgumentError, `${pairs}, but got [1].`);
    expectError(() => x.pad([1, 0.5]), ArgumentError, `${pairs}, but got [1, 0.5].`);
    expectError(() => x.pad(1 as unknown as number[]), ArgumentError, `${pairs}, but got 1.`);
    expectError(
      () => x.pad([1, 1, 1, 1, 1, 1]),
      ShapeError,
      "Tensor.pad expects pairs for at most the 2 dimensions of [2, 3], but got 3 in [1, 1, 1, 1, 1, 1].",
    );
    expectError(
      () => x.pad([1, 1], { mode: "zeros" as "constant" }),
      ArgumentError,
      'Tensor.pad expects mode to be one of "constant", "reflect", "replicate", "circular", but got "zeros".',
    );
    expectError(
      () => x.pad([3, 0], { mode: "reflect" }),
      ShapeError,
      'Tensor.pad expects "reflect" padding of at most 2 on each side of a dimension of 3, but got 3 (input [2, 3]). Usual cause: an input that earlier layers made too small.',
    );
    expectError(
      () => x.pad([0, 0, 0, 3], { mode: "circular" }),
      ShapeError,
      'Tensor.pad expects "circular" padding of at most 2 on each side of a dimension of 2, but got 3 (input [2, 3]). Usual cause: an input that earlier layers made too small.',
    );
    expectError(
      () => x.pad([-2, -1]),
      ShapeError,
      "Tensor.pad expects to leave at least one of the 3 elements of a dimension, but its padding is -2 before and -1 after (input [2, 3]). Usual cause: a negative padding, which crops.",
    );
  });
});
