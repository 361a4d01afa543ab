/** Networks as a user writes them are those of faltung/models: parameters, keys, shapes, and what they compute to the bit. */
import { expect, test } from "vitest";
import { efficientNetB0 } from "../../docs/examples/networks/efficientnet.js";
import { lraspp } from "../../docs/examples/networks/lraspp.js";
import { mobileNetV3Small } from "../../docs/examples/networks/mobilenetv3.js";
import { shuffleNetV2 } from "../../docs/examples/networks/shufflenetv2.js";
import { Quick } from "../../docs/models.js";
import { Dropout, type Layer, StochasticDepth, type Tensor } from "../../src/index.js";
import { EfficientNet, LRASPP, MobileNetV3, ShuffleNetV2 } from "../../src/models.js";
import { normal } from "../support/layers.js";

const random = new Quick(1);

const NETWORKS: Record<string, readonly [own: () => Layer, model: () => Layer]> = {
  shuffleNetV2: [shuffleNetV2, () => new ShuffleNetV2({ random })],
  mobileNetV3Small: [mobileNetV3Small, () => new MobileNetV3("small", { random })],
  efficientNetB0: [efficientNetB0, () => new EfficientNet({ random })],
  lraspp: [lraspp, () => new LRASPP({ random })],
};

test.each(Object.entries(NETWORKS))("%s is the network of faltung/models", (_, [makeOwn, makeModel]) => {
  const [own, model] = [makeOwn(), makeModel()];
  const shapes = (layer: Layer) => Object.entries(layer.stateDict()).map(([key, { shape }]) => [key, shape]);
  const count = (layer: Layer) => layer.parameters().reduce((sum, { value }) => sum + value.size, 0);
  expect(shapes(own)).toEqual(shapes(model));
  expect(count(own)).toBe(count(model));
  own.loadStateDict(model.stateDict());

  const x = normal([2, 3, 33, 36], 1);
  const [got, want] = [own, model].map((network): Record<string, Tensor> => {
    // Everything trains but what would drop other numbers in each.
    for (const layer of network.train().modules()) {
      if (layer instanceof Dropout || layer instanceof StochasticDepth) layer.eval();
    }
    const trained = network.forward(x);
    const dx = network.backward(normal(trained.shape, 2));
    return { trained, dx, ...network.stateDict(), evaluated: network.eval().forward(x) };
  });
  for (const [key, value] of Object.entries(want!)) expect(got![key]!.equals(value), key).toBe(true);
});
