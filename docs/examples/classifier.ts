/** A small convolutional network for images of 28×28, how it is trained and what it got wrong: for two sets of images. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Random, ReLU, Sequential } from "faltung";
import { DataLoader, type InputTransform } from "faltung/data";
import { ConfusionMatrix, CrossEntropyLoss } from "faltung/train";
import { drawLabel, encodePng, tile } from "faltung/vision";
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
  await writeMistakes(join(out, "mistakes.png"), mistakes, set.classNames);
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

const ZOOM = 4;

/** The images side by side, four times as large; on each what it is and what it was taken for. */
async function writeMistakes(file: string, mistakes: readonly Mistake[], classNames: readonly string[]): Promise<void> {
  const pictures = mistakes.map(({ width, height, pixels, label, predicted }) => {
    const picture = tile([{ width, height, data: Uint8Array.from(pixels) }], { zoom: ZOOM });
    drawLabel(picture, String(classNames[label]), { x: 0, y: 0 });
    drawLabel(picture, `as ${classNames[predicted]}`, { x: 0, y: picture.height - 10 });
    return picture;
  });
  writeFileSync(file, await encodePng(tile(pictures, { columns: 8, gap: 4 })));
}
