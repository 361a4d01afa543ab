/** A small convolutional network for images of 28×28, how it is trained and what it got wrong: for two sets of images. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Random, ReLU, Sequential } from "faltung";
import { DataLoader, type InputTransform } from "faltung/data";
import { ConfusionMatrix, CrossEntropyLoss } from "faltung/train";
import { encodePng, resize } from "faltung/vision";
import type { ImageSet } from "./datasets.js";
import type { Figure, Settings } from "./example.js";
import { predict, worstMistakes } from "./inspect.js";
import type { Mistake } from "./report.js";
import { train } from "./training.js";

export interface Recipe {
  readonly epochs: number;
  /** Test accuracy that the recipe is meant to reach. */
  readonly goal: number;
  /** How images are changed each time they are learned from; `black` is what lies beyond their edges. */
  readonly augment: (black: number) => InputTransform;
}

/** Images that the shortened version learns from. */
const FEW = 6000;
const BATCH = 128;

export async function trainClassifier(set: ImageSet, recipe: Recipe, settings: Settings): Promise<readonly Figure[]> {
  const { seed, out, quick } = settings;
  const epochs = quick ? 1 : recipe.epochs;
  const random = new Random(seed);
  const training = quick ? set.training.split(FEW / set.training.length, random)[0] : set.training;
  const model = makeNetwork(random);
  const transform = recipe.augment(set.training.inputs.data[0] ?? 0);
  const loader = new DataLoader(training, { batchSize: BATCH, shuffle: true, transform, random });
  await train(model, loader, { loss: new CrossEntropyLoss(), epochs, lr: 0.01 });

  const probabilities = predict(model, set.test);
  const confusion = new ConfusionMatrix(set.classNames).update(probabilities, set.test.targets);
  console.log(`\n${confusion}`);
  const mistakes = worstMistakes(probabilities, set.test.targets, set.testPixels, 32);
  await writeMistakes(join(out, "mistakes.png"), mistakes);
  const named = mistakes.map(({ label, predicted }) => `${set.classNames[label]} as ${set.classNames[predicted]}`);
  console.log(`\nThe surest mistakes, row by row: ${named.join(", ")}`);
  return [{ name: `test accuracy on ${set.name}`, value: confusion.accuracy, goal: recipe.goal }];
}

/** 66,170 parameters, about 3.7 million multiply-adds an image. */
function makeNetwork(random: Random): Sequential {
  const block = (from: number, to: number) => [
    new Conv2d(from, to, 3, { padding: 1, bias: false, random }),
    new BatchNorm2d(to),
    new ReLU(),
  ];
  return new Sequential(
    ...[...block(1, 16), new MaxPool2d(2), ...block(16, 32), new MaxPool2d(2)],
    ...[...block(32, 64), ...block(64, 64), new MaxPool2d(2), new Flatten()],
    ...[new Dropout(0.3, { random }), new Linear(576, 10, { random })],
  );
}

const COLUMNS = 8;
const ZOOM = 3;

/** The images side by side, three times as large. */
async function writeMistakes(file: string, mistakes: readonly Mistake[]): Promise<void> {
  const side = mistakes[0]?.width ?? 1;
  const [width, height] = [side * COLUMNS, side * Math.max(1, Math.ceil(mistakes.length / COLUMNS))];
  const data = new Uint8Array(width * height);
  for (const [i, { pixels }] of mistakes.entries()) {
    const [left, top] = [(i % COLUMNS) * side, Math.floor(i / COLUMNS) * side];
    for (let at = 0; at < side * side; at++) {
      data[(top + Math.floor(at / side)) * width + left + (at % side)] = pixels[at] ?? 0;
    }
  }
  const sheet = resize({ width, height, data }, width * ZOOM, height * ZOOM, { mode: "nearest" });
  writeFileSync(file, await encodePng(sheet));
}
