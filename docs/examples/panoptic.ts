/**
 * Instance and panoptic segmentation: a network with two branches says of each pixel which class it is of, and where the
 * center of its digit is (as Panoptic-DeepLab, https://arxiv.org/abs/1911.10194); pixels with one center are one digit.
 */
import { join } from "node:path";
import { concat, initializers, Parallel, Random, Softmax, Tensor, zeros } from "faltung";
import { UNet } from "faltung/models";
import { ConfusionMatrix, CrossEntropyLoss, L1Loss, MSELoss, type TrainingLoss } from "faltung/train";
import {
  centerTargets,
  classMaps,
  connectedComponents,
  findCenters,
  groupByCenter,
  type LabelMap,
  type Mask,
  maskArea,
  maskBox,
  maskIou,
  maskOf,
  meanAveragePrecision,
  mergePanoptic,
  type PanopticMap,
  PanopticQuality,
  type Picture,
  type Region,
} from "faltung/vision";
import type { Example } from "./example.js";
import { digitColor, mapView, pictureView, type View, writeSheet } from "./scene-pictures.js";
import { classesOf, predictions, sceneTask, trainOnScenes } from "./scene-training.js";
import { makeScenes, type Scene } from "./scenes.js";

/** The background, which is stuff, and ten digits, which are things. */
const NAMES = ["background", ..."0123456789"];
const CLASSES = NAMES.length;
const THINGS = Array.from({ length: 10 }, (_, digit) => 1 + digit);
/** The network's offsets are in units of so many pixels, so that they are about as large as its other answers. */
const REACH = 16;

/** What the network gives, and its targets, channel by channel. */
const SCORES = [0, CLASSES] as const;
const HEAT = [CLASSES, CLASSES + 1] as const;
const OFFSETS = [CLASSES + 1, CLASSES + 3] as const;

/** How much the error of the heat, which is 0 nearly everywhere, counts beside that of the offsets. */
const HEAT_WEIGHT = 200;

export const example: Example = {
  title: "Instance and panoptic segmentation: each digit with its own mask (7 minutes)",
  async run({ seed, out, quick }) {
    const { training, test, scenes, network, steps, held } = sceneTask(quick);
    const model = makeNetwork(network, new Random(seed));
    await trainOnScenes(model, {
      digits: training,
      scenes,
      targetsOf: (scenes) => concat(scenes.map(targetsOf), 0),
      loss: new PanopticLoss(),
      steps,
      lr: 0.01,
      seed,
    });

    const confusion = new ConfusionMatrix(CLASSES);
    const quality = new PanopticQuality(CLASSES);
    const found: Picture<Mask>[] = [];
    const components: Picture<Mask>[] = [];
    const rows: View[][] = [];
    for (const [some, answers] of predictions(model, makeScenes(test, held, seed, scenes))) {
      confusion.update(answers.slice(null, SCORES), classesOf(some));
      for (const [i, answer] of [...answers].entries()) {
        const scene = some[i];
        if (!scene) continue;
        const { classes, panoptic, scores } = understand(answer);
        const truth = truthOf(scene);
        const truths = objectsOf(truth);
        quality.update(panoptic, truth);
        found.push({ truths, predictions: objectsOf(panoptic).map((o) => ({ ...o, score: scores.get(o.id) ?? 0 })) });
        components.push({ truths, predictions: componentsOf(classes) });
        if (rows.length < 8) rows.push(viewsOf(scene, classes, truth, panoptic));
      }
    }
    await writeSheet(join(out, "panoptic.png"), rows);
    const shown = (value: number) => value.toFixed(3);
    console.log(
      NAMES.map((name, c) => {
        const { pq } = quality.of(c);
        return `${name.padEnd(12)}IoU ${shown(confusion.iou(c))}  panoptic quality ${shown(pq)}`;
      }).join("\n"),
    );
    console.log(
      "\nColumns of the picture: scene, true classes, found classes, true objects, found objects, both with boxes",
    );
    const many = Array.from({ length: 10 }, (_, i) => 0.5 + 0.05 * i);
    const { pq, sq, rq } = quality.mean();
    return [
      { name: "mean IoU of 11 classes", value: confusion.meanIou, goal: 0.85 },
      { name: "mask AP@0.5", value: meanAveragePrecision(found, maskIou), goal: 0.8 },
      { name: "mask AP@0.5:0.95", value: meanAveragePrecision(found, maskIou, { iouThreshold: many }) },
      { name: "mask AP@0.5 of connected components, for comparison", value: meanAveragePrecision(components, maskIou) },
      { name: "panoptic quality", value: pq, goal: 0.8 },
      { name: "segmentation quality", value: sq },
      { name: "recognition quality", value: rq },
    ];
  },
};

/**
 * `[N, 1, size, size]` → `[N, 14, size, size]`: a U-Net for the classes, and beside it a slimmer one for heat and offsets.
 * One U-Net for all three learned heat and offsets, whose gradients are the larger ones, and hardly the classes.
 */
function makeNetwork(size: { readonly width: number; readonly depth: number }, random: Random): Parallel {
  const classes = new UNet({ ...size, numClasses: CLASSES, batchNorm: true, random });
  const centers = new UNet({ ...size, numClasses: 3, width: 1 / 8, batchNorm: true, random });
  // Heat and offsets begin at 0, near what they have to be. From UNet's own start their loss is in the hundreds, and much
  // of the training goes into mending that.
  for (const { value } of centers.head.parameters()) initializers.constant(value, 0);
  return new Parallel([classes, centers]);
}

/** `[1, 4, size, size]`: class, heat of centers, and offsets dy, dx. */
function targetsOf({ size, classes, instances }: Scene): Tensor {
  const { heatmap, offsets } = centerTargets({ width: size, height: size, data: instances });
  const labels = new Tensor(Float32Array.from(classes), [1, size, size]);
  return concat([labels, heatmap, offsets.div(REACH)], 0).unsqueeze(0);
}

/** Cross-entropy of the classes, squared error of the heat, and absolute error of the offsets within digits. */
class PanopticLoss implements TrainingLoss<Tensor> {
  readonly #classes = new CrossEntropyLoss();
  readonly #heat = new MSELoss();
  readonly #offsets = new L1Loss({ reduction: "none" });
  /** What each error of an offset counts: 0 in the background. */
  #weights: Tensor = zeros([0]);

  forward(answers: Tensor, targets: Tensor): number {
    const labels = targets.slice(null, 0);
    const classes = this.#classes.forward(answers.slice(null, SCORES), labels);
    const heat = this.#heat.forward(answers.slice(null, HEAT), targets.slice(null, [1, 2]));
    const errors = this.#offsets.forward(answers.slice(null, OFFSETS), targets.slice(null, [2, 4]));
    const within = labels.gt(0).unsqueeze(1);
    const share = within.div(Math.max(1, within.sum().item()));
    this.#weights = concat([share, share], 1);
    return classes + HEAT_WEIGHT * heat + errors.mul(this.#weights).sum().item();
  }

  backward(): Tensor {
    const heat = this.#heat.backward().mul(HEAT_WEIGHT);
    return concat([this.#classes.backward(), heat, this.#offsets.backward(this.#weights)], 1);
  }
}

/** From the network's answer for one scene, `[14, size, size]`, to its segments. */
function understand(answer: Tensor) {
  const scores = answer.slice([...SCORES]);
  const [classes] = classMaps(scores.unsqueeze(0));
  if (!classes) throw new Error("There is one map for each picture.");
  const centers = findCenters(answer.slice([...HEAT]), { threshold: 0.3 });
  const instances = groupByCenter(classes, answer.slice([...OFFSETS]).mul(REACH), centers);
  const panoptic = mergePanoptic(new Softmax(0).forward(scores), instances, THINGS);
  // As sure as the center is hot and the class is probable. An instance's number is the place of its center.
  const sure = panoptic.segments.map(({ id, score }) => [id, score * (centers[id - 1]?.score ?? 1)] as const);
  return { classes, panoptic, scores: new Map(sure) };
}

function truthOf({ size, instances, objects }: Scene): PanopticMap {
  const background = objects.length + 1;
  const data = instances.map((object) => (object === 0 ? background : object));
  const labels = [...objects.map(({ label }) => 1 + label), 0];
  // What other digits cover entirely is not there to see.
  const segments = labels.map((label, i) => ({ id: i + 1, label })).filter(({ id }) => data.includes(id));
  return { width: size, height: size, data, segments };
}

function objectsOf(map: PanopticMap): (Region<Mask> & { readonly id: number })[] {
  const things = map.segments.filter(({ label }) => label !== 0);
  return things.map(({ id, label }) => ({ id, label, region: maskOf(map, id) }));
}

/** The simplest way to objects: every connected region of one class is one, the larger the surer. */
function componentsOf(classes: LabelMap): Picture<Mask>["predictions"] {
  const regions = connectedComponents(classes);
  return Array.from({ length: regions.count }, (_, i) => {
    const region = maskOf(regions, i + 1);
    return { label: classes.data[region.data.indexOf(1)] ?? 0, score: maskArea(region), region };
  });
}

/**
 * The scene; true and found classes; true and found objects, each in its own color, those gray that are not as there;
 * and the whole answer: each object with a box around it, in the color of its class.
 */
function viewsOf(scene: Scene, classes: LabelMap, truth: PanopticMap, panoptic: PanopticMap): View[] {
  const truths = objectsOf(truth);
  const objects = objectsOf(panoptic);
  const numbers = new Map(objects.map(({ id, region }) => [id, matchOf(region, truths) ?? GRAY]));
  const labels = new Map(panoptic.segments.map(({ id, label }) => [id, label]));
  const boxes = objects.flatMap(({ label, region }) => {
    const box = maskBox(region);
    return box ? [{ box, color: digitColor(label - 1) }] : [];
  });
  const recolored = (colors: Map<number, number>) => ({
    ...panoptic,
    data: Int32Array.from(panoptic.data, (id) => colors.get(id) ?? 0),
  });
  return [
    pictureView(scene),
    mapView({ ...classes, data: scene.classes }),
    mapView(classes),
    mapView({ ...classes, data: scene.instances }),
    mapView(recolored(numbers)),
    mapView(recolored(labels), boxes),
  ];
}

/** The last of the colors of a map. */
const GRAY = 10;

/** The number of the true object that this one covers; two cannot cover the same by more than half. */
function matchOf(region: Mask, truths: readonly (Region<Mask> & { readonly id: number })[]): number | undefined {
  return truths.find((truth) => maskIou(region, truth.region) > 0.5)?.id;
}
