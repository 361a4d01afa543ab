/** Trains a network on scenes that are made as it goes, so that it never sees one twice. */

import type { Layer, Tensor } from "faltung";
import { type BatchSource, DataLoader, imagesToTensor, type Targets } from "faltung/data";
import { AdamW, fit, OneCycleLR, type TrainingLoss } from "faltung/train";
import { startBar } from "./bar.js";
import { loadDigits } from "./datasets.js";
import { type Digits, makeScenes, type Scene, type SceneOptions } from "./scenes.js";

export interface SceneTraining<T extends Targets> {
  readonly digits: Digits;
  readonly scenes: SceneOptions;
  /** What the network is to say of these scenes. */
  readonly targetsOf: (scenes: readonly Scene[]) => T;
  readonly loss: TrainingLoss<T>;
  readonly steps: number;
  /** The highest learning rate. */
  readonly lr: number;
  readonly seed: number;
}

const BATCH = 16;

/** What segmentation trains and tests on, and how large its network is. */
export function sceneTask(quick: boolean) {
  const { training, test } = loadDigits();
  if (!quick) return { training, test, scenes: {}, network: { width: 1 / 4, depth: 3 }, steps: 1200, held: 500 };
  // Small scenes of noughts and ones, and a small network, which learns to tell them apart in seconds.
  const scenes: SceneOptions = { size: 32, objects: [1, 2], scale: [16, 20] };
  const network = { width: 1 / 8, depth: 2 };
  return { training: noughtsAndOnes(training), test: noughtsAndOnes(test), scenes, network, steps: 250, held: 100 };
}

function noughtsAndOnes({ pixels, labels }: Digits): Digits {
  const side = 28 ** 2;
  const kept = Array.from(labels, (_, i) => i).filter((i) => (labels[i] ?? 0) <= 1);
  const images = new Uint8Array(kept.length * side);
  kept.forEach((from, to) => {
    for (let i = 0; i < side; i++) images[to * side + i] = pixels[from * side + i] ?? 0;
  });
  return { pixels: images, labels: kept.map((i) => labels[i] ?? 0) };
}

export async function trainOnScenes<T extends Targets>(model: Layer, options: SceneTraining<T>): Promise<void> {
  const { digits, scenes, targetsOf, loss, steps, lr, seed } = options;
  const source: BatchSource<T> = {
    length: steps * BATCH,
    batch(rows) {
      const drawn = [...rows].flatMap((row) => makeScenes(digits, 1, seed * 1_000_003 + row, scenes));
      return { inputs: imagesOf(drawn), targets: targetsOf(drawn) };
    },
  };
  const optimizer = new AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  const bar = startBar("{bar} step {value}/{total}, loss {loss}, {left} s left", steps, { loss: "–", left: "–" });
  let recent = Number.NaN;
  await fit(model, new DataLoader(source, { batchSize: BATCH }), {
    loss,
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr: lr, totalSteps: steps }),
    schedule: "step",
    onStep({ step, loss, secondsLeft = 0 }) {
      recent = Number.isNaN(recent) ? loss : 0.95 * recent + 0.05 * loss;
      bar.update(step, { loss: recent.toFixed(4), left: Math.ceil(secondsLeft) });
    },
  });
  bar.stop();
}

/** The scenes as input of a network: `[N, 1, size, size]`, gray values from 0 to 1. */
export function imagesOf(scenes: readonly Scene[]): Tensor {
  const size = scenes[0]?.size ?? 0;
  return imagesToTensor({ shape: [scenes.length, size, size], data: joined(scenes.map(({ pixels }) => pixels)) });
}

/** The class of each pixel of the scenes, one scene after the other. */
export function classesOf(scenes: readonly Scene[]): Uint8Array {
  return joined(scenes.map(({ classes }) => classes));
}

/** What the network says of each scene, `[N, …]` in eval mode, in batches that keep the memory small. */
export function* predictions(model: Layer, scenes: readonly Scene[]): Generator<[readonly Scene[], Tensor]> {
  model.eval();
  for (let start = 0; start < scenes.length; start += BATCH) {
    const some = scenes.slice(start, start + BATCH);
    yield [some, model.forward(imagesOf(some))];
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts[0]?.length ?? 0;
  const whole = new Uint8Array(parts.length * length);
  for (const [i, part] of parts.entries()) whole.set(part, i * length);
  return whole;
}
