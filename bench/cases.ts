/** What is measured: the hot loops on shapes of well-known networks, on numbers from one seed. */
import { LeNet5 } from "../src/models/lenet5.js";
import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../src/ops/conv2d.js";
import { linear, linearInputGradient, linearWeightGradient } from "../src/ops/linear.js";
import { maxPool2d, maxPool2dBackward } from "../src/ops/pool2d.js";
import { convGeometry, convSettings, convShape } from "../src/shape/conv.js";
import { linearGeometry } from "../src/shape/linear.js";
import { poolGeometry, poolSettings } from "../src/shape/pool.js";
import { type Shape, sizeOf } from "../src/shape/shape.js";
import { zeros } from "../src/tensor/create.js";
import { Random } from "../src/tensor/random.js";
import { Tensor } from "../src/tensor/tensor.js";
import { CrossEntropyLoss } from "../src/train/losses/cross-entropy.js";
import { Adam } from "../src/train/optimisers/adam.js";
import { summary } from "../src/train/summary.js";

export interface Case {
  /** What `npm run bench -- WORD` looks for: `"conv vgg5 forward"`. */
  readonly name: string;
  /** The sizes, for the table. */
  readonly work: string;
  /** Floating-point operations of one run, a multiply-add counted as two; 0 where speed is not in flops. */
  readonly flops: number;
  /** Draws the numbers and returns what is timed. */
  readonly setUp: () => () => void;
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
    trainingStep(),
  ];
}

function convCases(name: string, { input, filters, kernel, stride = 1, padding = 0 }: ConvShape): Case[] {
  const settings = convSettings("Conv2d", input[1], filters, kernel, { stride, padding });
  const g = convGeometry(settings, input);
  const output = convShape(settings, input);
  const weights = [filters, input[1], kernel, kernel];
  const work = `${input.join("×")} → ${filters}, ${kernel}×${kernel}${stride > 1 ? `/${stride}` : ""}`;
  const flops = 2 * sizeOf(output) * input[1] * kernel * kernel;
  const forward = () => {
    const [x, weight, bias] = normals(input, weights, [filters]);
    return () => conv2d(g, x, weight, bias, output);
  };
  const inputGradient = () => {
    const [dy, weight] = normals(output, weights);
    return () => conv2dInputGradient(g, dy, weight, input);
  };
  const weightGradient = () => {
    const [x, dy] = normals(input, output);
    const [dweight, dbias] = [zeros(weights), zeros([filters])];
    return () => {
      conv2dWeightGradient(g, x, dy, dweight);
      conv2dBiasGradient(g, dy, dbias);
    };
  };
  return [
    { name: `conv ${name} forward`, work, flops, setUp: forward },
    { name: `conv ${name} input gradient`, work, flops, setUp: inputGradient },
    { name: `conv ${name} weight gradient`, work, flops, setUp: weightGradient },
  ];
}

function linearCases(name: string, rows: number, inFeatures: number, outFeatures: number): Case[] {
  const input = [rows, inFeatures];
  const output = [rows, outFeatures];
  const weights = [outFeatures, inFeatures];
  const g = linearGeometry("Linear", inFeatures, outFeatures, input);
  const work = `${rows}×${inFeatures} → ${outFeatures}`;
  const flops = 2 * rows * inFeatures * outFeatures;
  const forward = () => {
    const [x, weight, bias] = normals(input, weights, [outFeatures]);
    return () => linear(g, x, weight, bias);
  };
  const inputGradient = () => {
    const [dy, weight] = normals(output, weights);
    return () => linearInputGradient(g, dy, weight);
  };
  const weightGradient = () => {
    const [x, dy] = normals(input, output);
    const dweight = zeros(weights);
    return () => linearWeightGradient(g, x, dy, dweight);
  };
  return [
    { name: `linear ${name} forward`, work, flops, setUp: forward },
    { name: `linear ${name} input gradient`, work, flops, setUp: inputGradient },
    { name: `linear ${name} weight gradient`, work, flops, setUp: weightGradient },
  ];
}

function poolCases(name: string, shape: Shape): Case[] {
  const g = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", 2, {}), shape);
  const work = `${shape.join("×")}, 2×2/2`;
  const forward = () => {
    const [x] = normals(shape);
    return () => maxPool2d(g, x);
  };
  const inputGradient = () => {
    const { y, argmax } = maxPool2d(g, normals(shape)[0]);
    return () => maxPool2dBackward(g, y, argmax, shape);
  };
  return [
    { name: `maxpool ${name} forward`, work, flops: 0, setUp: forward },
    { name: `maxpool ${name} input gradient`, work, flops: 0, setUp: inputGradient },
  ];
}

/** Forward, loss, backward and optimiser step of LeNet-5 on one batch, as `fit` takes it. */
function trainingStep(): Case {
  const input = [64, 1, 28, 28];
  const { multiplyAdds, rows } = summary(new LeNet5(), input);
  // Forward and two gradients of every layer, but for the input gradient of the first.
  const flops = 2 * (3 * multiplyAdds - (rows[0]?.multiplyAdds ?? 0));
  const setUp = () => {
    const [x] = normals(input);
    const labels = Int32Array.from({ length: x.shape[0]! }, (_, i) => i % 10);
    const model = new LeNet5({ random: new Random(1) });
    const loss = new CrossEntropyLoss();
    const optimizer = new Adam(model.parameters());
    return () => {
      optimizer.zeroGrad();
      loss.forward(model.forward(x), labels);
      model.backward(loss.backward(), { inputGradient: false });
      optimizer.step();
    };
  };
  return { name: "train lenet5 step", work: `batch ${input[0]}, Adam`, flops, setUp };
}

/** A tensor of normal numbers for every shape, the same on every run. */
function normals<const Shapes extends readonly Shape[]>(...shapes: Shapes): { [K in keyof Shapes]: Tensor } {
  const random = new Random(1);
  return shapes.map((shape) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
    return new Tensor(data, shape);
  }) as { [K in keyof Shapes]: Tensor };
}
