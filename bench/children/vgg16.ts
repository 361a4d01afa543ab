/** One VGG-16 inference and this process's peak memory. */
import { leavesOf } from "../../src/layers/report.js";
import { VGG } from "../../src/models/vgg.js";
import { sizeOf } from "../../src/shape/shape.js";
import { zeros } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";

const before = process.memoryUsage().rss;
const input = [1, 3, 224, 224];
const model = new VGG(16, { random: new Random(1) }).eval();
const y = model.forward(zeros(input));
// In kB.
const peak = 1024 * process.resourceUsage().maxRSS;
if (!y.data.every(Number.isFinite)) throw new Error("The output is not finite.");

const weights = model.parameters().reduce((sum, { value }) => sum + 4 * value.size, 0);
const { leaves } = leavesOf(model, [input]);
const activations = leaves.reduce((sum, { output }) => sum + 4 * sizeOf(output ?? []), 4 * sizeOf(input));
console.log(JSON.stringify({ weights, activations, before, peak }));
