/** Every bad option and input of Conv2d, with the whole sentence that it gets. */
import { describe, expect, test } from "vitest";
import type { Layer } from "../../src/graph/layer.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import { asDynamic, Tensor } from "../../src/tensor/tensor.js";
import { expectError } from "../support/errors.js";
import { normal } from "../support/layers.js";

/** As plain JavaScript calls it, without the compiler's help. */
const LooseConv2d = Conv2d as unknown as new (...args: unknown[]) => Conv2d;

const WINOGRAD = 'Usual cause: an algorithm chosen by hand; "auto" takes this one wherever it pays.';
const ARITHMETIC = "Usual cause: a division without Math.floor, or an undefined variable.";

describe("Conv2d refuses options", () => {
  const cases: [what: string, args: unknown[], text: string][] = [
    ["no channels", [0, 6, 5], `Conv2d expects inChannels to be a positive integer, but got 0. ${ARITHMETIC}`],
    ["fractional channels", [3, 2.5, 5], `Conv2d expects outChannels to be a positive integer, but got 2.5. ${ARITHMETIC}`],
    ["missing channels", [undefined, 6, 5], `Conv2d expects inChannels to be a positive integer, but got undefined. ${ARITHMETIC}`],
    ["a kernel of size 0", [3, 6, 0], `Conv2d expects kernelSize to be a positive integer, but got 0. ${ARITHMETIC}`],
    ["a fractional kernel", [3, 6, [3, 1.5]], `Conv2d expects kernelSize to be a positive integer, but got 1.5. ${ARITHMETIC}`],
    ["a negative kernel", [3, 6, -3], `Conv2d expects kernelSize to be a positive integer, but got -3. ${ARITHMETIC}`],
    ["a missing kernel", [3, 6], "Conv2d expects kernelSize to be a number or [height, width], but got undefined."],
    ["a kernel of three sizes", [3, 6, [3, 3, 3]], "Conv2d expects kernelSize to be a number or [height, width], but got [3, 3, 3]."],
    ["an infinite kernel", [3, 6, Infinity], `Conv2d expects kernelSize to be a positive integer, but got Infinity. ${ARITHMETIC}`],
    ["stride 0", [3, 6, 3, { stride: 0 }], `Conv2d expects stride to be a positive integer, but got 0. ${ARITHMETIC}`],
    ["stride NaN", [3, 6, 3, { stride: NaN }], `Conv2d expects stride to be a positive integer, but got NaN. ${ARITHMETIC}`],
    ["dilation 0", [3, 6, 3, { dilation: [1, 0] }], `Conv2d expects dilation to be a positive integer, but got 0. ${ARITHMETIC}`],
    ["a negative padding", [3, 6, 3, { padding: -1 }], `Conv2d expects padding to be an integer ≥ 0, but got -1. ${ARITHMETIC}`],
    ["a fractional padding", [3, 6, 3, { padding: 0.5 }], `Conv2d expects padding to be an integer ≥ 0, but got 0.5. ${ARITHMETIC}`],
    ["an unknown padding", [3, 6, 3, { padding: "full" }], 'Conv2d expects padding to be one of "same", "valid", but got "full".'],
    ["no groups", [3, 6, 3, { groups: 0 }], `Conv2d expects groups to be a positive integer, but got 0. ${ARITHMETIC}`],
    ["groups that do not divide inChannels", [3, 6, 3, { groups: 2 }], "Conv2d expects inChannels to be a multiple of groups, but inChannels is 3 and groups is 2."],
    ["groups that do not divide outChannels", [4, 6, 3, { groups: 4 }], "Conv2d expects outChannels to be a multiple of groups, but outChannels is 6 and groups is 4."],
    ["an unknown paddingMode", [3, 6, 3, { paddingMode: "mirror" }], 'Conv2d expects paddingMode to be one of "zeros", "reflect", "replicate", "circular", but got "mirror".'],
    ['"same" with a stride', [3, 6, 3, { padding: "same", stride: [1, 2] }], 'Conv2d expects stride 1 with padding "same", but got stride 1 × 2. Usual cause: "same" keeps the input\'s size, which a stride cannot.'],
    ["an unknown algorithm", [3, 6, 3, { algorithm: "fft" }], 'Conv2d expects algorithm to be one of "auto", "im2col", "direct", "winograd", but got "fft".'],
    ["winograd for 6 × 6", [3, 6, 6, { algorithm: "winograd" }], `Conv2d expects a square kernelSize of 2 to 5 with algorithm "winograd", but got 6 × 6. ${WINOGRAD}`],
    ["winograd for 1 × 1", [3, 6, 1, { algorithm: "winograd" }], `Conv2d expects a square kernelSize of 2 to 5 with algorithm "winograd", but got 1 × 1. ${WINOGRAD}`],
    ["winograd for 3 × 5", [3, 6, [3, 5], { algorithm: "winograd" }], `Conv2d expects a square kernelSize of 2 to 5 with algorithm "winograd", but got 3 × 5. ${WINOGRAD}`],
    ["winograd for 2 × 2 with stride 2", [3, 6, 2, { algorithm: "winograd", stride: 2 }], `Conv2d expects a square kernelSize of 3 to 10 with algorithm "winograd", but got 2 × 2. ${WINOGRAD}`],
    ["winograd for 11 × 11", [3, 6, 11, { algorithm: "winograd", stride: 2 }], `Conv2d expects a square kernelSize of 3 to 10 with algorithm "winograd", but got 11 × 11. ${WINOGRAD}`],
    ["winograd with two strides", [3, 6, 3, { algorithm: "winograd", stride: [1, 2] }], `Conv2d expects stride 1 × 1 or 2 × 2 with algorithm "winograd", but got 1 × 2. ${WINOGRAD}`],
    ["winograd with stride 3", [3, 6, 3, { algorithm: "winograd", stride: 3 }], `Conv2d expects stride 1 × 1 or 2 × 2 with algorithm "winograd", but got 3 × 3. ${WINOGRAD}`],
    ["winograd with dilation", [3, 6, 3, { algorithm: "winograd", dilation: 2 }], `Conv2d expects dilation 1 × 1 with algorithm "winograd", but got 2 × 2. ${WINOGRAD}`],
    ["winograd for groups", [3, 6, 3, { algorithm: "winograd", groups: 3 }], `Conv2d expects groups 1 with algorithm "winograd", but got 3. ${WINOGRAD}`],
    ["winograd with wide padding", [3, 6, 3, { algorithm: "winograd", padding: [1, 3] }], `Conv2d expects padding up to 2 × 2 with algorithm "winograd", but got 1 × 3. ${WINOGRAD}`],
    ["winograd with padding as wide as a kernel", [3, 6, 7, { algorithm: "winograd", stride: 2, padding: 7 }], `Conv2d expects padding up to 6 × 6 with algorithm "winograd", but got 7 × 7. ${WINOGRAD}`],
    ["torch's positional stride", [3, 6, 3, 2], "Conv2d expects its options to be an object of stride, padding, dilation, groups, bias, paddingMode, algorithm, random, but got 2. Usual cause: torch's positional arguments are named here."],
  ]; // biome-ignore format: one line a case
  test.each(cases)("%s", (_, args, text) => expectError(() => new LooseConv2d(...args), ArgumentError, text));
});

describe("Conv2d refuses inputs", () => {
  const conv = new Conv2d(3, 6, 5);
  const refuses = (layer: Layer, shape: number[], text: string) => {
    expectError(() => layer.forward(normal(shape, 1)), ShapeError, text);
    expectError(() => layer.outputShape(shape), ShapeError, text);
  };

  test("of a wrong rank", () => {
    const cause =
      "Usual cause: images flattened too early, or a missing channel dimension: reshape them to [N, 1, H, W].";
    refuses(conv, [784], `Conv2d expects an input [N, C, H, W] or [C, H, W], but got [784]. ${cause}`);
    refuses(conv, [28, 28], `Conv2d expects an input [N, C, H, W] or [C, H, W], but got [28, 28]. ${cause}`);
    refuses(
      conv,
      [1, 1, 3, 8, 8],
      `Conv2d expects an input [N, C, H, W] or [C, H, W], but got [1, 1, 3, 8, 8]. ${cause}`,
    );
  });

  test("of wrong channels, with the cause that the rank makes likely", () => {
    refuses(
      conv,
      [2, 8, 8, 3],
      "Conv2d expects 3 channels, but its input [2, 8, 8, 3] has 8. Usual cause: channels stored last: permute([0, 3, 1, 2]) moves them.",
    );
    refuses(
      conv,
      [8, 8, 3],
      "Conv2d expects 3 channels, but its input [8, 8, 3] has 8. Usual cause: channels stored last: permute([2, 0, 1]) moves them.",
    );
    refuses(
      conv,
      [2, 1, 8, 8],
      "Conv2d expects 3 channels, but its input [2, 1, 8, 8] has 1. Usual cause: inChannels that differs from the data's, or from the previous outChannels.",
    );
    refuses(
      new Conv2d(1, 6, 5),
      [64, 28, 28],
      "Conv2d expects 1 channel, but its input [64, 28, 28] has 64. Usual cause: a batch without its channel dimension (3 dimensions are read as [C, H, W]): reshape it to [N, 1, H, W].",
    );
  });

  test("smaller than its kernel, padding and dilation counted", () => {
    const cause = "Usual cause: too many poolings or strides before this layer, or a missing padding.";
    refuses(
      conv,
      [1, 3, 4, 9],
      `Conv2d expects an input at least as large as its kernel, which covers 5 × 5, but the padded input is 4 × 9 (input [1, 3, 4, 9]). ${cause}`,
    );
    refuses(
      new Conv2d(1, 1, [3, 2], { dilation: 3, padding: [1, 0] }),
      [1, 4, 9],
      `Conv2d expects an input at least as large as its kernel, which covers 7 × 4, but the padded input is 6 × 9 (input [1, 4, 9]). ${cause}`,
    );
    expect(new Conv2d(1, 1, [3, 2], { dilation: 3, padding: [1, 0] }).outputShape([1, 5, 4])).toEqual([1, 1, 1]);
  });

  test("too small for the padding to mirror or wrap around", () => {
    const cause = "Usual cause: an input that earlier layers made too small.";
    refuses(
      new Conv2d(1, 1, 3, { padding: 2, paddingMode: "reflect" }),
      [1, 1, 2, 3],
      `Conv2d expects "reflect" padding of at most 1 on each side of a dimension of 2, but got 2 (input [1, 1, 2, 3]). ${cause}`,
    );
    refuses(
      new Conv2d(1, 1, 3, { padding: [0, 4], paddingMode: "circular" }),
      [1, 5, 3],
      `Conv2d expects "circular" padding of at most 3 on each side of a dimension of 3, but got 4 (input [1, 5, 3]). ${cause}`,
    );
  });

  test("that are no Tensor", () => {
    const loose = conv as unknown as { forward(x: unknown): unknown };
    const plain = "a plain array, or a tensor after JSON or postMessage, which tensor(data) converts";
    const text = (got: string, cause = plain) =>
      `Conv2d.forward expects a Tensor, but got ${got}. Usual cause: ${cause}.`;
    expectError(() => loose.forward([[1, 2], [3, 4]]), ArgumentError, text("[[…], […]]")); // biome-ignore format: one line
    expectError(() => loose.forward(new Float32Array(4)), ArgumentError, text("a Float32Array"));
    expectError(() => loose.forward(undefined), ArgumentError, text("undefined", "a missing argument or return"));
    expectError(() => loose.forward(null), ArgumentError, text("null"));
  });
});

describe("Conv2d's backward refuses", () => {
  const TWICE =
    "Conv2d.backward expects a forward before it, but none waits for its backward. Usual cause: backward called twice, before forward, or after 4 newer forwards (after 1 in eval mode, or that followed a backward).";
  const dy = normal([1, 2, 2, 2], 2);

  test("to run before forward, and twice after it", () => {
    const conv = new Conv2d(1, 2, 3);
    expectError(() => conv.backward(dy), StateError, TWICE);
    conv.forward(normal([1, 1, 4, 4], 1));
    conv.backward(dy);
    expectError(() => conv.backward(dy), StateError, TWICE);
  });

  test("a gradient of another shape than the output, and then takes the right one", () => {
    const conv = new Conv2d(1, 2, 3);
    conv.forward(normal([1, 1, 4, 4], 1));
    expectError(
      () => conv.backward(normal([1, 2, 4, 4], 2)),
      ShapeError,
      "Conv2d.backward expects the gradient of its output [1, 2, 2, 2], but got [1, 2, 4, 4]. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.",
    );
    expect(conv.weight.grad.data.every((g) => g === 0)).toBe(true);
    expect(conv.backward(dy).shape).toEqual([1, 1, 4, 4]);
  });
});

test("a refused forward leaves everything as it was: weights, gradients, and the backward that was due", () => {
  for (const mode of ["train", "eval"] as const) {
    const make = () => new Conv2d(2, 3, 3, { padding: 2, paddingMode: "reflect", random: new Random(1) })[mode]();
    const [conv, untouched] = [make(), make()];
    const x = normal([2, 2, 4, 4], 1);
    for (const layer of [conv, untouched]) layer.forward(x);
    for (const shape of [[2, 3, 4, 4], [2, 2], [2, 2, 1, 1], [2, 2, 2, 4]]) {
      expect(() => conv.forward(normal(shape, 1))).toThrow(ShapeError);
    } // biome-ignore format: one line
    expect(() => (conv as unknown as { forward(x: unknown): unknown }).forward([1])).toThrow(ArgumentError);
    const dy = normal([2, 3, 6, 6], 2);
    expect(conv.backward(dy).data).toEqual(untouched.backward(dy).data);
    expect(conv.training).toBe(mode === "train");
    conv.parameters().forEach((parameter, i) => {
      const want = untouched.parameters()[i]!;
      expect(parameter.value.data).toEqual(want.value.data);
      expect(parameter.grad.data).toEqual(want.grad.data);
    });
  }
});

test("an input with NaN reaches exactly the outputs whose kernel sees it", () => {
  const conv = new Conv2d(1, 1, 3, { padding: 1 });
  const x = new Tensor(new Float32Array(25), [1, 1, 5, 5]);
  x.data[6] = Number.NaN; // row 1, column 1
  const seen = [...conv.forward(x).data].map(Number.isNaN);
  const want = Array.from({ length: 25 }, (_, i) => Math.floor(i / 5) <= 2 && i % 5 <= 2);
  expect(seen).toEqual(want);
});

test("channels stored last are seen with alpha and without it", () => {
  const refused = (channels: number, cause: string, size = 32) =>
    expectError(
      () => new Conv2d(3, 1, 1).forward(asDynamic(zeros([2, 32, size, channels]))),
      ShapeError,
      `Conv2d expects 3 channels, but its input [2, 32, ${size}, ${channels}] has 32. Usual cause: ${cause}.`,
    );
  refused(3, "channels stored last: permute([0, 3, 1, 2]) moves them");
  refused(4, "channels stored last: permute([0, 3, 1, 2]) moves them, and slice drops alpha");
  const other = "inChannels that differs from the data's, or from the previous outChannels";
  refused(5, other);
  refused(4, other, 4); // 32 small maps
});
