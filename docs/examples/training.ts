/** How most examples train: AdamW whose rate rises and falls once, with a progress bar. */

import type { Layer } from "faltung";
import type { Batch, Targets } from "faltung/data";
import { AdamW, fit, OneCycleLR, type TrainingLoss } from "faltung/train";
import { startBar } from "./bar.js";

export interface Training<T extends Targets> {
  readonly loss: TrainingLoss<T>;
  readonly epochs: number;
  /** The highest learning rate. */
  readonly lr: number;
}

/** Changes what learns of the model; what is frozen stays. */
export async function train<T extends Targets>(
  model: Layer,
  loader: Iterable<Batch<T>> & { readonly length: number },
  { loss, epochs, lr }: Training<T>,
): Promise<void> {
  const totalSteps = loader.length * epochs;
  const optimizer = new AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  const format = "epoch {epoch}/{epochs} {bar} step {value}/{total}, loss {loss}, {duration} s";
  const bar = startBar(format, totalSteps, { epoch: 1, epochs, loss: "–" });
  await fit(model, loader, {
    loss,
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr: lr, totalSteps }),
    schedule: "step",
    epochs,
    onStep: ({ epoch, globalStep, meanLoss }) => bar.update(globalStep, { epoch, loss: meanLoss.toFixed(4) }),
  });
  bar.stop();
}
