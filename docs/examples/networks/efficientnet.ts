/** EfficientNet-B0, Tan & Le 2019, https://arxiv.org/abs/1905.11946, under torchvision's keys. */
import { Dropout, Linear, Sequential, Sigmoid, SiLU, StochasticDepth } from "faltung";
import { classify, convNorm, invertedResidual, squeezeExcitation } from "./blocks.js";

/** Expansion, kernel, the first block's stride, channels of the input and of the output, blocks, blocks before these. */
const STAGES = [
  [1, 3, 1, 32, 16, 1, 0],
  [6, 3, 2, 16, 24, 2, 1],
  [6, 5, 2, 24, 40, 2, 3],
  [6, 3, 2, 40, 80, 3, 5],
  [6, 5, 1, 80, 112, 3, 8],
  [6, 5, 2, 112, 192, 4, 11],
  [6, 3, 1, 192, 320, 1, 15],
] as const;

export function efficientNetB0(numClasses = 1000) {
  const stages = STAGES.map(([expansion, kernel, stride, from, to, blocks, before]) => {
    const block = (from: number, stride: number, nth: number) => {
      const gate = squeezeExcitation(expansion * from, from / 4, new SiLU(), new Sigmoid());
      const drop = new StochasticDepth((0.2 * nth) / 16, "row");
      return invertedResidual(from, expansion * from, to, kernel, { stride, Activation: SiLU, gate, drop });
    };
    const others = Array.from({ length: blocks - 1 }, (_, i) => block(to, 1, before + 1 + i));
    return new Sequential(block(from, stride, before), ...others);
  });
  const features = [convNorm(3, 32, 3, { stride: 2 }, new SiLU()), ...stages, convNorm(320, 1280, 1, {}, new SiLU())];
  return classify(new Sequential(...features), new Dropout(0.2), new Linear(1280, numClasses));
}
