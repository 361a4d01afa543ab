/** One inference of a network by its name, and this process's peak memory beside what its numbers take. */
import { zeros } from "../../src/tensor/create.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { bytesOf, INFERENCES, inferenceOf } from "../../test/support/inference-networks.js";

const [, , name = "VGG-16"] = process.argv;
const network = INFERENCES[name];
if (!network) throw new Error(`No network is called ${name}.`);
const { input, make } = network;
const before = process.memoryUsage().rss;
const model = make().eval();
const y = model.forward(zeros(input)) as Tensor;
// In kB.
const peak = 1024 * process.resourceUsage().maxRSS;
if (!y.data.every(Number.isFinite)) throw new Error("The output is not finite.");

const weights = model.parameters().reduce((sum, { value }) => sum + 4 * value.size, 0);
console.log(JSON.stringify({ weights, ...bytesOf(inferenceOf(model, input)), before, peak }));
