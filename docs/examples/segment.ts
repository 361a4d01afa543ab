/** Semantic segmentation: a U-Net says of each pixel which digit it belongs to. */
import { join } from "node:path";
import { Random } from "faltung";
import { UNet } from "faltung/models";
import { ConfusionMatrix, CrossEntropyLoss } from "faltung/train";
import { classMaps } from "faltung/vision";
import type { Example } from "./example.js";
import { mapView, pictureView, type View, writeSheet } from "./scene-pictures.js";
import { classesOf, predictions, sceneTask, trainOnScenes } from "./scene-training.js";
import { makeScenes } from "./scenes.js";

const CLASSES = ["background", ..."0123456789"];

export const example: Example = {
  title: "Semantic segmentation: the class of each pixel, by a U-Net (4 minutes)",
  async run({ seed, out, quick }) {
    const { training, test, scenes, network, steps, held } = sceneTask(quick);
    const model = new UNet({
      numClasses: CLASSES.length,
      ...network,
      batchNorm: true,
      random: new Random(seed),
    });
    await trainOnScenes(model, {
      digits: training,
      scenes,
      targetsOf: classesOf,
      loss: new CrossEntropyLoss(),
      steps,
      lr: 0.01,
      seed,
    });

    const confusion = new ConfusionMatrix(CLASSES);
    const rows: View[][] = [];
    for (const [some, scores] of predictions(model, makeScenes(test, held, seed, scenes))) {
      confusion.update(scores, classesOf(some));
      for (const [i, map] of classMaps(scores).entries()) {
        const scene = some[i];
        if (!scene || rows.length === 8) break;
        rows.push([pictureView(scene), mapView({ ...map, data: scene.classes }), mapView(map)]);
      }
    }
    await writeSheet(join(out, "classes.png"), rows);
    console.log(CLASSES.map((name, c) => `${name.padEnd(12)}IoU ${confusion.iou(c).toFixed(3)}`).join("\n"));
    return [
      { name: "mean IoU of 11 classes", value: confusion.meanIou, goal: 0.85 },
      { name: "pixel accuracy", value: confusion.accuracy },
    ];
  },
};
