/** The worked numbers of the lecture that the project grew from. */
import { describe, expect, test } from "vitest";
import { AvgPool2d, Conv2d, Linear, MaxPool2d } from "../src/index.js";
import { Tensor } from "../src/tensor/tensor.js";
import { expectClose } from "./support/fixtures.js";
import { normal } from "./support/layers.js";

/** An image of one channel, `[1, H, W]`. */
function image(rows: number[][]): Tensor {
  return new Tensor(Float32Array.from(rows.flat()), [1, rows.length, rows[0]!.length]);
}

/** A convolution of one channel with a kernel that is given instead of learned. */
function filter(kernel: number[][], options: { padding?: number } = {}): Conv2d {
  const conv = new Conv2d(1, 1, [kernel.length, kernel[0]!.length], { ...options, bias: false });
  conv.weight.value.data.set(kernel.flat());
  return conv;
}

function rowsOf(map: Tensor): number[][] {
  const width = map.shape.at(-1)!;
  return Array.from({ length: map.size / width }, (_, i) => [...map.data.slice(i * width, (i + 1) * width)]);
}

describe("convolution by hand", () => {
  test("a 5 × 5 image under a 3 × 3 kernel: 51 first, and the eight sums after it", () => {
    const x = image([
      [2, 4, 9, 1, 4],
      [2, 1, 4, 4, 6],
      [1, 1, 2, 9, 2],
      [7, 3, 5, 1, 3],
      [2, 3, 4, 8, 5],
    ]);
    const kernel = [
      [1, 2, 3],
      [-4, 7, 4],
      [2, -5, 1],
    ];
    // 51 = (2 + 8 + 27) + (−8 + 7 + 16) + (2 − 5 + 2)
    expect(rowsOf(filter(kernel).forward(x))).toEqual([
      [51, 66, 20],
      [31, 49, 101],
      [15, 53, -2],
    ]);
  });

  test("a 6 × 6 image under the vertical edge filter: 2 first; each entry is one column sum minus another", () => {
    const rows = [
      [4, 9, 2, 5, 8, 3],
      [5, 6, 2, 4, 0, 3],
      [2, 4, 5, 4, 5, 2],
      [5, 6, 5, 4, 7, 8],
      [5, 7, 7, 9, 2, 1],
      [5, 8, 5, 3, 8, 4],
    ];
    const edges = [
      [1, 0, -1],
      [1, 0, -1],
      [1, 0, -1],
    ];
    // Row 0: the sums of three rows are 11 19 9 13 13 8, so 11 − 9, 19 − 13, 9 − 13, 13 − 8.
    expect(rowsOf(filter(edges).forward(image(rows)))).toEqual([
      [2, 6, -4, 5],
      [0, 4, 0, -1],
      [-5, 0, 3, 6],
      [-2, 5, 0, 3],
    ]);
  });
});

describe("sharpening = 2 · identity − box blur / 9", () => {
  const grid = (entry: (i: number, j: number) => number) => [0, 1, 2].map((i) => [0, 1, 2].map((j) => entry(i, j)));
  const identity = grid((i, j) => (i === 1 && j === 1 ? 1 : 0));
  const box = grid(() => 1);
  const sharpen = grid((i, j) => 2 * identity[i]![j]! - box[i]![j]! / 9);

  test("as kernels: −1/9 around 17/9, which sum to 1, so that flat areas keep their brightness", () => {
    expect(sharpen[1]![1]).toBeCloseTo(17 / 9, 12);
    expect(sharpen.flat().filter((_, at) => at !== 4)).toEqual(new Array(8).fill(-1 / 9));
    const flat = image(grid(() => 7));
    expect(filter(sharpen).forward(flat).data[0]).toBeCloseTo(7, 5);
  });

  test("as images: the sharpened image is twice the image minus the blurred one", () => {
    const x = normal([1, 12, 9], 1);
    const sharpened = filter(sharpen, { padding: 1 }).forward(x);
    const blurred = filter(box, { padding: 1 }).forward(x);
    const same = filter(identity, { padding: 1 }).forward(x);
    expect(same.data).toEqual(x.data);
    const want = x.data.map((value, i) => 2 * value - blurred.data[i]! / 9);
    expectClose(sharpened, { data: want, shape: x.shape }, "sharpened");
  });
});

describe("why convolution: weights", () => {
  test("150 × 150 pixels fully connected to 100 neurons: 2,250,000 weights", () => {
    const layer = new Linear(150 * 150, 100, { bias: false });
    expect(layer.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(2_250_000);
  });

  test("64 filters of 9 × 9: 5,184 weights, however large the image", () => {
    const conv = new Conv2d(1, 64, 9, { bias: false });
    expect(conv.parameters().reduce((sum, { value }) => sum + value.size, 0)).toBe(5_184);
  });

  // The lecture counts 150 − 9 = 141 and 150 − 100 = 50. A k-wide kernel has 150 − k + 1 positions in a row of 150,
  // one more; the lecture's maps are those of an image of 149 × 149.
  test("64 filters of 9 × 9 give 64 maps of 141 × 141 for 149 × 149, and of 142 × 142 for 150 × 150", () => {
    const conv = new Conv2d(1, 64, 9, { bias: false });
    expect(conv.outputShape([1, 149, 149])).toEqual([64, 141, 141]);
    expect(conv.outputShape([1, 150, 150])).toEqual([64, 142, 142]);
  });

  test("a filter of 100 × 100 gives a map of 50 × 50 for 149 × 149, and of 51 × 51 for 150 × 150", () => {
    const conv = new Conv2d(1, 1, 100, { bias: false });
    expect(conv.outputShape([1, 149, 149])).toEqual([1, 50, 50]);
    expect(conv.outputShape([1, 150, 150])).toEqual([1, 51, 51]);
    const ones = new Tensor(new Float32Array(149 * 149).fill(1), [1, 149, 149]);
    conv.weight.value.data.fill(1);
    const y = conv.forward(ones);
    expect(y.shape).toEqual([1, 50, 50]);
    expect(y.data.every((value) => value === 100 * 100)).toBe(true);
  });

  test("the same convolution layer runs on any input size, and a crop of the image gives that crop of the map", () => {
    const conv = new Conv2d(1, 2, 3);
    const shapes = [
      [1, 3, 3],
      [1, 28, 28],
      [4, 1, 17, 40],
    ];
    expect(shapes.map((shape) => conv.forward(normal(shape, 1)).shape)).toEqual([
      [2, 1, 1],
      [2, 26, 26],
      [4, 2, 15, 38],
    ]);
    const whole = normal([1, 8, 8], 1);
    const corner = image(rowsOf(whole).slice(0, 5).map((row) => row.slice(0, 5))); // biome-ignore format: one line
    const cornerMap = rowsOf(conv.forward(corner)).slice(0, 3);
    expect(cornerMap).toEqual(rowsOf(conv.forward(whole)).slice(0, 3).map((row) => row.slice(0, 3))); // biome-ignore format: one line
  });
});

describe("pooling 2 × 2 with stride 2", () => {
  const x = image([
    [1, 3, 2, 13],
    [5, 7, 4, 1],
    [8, 2, 0, 6],
    [4, 10, 6, 16],
  ]);

  test("max pooling keeps the largest of every four", () => {
    expect(rowsOf(new MaxPool2d(2).forward(x))).toEqual([
      [7, 13],
      [10, 16],
    ]);
  });

  test("average pooling keeps the mean of every four", () => {
    expect(rowsOf(new AvgPool2d(2).forward(x))).toEqual([
      [4, 5],
      [6, 7],
    ]);
  });

  test("both halve height and width, and drop an odd row or column", () => {
    for (const pool of [new MaxPool2d(2, { stride: 2 }), new AvgPool2d(2, { stride: 2 })]) {
      expect(pool.outputShape([64, 142, 142])).toEqual([64, 71, 71]);
      expect(pool.outputShape([64, 141, 141])).toEqual([64, 70, 70]);
    }
  });
});
