/** How networks with ReLUs begin, as torchvision begins them. */

import type { Layer } from "../graph/layer.js";
import { Conv2d } from "../layers/conv2d.js";
import { constant, type InitOptions, type KaimingOptions, kaimingNormal, normal } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";

/** Kaiming-normal convolutions, and zero biases; see {@link KaimingOptions} for what keeps its variance. */
export function initializeConvolutions(model: Layer, options: KaimingOptions): void {
  for (const layer of model.modules()) {
    if (!(layer instanceof Conv2d)) continue;
    kaimingNormal(layer.weight.value, options);
    if (layer.bias) constant(layer.bias.value, 0);
  }
}

/** Normal weights of standard deviation 0.01 in every Linear, and zero biases. */
export function initializeLinears(model: Layer, options: InitOptions): void {
  for (const layer of model.modules()) {
    if (!(layer instanceof Linear)) continue;
    normal(layer.weight.value, 0, 0.01, options);
    if (layer.bias) constant(layer.bias.value, 0);
  }
}

/** Normal weights of this standard deviation in every convolution and Linear. */
export function initializeNormal(model: Pick<Layer, "modules">, std: number, options: InitOptions): void {
  for (const layer of model.modules()) {
    if (layer instanceof Conv2d || layer instanceof Linear) normal(layer.weight.value, 0, std, options);
  }
}
