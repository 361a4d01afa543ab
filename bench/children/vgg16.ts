/** One VGG-16 inference and this process's peak memory. */

import { sizeOf } from "../../src/shape/shape.js";
import { zeros } from "../../src/tensor/create.js";
import { engine } from "../../src/tensor/engine.js";
import { VGG16 } from "../networks.js";

const before = process.memoryUsage().rss;
const input = [1, 3, 224, 224];
const model = VGG16.layer().eval();
const y = model.forward(zeros(input));
// In kB.
const peak = 1024 * process.resourceUsage().maxRSS;
if (!y.data.every(Number.isFinite)) throw new Error("The output is not finite.");

const weights = model.parameters().reduce((sum, { value }) => sum + 4 * value.size, 0);
let activations = 4 * sizeOf(input);
engine().observer = (layer, _, output) => {
  if (layer !== model) activations += 4 * sizeOf(output);
};
model.outputShape(input);
console.log(JSON.stringify({ weights, activations, before, peak }));
