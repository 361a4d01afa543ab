/** Image classification: handwritten digits. */
import { compose, randomRotate, randomShift } from "faltung/data";
import { trainClassifier } from "./classifier.js";
import { loadMnist } from "./datasets.js";
import type { Example } from "./example.js";

export const example: Example = {
  title: "Classification of the handwritten digits of MNIST (3 minutes)",
  run: (settings) =>
    trainClassifier(
      loadMnist(),
      {
        epochs: 5,
        goal: 0.992,
        augment: (black) => compose(randomShift(2, { fill: black }), randomRotate(10, { fill: black })),
      },
      settings,
    ),
};
