/** Embeddings without labels: an autoencoder squeezes digits into 32 numbers, by which they find others of their kind. */

import { join } from "node:path";
import { concat, Random, type Tensor } from "faltung";
import { DataLoader, Dataset } from "faltung/data";
import { Autoencoder } from "faltung/models";
import { MSELoss } from "faltung/train";
import { EmbeddingStore } from "faltung/vision";
import { startBar } from "./bar.js";
import { loadMnist } from "./datasets.js";
import type { Example } from "./example.js";
import { imageView, inRows, type View, verdictColor, writeSheet } from "./scene-pictures.js";
import { train } from "./training.js";

/** Numbers that a digit is squeezed into. */
const LATENT = 32;

export const example: Example = {
  title: "Autoencoder: learns embeddings of digits without labels, and matches the nearest (2 minutes)",
  async run({ seed, out, quick }) {
    const { training, test } = loadMnist({});
    const known = training.take(quick ? 6000 : training.length).inputs;
    const asked = test.take(quick ? 1000 : test.length).inputs;
    const random = new Random(seed);
    const model = new Autoencoder({ latent: LATENT, random });
    const loader = new DataLoader(new Dataset(known, known), { batchSize: 64, shuffle: true, random });
    await train(model, loader, { loss: new MSELoss(), epochs: 4, lr: 0.005 });

    model.eval();
    const codes = inBatches(asked, (some) => model.encode(some));
    const copies = inBatches(codes, (some) => model.decode(some));
    const nearest = match(
      codes,
      inBatches(known, (some) => model.encode(some)),
    );
    const same = nearest.map((at, i) => training.targets[at] === test.targets[i]);
    const wrong = [...same.keys()].filter((i) => !same[i]);

    const pair = (i: number): View[] => [
      imageView(asked, i),
      imageView(known, nearest[i] ?? 0, verdictColor(same[i] === true)),
    ];
    await writePairs(join(out, "reconstructions.png"), [...same.keys()], (i) => [
      imageView(asked, i),
      imageView(copies, i),
    ]);
    await writePairs(join(out, "neighbors.png"), [...same.keys()], pair);
    await writePairs(join(out, "mismatches.png"), wrong, pair);
    const error = (guess: Tensor): number => guess.sub(asked).square().mean().item();
    console.log(`Matched each of ${asked.shape[0]} new digits to the nearest of ${known.shape[0]}.`);
    return [
      { name: "matches of the same digit", value: 1 - wrong.length / same.length, goal: 0.95 },
      { name: "mean squared error of a pixel", value: error(copies), goal: 0.01, lowerIsBetter: true },
      { name: "the same error of the mean digit", value: error(known.mean(0, { keepDims: true })) },
    ];
  },
};

/** What `run` makes of `[N, …]`, in batches that keep the memory small. */
function inBatches(x: Tensor, run: (some: Tensor) => Tensor): Tensor {
  const batch = 250;
  const [length = 0] = x.shape;
  const parts = Array.from({ length: Math.ceil(length / batch) }, (_, i) => run(x.slice([i * batch, (i + 1) * batch])));
  return concat(parts, 0);
}

/** For each code `[N, 32]` the place of the nearest among the known ones. */
function match(codes: Tensor, known: Tensor): number[] {
  const store = new EmbeddingStore();
  for (const [i, code] of rowsOf(known).entries()) store.add(String(i), code);
  const rows = rowsOf(codes);
  const bar = startBar("{bar} match {value}/{total}, {duration} s", rows.length);
  const nearest = rows.map((code) => {
    bar.increment();
    return Number(store.match(code).name);
  });
  bar.stop();
  return nearest;
}

function rowsOf({ shape: [rows = 0, length = 0], data }: Tensor) {
  return Array.from({ length: rows }, (_, i) => data.subarray(i * length, (i + 1) * length));
}

/** Writes the pairs of the first 64 of these images, eight a row. */
async function writePairs(file: string, images: readonly number[], pair: (image: number) => View[]): Promise<void> {
  await writeSheet(file, inRows(images.slice(0, 64).flatMap(pair), 16));
}
