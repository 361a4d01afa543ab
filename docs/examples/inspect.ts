/** What a report shows of a trained classifier: its answers, its mistakes, and what each layer makes of an image. */
import { concat, type Layer, Softmax, type Tensor } from "faltung";
import { DataLoader, type Dataset, type RawArray } from "faltung/data";
import type { Maps, Mistake } from "./report.js";

const BATCH = 250;

/** The model's probabilities for every sample, `[N, classes]`, in eval mode. */
export function predict(model: Layer, dataset: Dataset<Uint8Array>): Tensor {
  model.eval();
  const softmax = new Softmax(1);
  const batches = [...new DataLoader(dataset, { batchSize: BATCH })].map(({ inputs }) =>
    softmax.forward(model.forward(inputs)),
  );
  return concat(batches, 0);
}

/** The output of each layer for one input `[1, …]`, without the batch dimension. */
export function featureMapsOf(layers: readonly Layer[], input: Tensor): (Maps & { readonly layer: string })[] {
  let x = input;
  return layers.map((layer) => {
    x = layer.eval().forward(x);
    return { layer: layer.name, shape: x.shape.slice(1), data: x.data };
  });
}

/** The wrong answers with the highest probabilities, the surest first. */
export function worstMistakes(probabilities: Tensor, labels: Uint8Array, images: RawArray, count: number): Mistake[] {
  const [, height = 0, width = 0] = images.shape;
  const predicted = probabilities.argmax(1).data;
  return Array.from(labels, (label, i) => {
    const guess = predicted[i] ?? 0;
    return { i, label, predicted: guess, probability: probabilities.at(i, guess) };
  })
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count)
    .map(({ i, ...mistake }) => ({
      ...mistake,
      width,
      height,
      pixels: Array.from({ length: height * width }, (_, pixel) => images.data[i * height * width + pixel] ?? 0),
    }));
}
