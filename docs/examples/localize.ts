/** Classification with localization: which digit a scene shows, and the box around it, by one network with two heads. */
import { join } from "node:path";
import {
  BatchNorm2d,
  Conv2d,
  concat,
  Flatten,
  Linear,
  MaxPool2d,
  Parallel,
  Random,
  ReLU,
  Sequential,
  Tensor,
} from "faltung";
import { CrossEntropyLoss, SmoothL1Loss, type TrainingLoss } from "faltung/train";
import { type Box, iou } from "faltung/vision";
import { loadDigits } from "./datasets.js";
import type { Example } from "./example.js";
import { inRows, pictureView, type View, verdictColor, writeSheet } from "./scene-pictures.js";
import { predictions, trainOnScenes } from "./scene-training.js";
import { makeScenes, type Scene, type SceneOptions } from "./scenes.js";

const CLASSES = 10;
/** One digit a scene. */
const SCENES: SceneOptions = { size: 64, objects: [1, 1], scale: [20, 40] };
const SIZE = 64;

export const example: Example = {
  title: "Classification with localization: a digit and the box around it (4 minutes)",
  async run({ seed, out, quick }) {
    const { training, test } = loadDigits();
    const model = makeNetwork(new Random(seed));
    await trainOnScenes(model, {
      digits: training,
      scenes: SCENES,
      targetsOf,
      loss: new LabelAndBoxLoss(),
      steps: quick ? 300 : 6000,
      lr: 0.004,
      seed,
    });

    let [right, overlap, count] = [0, 0, 0];
    const views: View[] = [];
    for (const [scenes, scores] of predictions(model, makeScenes(test, quick ? 100 : 1000, seed, SCENES))) {
      for (const [i, scene] of scenes.entries()) {
        const truth = scene.objects[0];
        if (!truth) continue;
        const { label, box } = answerOf(scores.slice(i).data);
        count++;
        right += Number(label === truth.label);
        overlap += iou(box, truth.box);
        const color = verdictColor(label === truth.label);
        views.push({ ...pictureView(scene), boxes: [{ box, color, label: String(label) }] });
      }
    }
    await writeSheet(join(out, "boxes.png"), inRows(views.slice(0, 40), 8));
    return [
      { name: "mean IoU of the box", value: overlap / count, goal: 0.85 },
      { name: "accuracy of the digit", value: right / count },
    ];
  },
};

/** `[N, 1, 64, 64]` → `[N, 14]`: ten scores of the classes, and the box. */
function makeNetwork(random: Random): Sequential {
  const block = (from: number, to: number) => [
    new Conv2d(from, to, 3, { padding: 1, bias: false, random }),
    new BatchNorm2d(to),
    new ReLU(),
  ];
  const head = (outputs: number) =>
    new Sequential(new Linear(4096, 128, { random }), new ReLU(), new Linear(128, outputs, { random }));
  return new Sequential(
    ...[...block(1, 16), new MaxPool2d(2), ...block(16, 32), new MaxPool2d(2), ...block(32, 64), new MaxPool2d(2)],
    ...[...block(64, 64), new Flatten()],
    new Parallel([head(CLASSES), head(4)]),
  );
}

/** `[N, 5]`: the digit, and its box as shares of the scene: center, width, height. */
function targetsOf(scenes: readonly Scene[]): Tensor {
  const rows = scenes.flatMap(({ objects }) => {
    const { label = 0, box = { x: 0, y: 0, width: 0, height: 0 } } = objects[0] ?? {};
    return [
      label,
      (box.x + box.width / 2) / SIZE,
      (box.y + box.height / 2) / SIZE,
      box.width / SIZE,
      box.height / SIZE,
    ];
  });
  return new Tensor(Float32Array.from(rows), [scenes.length, 5]);
}

/** What a row of the network's output says. */
function answerOf(row: ArrayLike<number>): { label: number; box: Box } {
  const scores = Array.from(row).slice(0, CLASSES);
  const [x = 0, y = 0, width = 0, height = 0] = Array.from(row)
    .slice(CLASSES)
    .map((share) => share * SIZE);
  const box = { x: x - width / 2, y: y - height / 2, width: Math.max(0, width), height: Math.max(0, height) };
  return { label: scores.indexOf(Math.max(...scores)), box };
}

/** Cross-entropy of the digit plus the smooth absolute error of the box. */
class LabelAndBoxLoss implements TrainingLoss<Tensor> {
  readonly #label = new CrossEntropyLoss();
  readonly #box = new SmoothL1Loss({ beta: 0.02 });

  forward(prediction: Tensor, target: Tensor): number {
    const labels = Int32Array.from(target.slice(null, 0).data);
    const label = this.#label.forward(prediction.slice(null, [0, CLASSES]), labels);
    return (
      label + BOX_WEIGHT * this.#box.forward(prediction.slice(null, [CLASSES, CLASSES + 4]), target.slice(null, [1, 5]))
    );
  }

  backward(): Tensor {
    return concat([this.#label.backward(), this.#box.backward().mul(BOX_WEIGHT)], 1);
  }
}

/** How much an error of the box, which is far below 1, counts beside the digit's. */
const BOX_WEIGHT = 40;
