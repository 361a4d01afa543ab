/** Inferences of a network by its name, and this process's peak memory beside what its numbers take. */
import { zeros } from "../../src/tensor/create.js";
import { engine } from "../../src/tensor/engine.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { bytesOf, INFERENCES, inferenceOf } from "../../test/support/inference-networks.js";

/** What `inference.ts <name> <batch> <count>` prints, in bytes. */
export interface Inference {
  readonly weights: number;
  /** The input and the output of every step once. */
  readonly outputs: number;
  /** Those that are alive at a time, at most. */
  readonly cut: number;
  /** Resident set of the process: before anything of the library ran, at its peak with the first inference and with all. */
  readonly before: number;
  readonly first: number;
  readonly peak: number;
  /** The engine's memory that was ever in use: after the first inference and after all. */
  readonly used: readonly [first: number, all: number];
}

const [, , name = "VGG-16", batch = "1", count = "1"] = process.argv;
const network = INFERENCES[name];
if (!network) throw new Error(`No network is called ${name}.`);
const input = [Number(batch), ...network.input.slice(1)];
const before = process.memoryUsage().rss;
// In kB.
const peakOf = () => 1024 * process.resourceUsage().maxRSS;
const used = () => (engine().memory as { heap: { reached: number } }).heap.reached;

const model = network.make().eval();
const infer = () => {
  const y = model.forward(zeros(input)) as Tensor;
  const [peak, reached] = [peakOf(), used()];
  if (!y.data.every(Number.isFinite)) throw new Error("The output is not finite.");
  return [peak, reached] as const;
};
const [first, usedFirst] = infer();
let [peak, usedByAll] = [first, usedFirst];
for (let i = 1; i < Number(count); i++) [peak, usedByAll] = infer();

const weights = model.parameters().reduce((sum, { value }) => sum + 4 * value.size, 0);
const inference: Inference = {
  weights,
  ...bytesOf(inferenceOf(model, input)),
  ...{ before, first, peak, used: [usedFirst, usedByAll] },
};
console.log(JSON.stringify(inference));
