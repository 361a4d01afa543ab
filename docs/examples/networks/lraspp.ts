/** Lite R-ASPP, Howard et al. 2019, https://arxiv.org/abs/1905.02244, under torchvision's keys. */
import { AdaptiveAvgPool2d, Conv2d, graph, ReLU, Sequential, Sigmoid } from "faltung";
import { convNorm } from "./blocks.js";
import { DILATED, mobileNetV3Features } from "./mobilenetv3.js";

export const lraspp = (numClasses = 21) =>
  graph(
    ["N", 3, "H", "W"],
    {
      backbone: mobileNetV3Features(DILATED, 160),
      classifier: {
        cbr: convNorm(960, 128, 1, {}, new ReLU()),
        scale: new Sequential(new AdaptiveAvgPool2d(1), new Conv2d(960, 128, 1, { bias: false }), new Sigmoid()),
        low_classifier: new Conv2d(40, numClasses, 1),
        high_classifier: new Conv2d(128, numClasses, 1),
      },
    },
    ({ backbone, classifier: { cbr, scale, low_classifier, high_classifier } }, x) => {
      const low = x.through(...backbone.layers.slice(0, 5));
      const high = low.through(...backbone.layers.slice(5));
      const gated = cbr.of(high).mul(scale.of(high)).resizeLike(low, { mode: "bilinear" });
      return low_classifier.of(low).add(high_classifier.of(gated)).resizeLike(x, { mode: "bilinear" });
    },
  );
