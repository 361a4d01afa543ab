/** Convolutions, Linear layers and whole models: what multiplies. */
import { RELU } from "../../src/kernels/epilogue.js";
import { add } from "../../src/ops/arithmetic.js";
import { conv2d, conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../../src/ops/conv2d.js";
import { epilogueKernels } from "../../src/ops/epilogue.js";
import { linear, linearInputGradient, linearWeightGradient } from "../../src/ops/linear.js";
import { convGeometry, convSettings } from "../../src/shape/conv.js";
import { linearGeometry } from "../../src/shape/linear.js";
import { zeros } from "../../src/tensor/create.js";
import { innerForward, innerOps, residentNormals } from "../lib/inside.js";
import { lenetSteps, RESNET18, resnetSteps } from "../lib/networks.js";
import { CONVOLUTIONS, type ConvWork, convLayer, describe, flopsOf, outputOf, PATHS } from "../lib/shapes.js";
import type { Case } from "./case.js";

export function products(): Case[] {
  return [
    ...CONVOLUTIONS.flatMap(convCases),
    ...residuals(),
    ...Object.entries(LINEARS).flatMap(linearCases),
    ...steps(),
  ];
}

function convCases(shape: ConvWork): Case[] {
  const { name, input, filters } = shape;
  const [work, flops, output] = [describe(shape), flopsOf(shape), outputOf(shape)];
  const forward = PATHS.map((path): Case => {
    const setUp = () => {
      const layer = convLayer(shape, path).eval();
      const [x] = residentNormals(input);
      return () => innerForward(layer, x);
    };
    return { name: `conv ${name} forward${path === "auto" ? "" : ` ${path}`}`, work, flops, setUp };
  });
  const inputGradient = () => {
    const layer = convLayer(shape);
    const g = convGeometry(layer, input);
    const [dy] = residentNormals(output);
    return innerOps(() => conv2dInputGradient(g, dy, layer.weight.value, input));
  };
  const weightGradient = () => {
    const layer = convLayer(shape);
    const { weight, bias } = layer;
    const g = convGeometry(layer, input);
    const [x, dy] = residentNormals(input, output);
    const [dweight, dbias] = [weight.grad, bias?.grad ?? zeros([filters])];
    return innerOps(() => {
      conv2dWeightGradient(g, x, dy, dweight);
      conv2dBiasGradient(g, dy, dbias);
    });
  };
  return [
    ...forward,
    { name: `conv ${name} input gradient`, work, flops, setUp: inputGradient },
    { name: `conv ${name} weight gradient`, work, flops, setUp: weightGradient },
  ];
}

/** The end of ResNet-18's blocks, a convolution, the sum with what skipped it and ReLU, by one call or by two. */
function residuals(): Case[] {
  const sizes = [
    [64, 56],
    [128, 28],
    [256, 14],
    [512, 7],
  ] as const;
  return sizes.flatMap(([channels, size]) => {
    const shape = [1, channels, size, size];
    const g = convGeometry(convSettings("Conv2d", channels, channels, 3, { padding: 1 }), shape);
    const work = `1×${channels}×${size}×${size}, 3×3`;
    const flops = 2 * 9 * channels * channels * size * size;
    const made = () => residentNormals(shape, [channels, channels, 3, 3], shape);
    const fused = () => {
      const [x, weight, sum] = made();
      return innerOps(() =>
        conv2d(g, x, weight, undefined, shape, { sum, activation: RELU, kernels: epilogueKernels }),
      );
    };
    const inPlace = () => {
      const [x, weight, sum] = made();
      return innerOps(() =>
        conv2d(g, x, weight, undefined, shape, { sum, activation: RELU, kernels: epilogueKernels }, sum),
      );
    };
    const apart = () => {
      const [x, weight, skip] = made();
      return innerOps(() => add(conv2d(g, x, weight, undefined, shape), skip, true));
    };
    return Object.entries({ fused, "in place": inPlace, "by two": apart }).map(([name, setUp]) => {
      return { name: `residual ${channels} ${name}`, work, flops, setUp };
    });
  });
}

/** Of LeNet-5 and of AlexNet. */
const LINEARS: Readonly<Record<string, readonly [rows: number, inFeatures: number, outFeatures: number]>> = {
  lenet3: [32, 400, 120],
  lenet4: [32, 120, 84],
  lenet5: [32, 84, 10],
  alex7: [1, 4096, 4096],
};

function linearCases([name, [rows, inFeatures, outFeatures]]: typeof LINEARS extends Readonly<Record<string, infer V>>
  ? [string, V]
  : never): Case[] {
  const [input, output, weights] = [
    [rows, inFeatures],
    [rows, outFeatures],
    [outFeatures, inFeatures],
  ] as const;
  const g = linearGeometry("Linear", inFeatures, outFeatures, input);
  const work = `${rows}×${inFeatures} → ${outFeatures}`;
  const flops = 2 * rows * inFeatures * outFeatures;
  const forward = () => {
    const [x, weight, bias] = residentNormals(input, weights, [outFeatures]);
    return innerOps(() => linear(g, x, weight, bias));
  };
  const inputGradient = () => {
    const [dy, weight] = residentNormals(output, weights);
    return innerOps(() => linearInputGradient(g, dy, weight));
  };
  const weightGradient = () => {
    const [x, dy, dweight] = residentNormals(input, output, weights);
    return innerOps(() => linearWeightGradient(g, x, dy, dweight));
  };
  return [
    { name: `linear ${name} forward`, work, flops, setUp: forward },
    { name: `linear ${name} input gradient`, work, flops, setUp: inputGradient },
    { name: `linear ${name} weight gradient`, work, flops, setUp: weightGradient },
  ];
}

/** Forward, loss, backward and optimizer step, as `fit` takes them; and inference. */
function steps(): Case[] {
  const lenet = lenetSteps(64);
  const resnet = resnetSteps(4, 64);
  const inference = () => {
    const model = RESNET18.layer().eval();
    const [x] = residentNormals([1, 3, 224, 224]);
    return () => model.forward(x);
  };
  return [
    { name: "step lenet5", work: "64×1×28×28, Adam", flops: lenet.flops, setUp: () => lenet.start().step },
    { name: "step resnet18", work: "4×3×64×64, SGD", flops: resnet.flops, setUp: () => resnet.start().step },
    {
      name: "inference resnet18",
      work: "1×3×224×224",
      flops: 2 * RESNET18.multiplyAdds([1, 3, 224, 224]),
      setUp: inference,
      wasmOnly: true,
    },
  ];
}
