import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arange, full, tensor, zeros } from "../../src/tensor/create.js";
import { tensors } from "../support/naive.js";

const lines = (...text: string[]) => text.join("\n");

describe("toString", () => {
  test("shows a scalar and an empty tensor on one line", () => {
    expect(String(tensor(3))).toBe("Tensor [] 3");
    expect(String(tensor(0.5))).toBe("Tensor [] 0.5000");
    expect(String(zeros([0]))).toBe("Tensor [0] (empty)");
    expect(String(zeros([2, 0, 3]))).toBe("Tensor [2, 0, 3] (empty)");
  });

  test("shows integers without decimals, in columns", () => {
    expect(String(tensor([[1, -20], [300, 4]]))).toBe(lines(
      "Tensor [2, 2]",
      "[[  1, -20],",
      " [300,   4]]",
    )); // biome-ignore format: as printed
  });

  test("shows fractions with 4 decimals, in columns", () => {
    expect(String(tensor([[1 / 3, -1], [10.5, 0]]))).toBe(lines(
      "Tensor [2, 2]",
      "[[ 0.3333, -1.0000],",
      " [10.5000,  0.0000]]",
    )); // biome-ignore format: as printed
  });

  test("shows powers of ten where 4 decimals would hide a number or crowd the line", () => {
    expect(String(tensor([1e-5, 1]))).toBe(lines("Tensor [2]", "[1.0000e-5, 1.0000e+0]"));
    expect(String(tensor([1.5, 3e10]))).toBe(lines("Tensor [2]", "[ 1.5000e+0, 3.0000e+10]"));
    expect(String(tensor([1e9]))).toBe(lines("Tensor [1]", "[1.0000e+9]"));
    expect(String(tensor([1e-4, 99999]))).toBe(lines("Tensor [2]", "[1.0000e-4, 9.9999e+4]"));
    expect(String(tensor([2e-4, 99999]))).toBe(lines("Tensor [2]", "[    0.0002, 99999.0000]"));
  });

  test("shows NaN and infinities, beside integers and fractions", () => {
    expect(String(tensor([1, Number.NaN, -Infinity]))).toBe(lines("Tensor [3]", "[        1,       NaN, -Infinity]"));
    expect(String(tensor([0.5, Infinity]))).toBe(lines("Tensor [2]", "[  0.5000, Infinity]"));
    expect(String(tensor([Number.NaN]))).toBe(lines("Tensor [1]", "[NaN]"));
  });

  test("separates matrices by a blank line and stacks of matrices by two", () => {
    expect(String(arange(8).reshape([2, 2, 2]))).toBe(lines(
      "Tensor [2, 2, 2]",
      "[[[0, 1],",
      "  [2, 3]],",
      "",
      " [[4, 5],",
      "  [6, 7]]]",
    )); // biome-ignore format: as printed
    expect(String(zeros([2, 1, 1, 1]))).toBe(lines("Tensor [2, 1, 1, 1]", "[[[[0]]],", "", "", " [[[0]]]]"));
  });

  test("names double precision", () => {
    expect(String(tensor([1]).to("float64"))).toBe(lines("Tensor [1] float64", "[1]"));
  });

  test("leaves out the middle of every dimension of more than 1000 elements", () => {
    expect(String(arange(1001))).toBe(lines("Tensor [1001]", "[   0,    1,    2, ...,  998,  999, 1000]"));
    expect(String(arange(1200).reshape([300, 4]))).toBe(lines(
      "Tensor [300, 4]",
      "[[   0,    1,    2,    3],",
      " [   4,    5,    6,    7],",
      " [   8,    9,   10,   11],",
      " ...,",
      " [1188, 1189, 1190, 1191],",
      " [1192, 1193, 1194, 1195],",
      " [1196, 1197, 1198, 1199]]",
    )); // biome-ignore format: as printed
    expect(String(full([7, 2, 100], 1))).toContain(" [[1, 1, 1, ..., 1, 1, 1],");
    expect(String(full([7, 2, 100], 1))).toContain("\n\n ...,\n\n");
    expect(String(arange(1000))).not.toContain("...");
  });

  test("breaks long rows at 80 characters", () => {
    expect(String(arange(30))).toBe(lines(
      "Tensor [30]",
      "[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17, 18,",
      " 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]",
    )); // biome-ignore format: as printed
    for (const line of String(full([2, 60], 1 / 3)).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("shows every element of a small tensor: reading the text back gives the tensor", () => {
    fc.assert(
      fc.property(tensors(4, 1), (x) => {
        const [head, ...body] = String(x).split("\n");
        expect(head).toContain(`Tensor [${x.shape.join(", ")}]`);
        const text = x.rank === 0 ? head!.slice("Tensor [] ".length) : body.join("");
        const shown = text
          .split(/[[\], ]+/)
          .filter((part) => part !== "")
          .map(Number);
        expect(shown).toHaveLength(x.size);
        shown.forEach((value, i) => {
          const want = x.data[i]!;
          if (!Number.isFinite(want)) expect(value).toBe(want);
          else expect(Math.abs(value - want)).toBeLessThanOrEqual(5.1e-5 * Math.max(1, Math.abs(want)));
        });
      }),
    );
  });
});

test("console.log shows a tensor as text, also inside an object", () => {
  expect(inspect(tensor([1, 2]))).toBe(lines("Tensor [2]", "[1, 2]"));
  expect(inspect({ x: tensor([1, 2]) })).toBe(lines("{", "  x: Tensor [2]", "  [1, 2]", "}"));
});
