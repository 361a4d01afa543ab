/** A small convolutional network for images of 28×28, and how it is trained: what several examples share. */
import { SingleBar } from "cli-progress";
import { BatchNorm2d, Conv2d, Dropout, Flatten, type Layer, Linear, MaxPool2d, ReLU, Sequential } from "faltung";
import { DataLoader, type Dataset, type InputTransform, type Targets } from "faltung/data";
import { AdamW, fit, OneCycleLR, type TrainingLoss } from "faltung/train";

/** 3×3 convolution, batch norm, ReLU. The norm brings its own bias. */
function block(inChannels: number, outChannels: number): Sequential {
  return new Sequential(
    new Conv2d(inChannels, outChannels, 3, { padding: 1, bias: false }),
    new BatchNorm2d(outChannels),
    new ReLU(),
  );
}

/** `[N, 1, 28, 28]` → `[N, 576]`: what a head can tell classes apart by. 65,000 multiplications a digit's pixel row. */
export function makeBody(): Sequential {
  return new Sequential(
    block(1, 16),
    new MaxPool2d(2),
    block(16, 32),
    new MaxPool2d(2),
    block(32, 64),
    block(64, 64),
    new MaxPool2d(2),
    new Flatten(),
  );
}

/** `[N, 576]` → `[N, numClasses]`. */
export function makeHead(numClasses: number): Sequential {
  return new Sequential(new Dropout(0.3), new Linear(576, numClasses));
}

export interface Training<T extends Targets> {
  readonly loss: TrainingLoss<T>;
  readonly epochs: number;
  /** Samples a step. Default 128. */
  readonly batchSize?: number;
  /** The peak of the learning rate, which rises and falls once. */
  readonly maxLr: number;
  readonly weightDecay?: number;
  /** Augmentation. */
  readonly transform?: InputTransform;
}

/** Trains with AdamW and one cycle of the learning rate, and shows how far it is. */
export async function train<T extends Targets>(model: Layer, data: Dataset<T>, training: Training<T>): Promise<void> {
  const { loss, epochs, batchSize = 128, maxLr, weightDecay = 0.01, transform } = training;
  const loader = new DataLoader(data, { batchSize, shuffle: true, ...(transform && { transform }) });
  const optimizer = new AdamW(model.parameters(), { lr: maxLr, weightDecay });
  const totalSteps = loader.length * epochs;
  const bar = new SingleBar({ format: "epoch {epoch}/{epochs} {bar} step {value}/{total}, loss {loss}, {duration} s" });
  bar.start(totalSteps, 0, { epoch: 1, epochs, loss: "–" });
  await fit(model, loader as never, {
    loss: loss as never,
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr, totalSteps }),
    schedule: "step",
    epochs,
    onStep: ({ epoch, globalStep, meanLoss }) => bar.update(globalStep, { epoch, loss: meanLoss.toFixed(4) }),
  });
  bar.stop();
}
