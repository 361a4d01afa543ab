/** MobileNetV3, Howard et al. 2019, https://arxiv.org/abs/1905.02244, under torchvision's keys. */
import { Dropout, Hardsigmoid, Hardswish, Linear, ReLU, Sequential } from "faltung";
import { classify, convNorm, invertedResidual, squeezeExcitation } from "./blocks.js";

/** Kernel; channels of the input, inside, of the output, of the gate or none; activation; stride; dilation. */
type Row = readonly [number, number, number, number, number, typeof ReLU | typeof Hardswish, number, number?];

const SMALL: readonly Row[] = [
  [3, 16, 16, 16, 8, ReLU, 2],
  [3, 16, 72, 24, 0, ReLU, 2],
  [3, 24, 88, 24, 0, ReLU, 1],
  [5, 24, 96, 40, 24, Hardswish, 2],
  [5, 40, 240, 40, 64, Hardswish, 1],
  [5, 40, 240, 40, 64, Hardswish, 1],
  [5, 40, 120, 48, 32, Hardswish, 1],
  [5, 48, 144, 48, 40, Hardswish, 1],
  [5, 48, 288, 96, 72, Hardswish, 2],
  [5, 96, 576, 96, 144, Hardswish, 1],
  [5, 96, 576, 96, 144, Hardswish, 1],
];

/** The large one, whose last three blocks dilate their kernels instead of halving the size: a backbone. */
export const DILATED: readonly Row[] = [
  [3, 16, 16, 16, 0, ReLU, 1],
  [3, 16, 64, 24, 0, ReLU, 2],
  [3, 24, 72, 24, 0, ReLU, 1],
  [5, 24, 72, 40, 24, ReLU, 2],
  [5, 40, 120, 40, 32, ReLU, 1],
  [5, 40, 120, 40, 32, ReLU, 1],
  [3, 40, 240, 80, 0, Hardswish, 2],
  [3, 80, 200, 80, 0, Hardswish, 1],
  [3, 80, 184, 80, 0, Hardswish, 1],
  [3, 80, 184, 80, 0, Hardswish, 1],
  [3, 80, 480, 112, 120, Hardswish, 1],
  [3, 112, 672, 112, 168, Hardswish, 1],
  [5, 112, 672, 160, 168, Hardswish, 1, 2],
  [5, 160, 960, 160, 240, Hardswish, 1, 2],
  [5, 160, 960, 160, 240, Hardswish, 1, 2],
];

/** Layers up to the last map, which has six times the channels of the last block. */
export function mobileNetV3Features(rows: readonly Row[], last: number) {
  const norm = { eps: 0.001, momentum: 0.01 };
  const blocks = rows.map(([kernel, from, hidden, to, squeezed, Activation, stride, dilation = 1]) => {
    const gate = squeezed > 0 ? squeezeExcitation(hidden, squeezed, new ReLU(), new Hardsigmoid()) : undefined;
    return invertedResidual(from, hidden, to, kernel, { stride, dilation, Activation, gate, ...norm });
  });
  const stem = convNorm(3, 16, 3, { stride: 2, ...norm }, new Hardswish());
  return new Sequential(stem, ...blocks, convNorm(last, 6 * last, 1, norm, new Hardswish()));
}

export function mobileNetV3Small(numClasses = 1000) {
  const head = [new Linear(576, 1024), new Hardswish(), new Dropout(0.2), new Linear(1024, numClasses)];
  return classify(mobileNetV3Features(SMALL, 96), ...head);
}
