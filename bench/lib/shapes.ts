/** Layers of well-known networks by their short names, the same for this library and its peers. */
import { Conv2d } from "../../src/layers/conv2d.js";
import { convShape } from "../../src/shape/conv.js";
import { sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";

export interface ConvWork {
  readonly name: string;
  readonly input: readonly [batch: number, channels: number, height: number, width: number];
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

type Sizes = ConvWork["input"];

function conv(name: string, input: Sizes, filters: number, kernel: number, stride = 1, padding = 0, groups = 1) {
  return { name, input, filters, kernel, stride, padding, groups };
}

/** Of LeNet-5, AlexNet, VGG-16, ResNet-18 and 50, and MobileNet. */
export const CONVOLUTIONS: readonly ConvWork[] = [
  conv("lenet1", [32, 1, 28, 28], 6, 5, 1, 2),
  conv("lenet2", [32, 6, 14, 14], 16, 5),
  conv("alex2", [1, 64, 27, 27], 192, 5, 1, 2),
  conv("vgg3_2", [1, 256, 56, 56], 256, 3, 1, 1),
  conv("vgg5", [1, 512, 14, 14], 512, 3, 1, 1),
  conv("res1", [1, 3, 224, 224], 64, 7, 2, 3),
  conv("res2", [1, 64, 56, 56], 64, 3, 1, 1),
  conv("res3ds", [1, 64, 56, 56], 128, 3, 2, 1),
  conv("res5", [1, 512, 7, 7], 512, 3, 1, 1),
  conv("res50_1x1", [1, 256, 56, 56], 64, 1),
  conv("depthwise", [1, 64, 56, 56], 64, 3, 1, 1, 64),
];

/** `"1×64×56×56 → 128, 3×3/2"` */
export function describe({ input, filters, kernel, stride, groups }: ConvWork): string {
  const step = stride > 1 ? `/${stride}` : "";
  return `${input.join("×")} → ${filters}, ${kernel}×${kernel}${step}${groups > 1 ? `, ${groups} groups` : ""}`;
}

/** The algorithms by which a forward is timed: the one that the shape chooses, and the one that every shape has. */
export const PATHS = ["auto", "im2col"] as const;
export type Path = (typeof PATHS)[number];

export function convLayer(
  { input, filters, kernel, stride, padding, groups }: ConvWork,
  algorithm: Path = "auto",
): Conv2d {
  return new Conv2d(input[1], filters, kernel as number, { stride, padding, groups, algorithm, random: new Random(1) });
}

export function outputOf(work: ConvWork): number[] {
  return convShape(convLayer(work), work.input);
}

/** Floating-point operations of one forward; a multiply-add counts as two. */
export function flopsOf(work: ConvWork): number {
  return (2 * sizeOf(outputOf(work)) * work.input[1] * work.kernel ** 2) / work.groups;
}

/** The same normal numbers on every run. */
export function normals(length: number, seed = 1): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}
