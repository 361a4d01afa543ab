/** What is measured: the hot loops on shapes of well-known networks, on numbers from one seed. */
import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../src/ops/conv2d.js";
import { linear, linearInputGradient, linearWeightGradient } from "../src/ops/linear.js";
import { maxPool2d, maxPool2dBackward } from "../src/ops/pool2d.js";
import { convGeometry, convSettings, convShape } from "../src/shape/conv.js";
import { linearGeometry } from "../src/shape/linear.js";
import { poolGeometry, poolSettings } from "../src/shape/pool.js";
import { type Shape, sizeOf } from "../src/shape/shape.js";
import { Random } from "../src/tensor/random.js";
import { Tensor } from "../src/tensor/tensor.js";

export interface Case {
  /** What `npm run bench -- WORD` looks for: `"conv vgg5 forward"`. */
  readonly name: string;
  /** The sizes, for the table. */
  readonly work: string;
  /** Floating-point operations of one run, a multiply-add counted as two; 0 where speed is not in flops. */
  readonly flops: number;
  readonly run: () => void;
}

interface ConvShape {
  readonly input: readonly [batch: number, channels: number, height: number, width: number];
  readonly filters: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

const CONVOLUTIONS: Readonly<Record<string, ConvShape>> = {
  lenet1: { input: [32, 1, 28, 28], filters: 6, kernel: 5, padding: 2 },
  lenet2: { input: [32, 6, 14, 14], filters: 16, kernel: 5 },
  alex2: { input: [1, 64, 27, 27], filters: 192, kernel: 5, padding: 2 },
  vgg3_2: { input: [1, 256, 56, 56], filters: 256, kernel: 3, padding: 1 },
  vgg5: { input: [1, 512, 14, 14], filters: 512, kernel: 3, padding: 1 },
  res1: { input: [1, 3, 224, 224], filters: 64, kernel: 7, stride: 2, padding: 3 },
  res2: { input: [1, 64, 56, 56], filters: 64, kernel: 3, padding: 1 },
  res3ds: { input: [1, 64, 56, 56], filters: 128, kernel: 3, stride: 2, padding: 1 },
  res50_1x1: { input: [1, 256, 56, 56], filters: 64, kernel: 1 },
};

/** LeNet-5's other layers. */
const LINEARS: Readonly<Record<string, readonly [rows: number, inFeatures: number, outFeatures: number]>> = {
  lenet3: [32, 400, 120],
  lenet4: [32, 120, 84],
  lenet5: [32, 84, 10],
};
const POOLINGS: Readonly<Record<string, Shape>> = { lenet1: [32, 6, 28, 28], lenet2: [32, 16, 10, 10] };

export function cases(): Case[] {
  return [
    ...Object.entries(CONVOLUTIONS).flatMap(([name, shape]) => convCases(name, shape)),
    ...Object.entries(LINEARS).flatMap(([name, sizes]) => linearCases(name, ...sizes)),
    ...Object.entries(POOLINGS).flatMap(([name, shape]) => poolCases(name, shape)),
  ];
}

function convCases(name: string, { input, filters, kernel, stride = 1, padding = 0 }: ConvShape): Case[] {
  const settings = convSettings("Conv2d", input[1], filters, kernel, { stride, padding });
  const g = convGeometry(settings, input);
  const output = convShape(settings, input);
  const [x, weight, bias, dy] = normals(input, [filters, input[1], kernel, kernel], [filters], output);
  const [dweight, dbias] = [
    new Tensor(new Float32Array(weight.size), weight.shape),
    new Tensor(new Float32Array(filters), [filters]),
  ];
  const work = `${input.join("×")} → ${filters}, ${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""}`;
  const flops = 2 * sizeOf(output) * input[1] * kernel * kernel;
  return [
    { name: `conv ${name} forward`, work, flops, run: () => conv2d(g, x, weight, bias, output) },
    { name: `conv ${name} input gradient`, work, flops, run: () => conv2dInputGradient(g, dy, weight, input) },
    {
      name: `conv ${name} weight gradient`,
      work,
      flops,
      run: () => {
        conv2dWeightGradient(g, x, dy, dweight);
        conv2dBiasGradient(g, dy, dbias);
      },
    },
  ];
}

function linearCases(name: string, rows: number, inFeatures: number, outFeatures: number): Case[] {
  const g = linearGeometry("Linear", inFeatures, outFeatures, [rows, inFeatures]);
  const [x, weight, bias, dy] = normals(
    [rows, inFeatures],
    [outFeatures, inFeatures],
    [outFeatures],
    [rows, outFeatures],
  );
  const dweight = new Tensor(new Float32Array(weight.size), weight.shape);
  const work = `${rows}×${inFeatures} → ${outFeatures}`;
  const flops = 2 * rows * inFeatures * outFeatures;
  return [
    { name: `linear ${name} forward`, work, flops, run: () => linear(g, x, weight, bias) },
    { name: `linear ${name} input gradient`, work, flops, run: () => linearInputGradient(g, dy, weight) },
    { name: `linear ${name} weight gradient`, work, flops, run: () => linearWeightGradient(g, x, dy, dweight) },
  ];
}

function poolCases(name: string, shape: Shape): Case[] {
  const g = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", 2, {}), shape);
  const [x] = normals(shape);
  const { y, argmax } = maxPool2d(g, x);
  const work = `${shape.join("×")}, 2×2/2`;
  return [
    { name: `maxpool ${name} forward`, work, flops: 0, run: () => maxPool2d(g, x) },
    { name: `maxpool ${name} input gradient`, work, flops: 0, run: () => maxPool2dBackward(g, y, argmax, shape) },
  ];
}

/** A tensor of normal numbers for every shape, the same on every run. */
function normals<const Shapes extends readonly Shape[]>(...shapes: Shapes): { [K in keyof Shapes]: Tensor } {
  const random = new Random(1);
  return shapes.map((shape) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
    return new Tensor(data, shape);
  }) as { [K in keyof Shapes]: Tensor };
}
