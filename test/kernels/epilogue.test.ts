/** An epilogue gives the bits of the layers one by one: the convolution or Linear, then norm, then sum, then activation. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { run } from "../../src/kernels/backend.js";
import type { Epilogue, PiecewiseLinear } from "../../src/kernels/epilogue.js";
import { algorithmOf } from "../../src/kernels/wasm/conv.js";
import { hardtanh } from "../../src/layers/activations/hardtanh.js";
import { leakyRelu } from "../../src/layers/activations/leaky-relu.js";
import { conv2d, convKernels } from "../../src/ops/conv2d.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import { linear, linearKernels } from "../../src/ops/linear.js";
import { mergeKernels } from "../../src/ops/merge.js";
import { normKernels } from "../../src/ops/norm.js";
import { relu } from "../../src/ops/relu.js";
import { type ConvGeometry, convGeometry, convSettings } from "../../src/shape/conv.js";
import { linearGeometry } from "../../src/shape/linear.js";
import { batchNormGeometry } from "../../src/shape/norm.js";
import { randn } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import type { DType } from "../../src/tensor/storage.js";
import { eachBackend } from "../support/backends.js";
import { arrays } from "../support/wasm.js";

const upTo = (max: number, min = 1) => fc.integer({ min, max });

/** Convolutions of every algorithm: of one image or batches, of many channels or few, by any option that fits. */
const geometry = fc
  .record({
    groups: fc.constantFrom(1, 1, 1, 2, 4),
    inPerGroup: fc.constantFrom(1, 3, 8, 34, 98),
    outPerGroup: fc.constantFrom(1, 3, 16, 34),
    batch: fc.constantFrom(1, 2, 5, 12, 33),
    kernel: fc.constantFrom(1, 2, 3, 3, 4, 5, 7),
    stride: fc.constantFrom(1, 1, 2),
    padded: fc.boolean(),
    extra: fc.tuple(upTo(14, 0), upTo(14, 0)),
    algorithm: fc.constantFrom(
      "auto" as const,
      "auto" as const,
      "im2col" as const,
      "direct" as const,
      "winograd" as const,
    ),
  })
  .map(({ groups, inPerGroup, outPerGroup, batch, kernel, stride, padded, extra, algorithm }) => {
    // Many images come with few channels, to keep the reference fast.
    const [inputs, outputs] =
      batch < 5 ? [inPerGroup, outPerGroup] : [Math.min(8, inPerGroup), Math.min(16, outPerGroup)];
    const taps = Math.ceil(kernel / stride);
    const isTiled = groups === 1 && taps >= 2 && taps <= 5;
    const settings = convSettings("Conv2d", groups * inputs, groups * outputs, kernel, {
      ...{ stride, padding: padded ? kernel >> 1 : 0, groups },
      algorithm: algorithm === "winograd" && !isTiled ? "auto" : algorithm,
    });
    return convGeometry(settings, [batch, groups * inputs, kernel + extra[0], kernel + extra[1]]);
  });

/** LeNet's second convolution and its like, which go along rows. */
const rows = fc
  .record({ batch: upTo(34, 12), inChannels: upTo(8, 5), outChannels: upTo(20, 14), size: upTo(15, 9) })
  .map(({ batch, inChannels, outChannels, size }) =>
    convGeometry(convSettings("Conv2d", inChannels, outChannels, 5, {}), [batch, inChannels, size, size]),
  );

const activations: readonly PiecewiseLinear[] = [
  { slope: 1, min: 0, max: Infinity },
  { slope: 1, min: 0, max: 6 },
  { slope: 0.1, min: -Infinity, max: Infinity },
  { slope: -0.5, min: -0.3, max: 0.2 },
];

/** What there is of an epilogue. */
const parts = fc.record({
  bias: fc.boolean(),
  norm: fc.constantFrom(undefined, "affine" as const, "constants" as const),
  sum: fc.constantFrom(undefined, "apart" as const, "in place" as const),
  activation: fc.constantFrom(undefined, ...activations),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

/** A number that stands somewhere in x, the weights, the bias or what is added. */
const special = fc.option(
  fc.record({ array: fc.nat(3), at: fc.nat(), value: fc.constantFrom(NaN, Infinity, -Infinity, 1e30, 0) }),
  { freq: 2 },
);
type Special = typeof special extends fc.Arbitrary<infer T> ? T : never;

const SIZES = { float32: Float32Array, float64: Float64Array };

/** Runs `forward` with the epilogue and without, and the rest of the latter layer by layer; expects the same bits. */
function compare(
  dtype: DType,
  sizes: { x: number; weight: number; channels: number; rows: number; inner: number },
  { bias: hasBias, norm, sum, activation }: Parts,
  odd: Special,
  seed: number,
  forward: (arrays: Operands, y: Numbers, epilogue?: Epilogue<Numbers>) => void,
): void {
  const { channels, rows, inner } = sizes;
  const length = channels * rows * inner;
  const lengths = [sizes.x, sizes.weight, channels, length, length, length, channels, channels] as const;
  const made = dtype === "float32" ? arrays(...lengths) : lengths.map((size) => new Float64Array(size));
  const [x, weight, bias, added, y, want, scale, shift] = made as Tuple8<Numbers>;
  const random = new Random(seed >>> 0);
  for (const array of made) for (let i = 0; i < array.length; i++) array[i] = random.normal();
  if (odd) {
    const array = [x, weight, bias, added][odd.array]!;
    array[odd.at % array.length] = odd.value;
  }
  const moments = [0, 1].map(() => Float64Array.from({ length: channels }, () => Math.abs(random.normal())));
  const affine = norm === "affine";
  const frozen = norm && {
    ...{ mean: moments[0]!, variance: moments[1]!, eps: 1e-5 },
    ...{ weight: affine ? scale : undefined, bias: affine ? shift : undefined },
  };
  const operands = { x, weight, bias: hasBias ? bias : undefined };

  forward(operands, want);
  if (frozen) {
    const g = batchNormGeometry(channels, inner === 1 ? [rows, channels] : [rows, channels, inner]);
    const { mean, variance, eps } = frozen;
    run(normKernels, [want, frozen.weight, frozen.bias], (kernels, y, weight, bias) =>
      kernels.forward(g, eps, y, mean, variance, weight, bias, y),
    );
  }
  if (sum) run(mergeKernels, [want, added], (kernels, y, added) => kernels.add(y, added, y));
  if (activation) activate(dtype, want, activation);

  if (sum === "in place") y.set(added);
  const before = added.slice();
  forward(operands, y, {
    norm: frozen,
    sum: sum && (sum === "in place" ? y : added),
    activation,
    kernels: epilogueKernels,
  });
  expectSameBits(y, want);
  expectSameBits(added, before);
  if (dtype === "float64") return;
  const [before16, after16] = [-64, y.byteLength].map(
    (offset) => new Float32Array(y.buffer, y.byteOffset + offset, 16),
  );
  expect(before16!.every(Number.isNaN) && after16!.every(Number.isNaN)).toBe(true);
}

type Numbers = Float32Array | Float64Array;
type Tuple8<T> = [T, T, T, T, T, T, T, T];
interface Operands {
  readonly x: Numbers;
  readonly weight: Numbers;
  readonly bias: Numbers | undefined;
}

/** By the kernels of LeakyReLU, ReLU and Hardtanh, with numbers in the precision in which their op hands them over. */
function activate(dtype: DType, y: Numbers, { slope, min, max }: PiecewiseLinear): void {
  const [p, low, high] = SIZES[dtype].of(slope, min, max) as unknown as [number, number, number];
  if (slope !== 1) run(leakyRelu, [y], (kernels, y) => kernels.forward(y, y, { negativeSlope: p }));
  if (min === 0 && max === Infinity) run(relu, [y], (kernels, y) => kernels.forward(y, y, {}));
  else if (min > -Infinity || max < Infinity) {
    run(hardtanh, [y], (kernels, y) => kernels.forward(y, y, { min: low, max: high }));
  }
}

function expectSameBits(got: Numbers, want: Numbers): void {
  const wrong = got.findIndex((value, i) => !Object.is(value, want[i]));
  expect(wrong < 0 ? "the same" : `${got[wrong]} and not ${want[wrong]} at ${wrong}`).toBe("the same");
}

function compareConv(dtype: DType, g: ConvGeometry, some: Parts, odd: Special, seed: number): void {
  const sizes = {
    x: g.batch * g.inChannels * g.height * g.width,
    weight: (g.outChannels * g.inChannels * g.kernelHeight * g.kernelWidth) / g.groups,
    ...{ channels: g.outChannels, rows: g.batch, inner: g.outHeight * g.outWidth },
  };
  compare(dtype, sizes, some, odd, seed, ({ x, weight, bias }, y, epilogue) =>
    run(convKernels, [x, weight, bias, y, epilogue?.sum], (kernels, x, weight, bias, y, sum) =>
      kernels.forward(g, x, weight, bias, y, epilogue && { ...epilogue, sum }),
    ),
  );
}

eachBackend("epilogue", () => {
  test("of a convolution, whatever its geometry, algorithm and batch", () => {
    fc.assert(
      fc.property(geometry, parts, special, fc.integer(), (g, some, odd, seed) =>
        compareConv("float32", g, some, odd, seed),
      ),
      { numRuns: 150 },
    );
  });

  test("of a convolution by tiles along rows", () => {
    fc.assert(
      fc.property(rows, parts, special, fc.integer(), (g, some, odd, seed) =>
        compareConv("float32", g, some, odd, seed),
      ),
      { numRuns: 40 },
    );
  });

  test("of a convolution in double precision", () => {
    fc.assert(
      fc.property(geometry, parts, special, fc.integer(), (g, some, odd, seed) =>
        compareConv("float64", g, some, odd, seed),
      ),
      { numRuns: 20 },
    );
  });

  test("of Linear, of one row and of many", () => {
    const sizes = fc.record({
      rows: fc.constantFrom(1, 2, 7, 40),
      inFeatures: fc.constantFrom(1, 5, 50, 800),
      outFeatures: fc.constantFrom(1, 3, 10, 101),
    });
    fc.assert(
      fc.property(
        sizes,
        parts,
        special,
        fc.integer(),
        fc.constantFrom("float32" as const, "float64" as const),
        ({ rows, inFeatures, outFeatures }, some, odd, seed, dtype) => {
          const g = linearGeometry("Linear", inFeatures, outFeatures, [rows, inFeatures]);
          const all = { x: rows * inFeatures, weight: inFeatures * outFeatures, channels: outFeatures, rows, inner: 1 };
          compare(dtype, all, some, odd, seed, ({ x, weight, bias }, y, epilogue) =>
            run(linearKernels, [x, weight, bias, y, epilogue?.sum], (kernels, x, weight, bias, y, sum) =>
              kernels.forward(g, x, weight, bias, y, epilogue && { ...epilogue, sum }),
            ),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("of ops: the sum is another tensor, or takes the result", () => {
    const random = new Random(1);
    const x = randn([2, 3, 8, 8], { random });
    const weight = randn([4, 3, 3, 3], { random });
    const skip = randn([2, 4, 8, 8], { random });
    const g = convGeometry(convSettings("Conv2d", 3, 4, 3, { padding: 1 }), x.shape);
    const want = conv2d(g, x, weight, undefined, skip.shape).add(skip);
    expect(conv2d(g, x, weight, undefined, skip.shape, { sum: skip, kernels: epilogueKernels }).data).toEqual(
      want.data,
    );
    const own = skip.clone();
    expect(conv2d(g, x, weight, undefined, skip.shape, { sum: own, kernels: epilogueKernels }, own)).toBe(own);
    expect(own.data).toEqual(want.data);

    const [rows, matrix, other] = [randn([5, 6], { random }), randn([7, 6], { random }), randn([5, 7], { random })];
    const dense = linearGeometry("Linear", 6, 7, rows.shape);
    const sum = linear(dense, rows, matrix, undefined).add(other);
    expect(linear(dense, rows, matrix, undefined, { sum: other, kernels: epilogueKernels }).data).toEqual(sum.data);
    expect(linear(dense, rows, matrix, undefined, { sum: other, kernels: epilogueKernels }, other).data).toEqual(
      sum.data,
    );
  });
});

test("those convolutions take every algorithm", () => {
  const names = new Set([
    ...fc.sample(geometry, { numRuns: 500, seed: 1 }).map((g) => algorithmOf(g, "forward").name),
    ...fc.sample(rows, { numRuns: 50, seed: 1 }).map((g) => algorithmOf(g, "forward").name),
  ]);
  expect([...names].sort()).toEqual(["direct, chwn", "direct, sliding filters", "im2col", "winograd", "winograd rows"]);
});
