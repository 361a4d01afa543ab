/**
 * Transfer learning: what a network has learned of the digits 0 to 4 tells 5 to 9 apart, after ten examples of each.
 *
 * `freeze()` keeps the body's weights and, by eval mode, the running statistics of its BatchNorms: fifty images say less
 * about them than thirty thousand. (torch needs both `requires_grad_(False)` and, after every `train()`, `body.eval()`.)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  Random,
  ReLU,
  Sequential,
  type StateDict,
  type Tensor,
} from "faltung";
import { compose, DataLoader, Dataset, randomRotate, randomShift } from "faltung/data";
import { readSafetensors, writeSafetensors } from "faltung/io";
import { accuracy, CrossEntropyLoss } from "faltung/train";
import { loadMnist } from "./datasets.js";
import type { Example } from "./example.js";
import { predict } from "./inspect.js";
import { imageView, inRows, verdictColor, writeSheet } from "./scene-pictures.js";
import { train } from "./training.js";

type Digits = Dataset<Uint8Array>;

/** Digits that a network tells apart, and examples of each that it gets in the second part. */
const CLASSES = 5;
const EXAMPLES = 10;

export const example: Example = {
  title: "Transfer learning: a network for 0–4 learns 5–9 from ten examples each, by its head alone (1 minute)",
  async run({ seed, out, quick }) {
    const random = new Random(seed);
    const { training, test } = loadMnist({});
    const first = digitsFrom(0, training).take(quick ? 3000 : training.length);
    const original = new Sequential(makeBody(random), makeHead(random));
    console.log(`${first.length} images of 0–4:`);
    const transform = compose(randomShift(2), randomRotate(10));
    const loader = new DataLoader(first, { batchSize: 64, shuffle: true, random, transform });
    await train(original, loader, { loss: new CrossEntropyLoss(), epochs: quick ? 1 : 3, lr: 0.005 });
    const file = join(out, "zero-to-four.safetensors");
    writeFileSync(file, writeSafetensors(original.stateDict()));

    const others = digitsFrom(5, training);
    const asked = digitsFrom(5, test);
    let [transferred, scratched, changed, learned] = [0, 0, 0, 0];
    const draws = quick ? 2 : 8;
    for (let draw = 1; draw <= draws; draw++) {
      const examples = drawExamples(others, random);
      const loaded = new Sequential(makeBody(random), makeHead(random));
      loaded.loadStateDict(readSafetensors(readFileSync(file)));
      const [body] = loaded.layers;
      const transfer = new Sequential(body.freeze(), makeHead(random));
      const scratch = new Sequential(makeBody(random), makeHead(random));
      const before = transfer.stateDict();
      console.log(
        `\n${examples.length} images of 5–9, draw ${draw} of ${draws}: first the head alone, then a new network:`,
      );
      const few = new DataLoader(examples, { batchSize: 25, shuffle: true, random });
      const recipe = { loss: new CrossEntropyLoss(), epochs: 40, lr: 0.005 };
      for (const model of [transfer, scratch]) await train(model, few, recipe);
      const after = transfer.stateDict();
      changed += changes("0.", before, after);
      learned += changes("1.", before, after);

      const answers = [transfer, scratch].map((model) => predict(model, asked));
      const [ofTransfer = 0, ofScratch = 0] = answers.map((scores) => accuracy(scores, asked.targets));
      transferred += ofTransfer / draws;
      scratched += ofScratch / draws;
      if (draw === 1) await writePictures(out, examples, asked, answers);
    }
    return [
      { name: "accuracy of the loaded network with a new head", value: transferred, goal: 0.92 },
      { name: "accuracy of a new network", value: scratched },
      { name: "difference", value: transferred - scratched, goal: 0.02 },
      { name: "numbers of the frozen bodies that changed", value: changed, goal: 0, lowerIsBetter: true },
      { name: "numbers of their heads that changed", value: learned },
    ];
  },
};

/** `[N, 1, 28, 28]` → `[N, 64, 3, 3]`: 23,408 parameters, and running statistics of 112 channels. */
function makeBody(random: Random) {
  const block = (from: number, to: number) =>
    new Sequential(
      new Conv2d(from, to, 3, { padding: 1, bias: false, random }),
      new BatchNorm2d(to),
      new ReLU(),
      new MaxPool2d(2),
    );
  return new Sequential(block(1, 16), block(16, 32), block(32, 64));
}

function makeHead(random: Random) {
  return new Sequential(new Flatten(), new Linear(576, CLASSES, { random }));
}

/** The images of five digits, which get the labels 0 to 4. */
function digitsFrom(lowest: number, all: Digits): Digits {
  const { inputs, targets } = all.batch(rowsWhere(all, (digit) => digit >= lowest && digit < lowest + CLASSES));
  return new Dataset(
    inputs,
    targets.map((digit) => digit - lowest),
  );
}

function rowsWhere({ targets }: Digits, wanted: (label: number) => boolean): Uint32Array {
  return Uint32Array.from([...targets.keys()].filter((row) => wanted(targets[row] ?? -1)));
}

/** Ten images of each class, drawn at random, class by class. */
function drawExamples(digits: Digits, random: Random): Digits {
  const drawn = Array.from({ length: CLASSES }, (_, label) => {
    const rows = rowsWhere(digits, (other) => other === label);
    return [...random.permutation(rows.length).subarray(0, EXAMPLES)].map((at) => rows[at] ?? 0);
  });
  const { inputs, targets } = digits.batch(Uint32Array.from(drawn.flat()));
  return new Dataset(inputs, targets);
}

/** How many numbers under keys of this prefix have other bits now. */
function changes(prefix: string, before: StateDict, after: StateDict): number {
  let count = 0;
  for (const [key, { data }] of Object.entries(before)) {
    const now = after[key]?.data ?? [];
    if (key.startsWith(prefix)) for (const [i, value] of data.entries()) count += Number(!Object.is(value, now[i]));
  }
  return count;
}

/** What they learned from; and digits with the answer of either network, shown by an example of it, right or wrong. */
async function writePictures(out: string, examples: Digits, asked: Digits, answers: readonly Tensor[]): Promise<void> {
  const learned = [...examples.targets.keys()].map((i) => imageView(examples.inputs, i));
  await writeSheet(join(out, "examples.png"), inRows(learned, EXAMPLES));
  const guesses = answers.map((scores) => scores.argmax(1).data);
  const shown = Array.from({ length: 32 }, (_, n) => Math.floor((n * asked.length) / 32));
  const views = shown.flatMap((i) => [
    imageView(asked.inputs, i),
    ...guesses.map((guess) =>
      imageView(examples.inputs, EXAMPLES * (guess[i] ?? 0), verdictColor(guess[i] === asked.targets[i])),
    ),
  ]);
  await writeSheet(join(out, "answers.png"), inRows(views, 12));
}
