/** Uses every entry of the package once; run by check.ts after installing the tarball. */
import {
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  manualSeed,
  ReLU,
  randn,
  Sequential,
  ShapeError,
  type Tensor,
} from "faltung";
import { DataLoader, Dataset } from "faltung/data";
import { readSafetensors, writeSafetensors } from "faltung/io";
import { LeNet5 } from "faltung/models";
import { gradcheck } from "faltung/testing";
import { Adam, accuracy, CrossEntropyLoss, fit, summary } from "faltung/train";
import { imageToTensor, iou, resize } from "faltung/vision";

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The installed package fails: ${what}`);
}

async function main(): Promise<void> {
  manualSeed(1);
  const model = new Sequential(new Conv2d(1, 4, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(36, 2));
  const images: Tensor = randn([64, 1, 8, 8]);
  const labels = Int32Array.from(images, (image) => (image.mean().item() > 0 ? 1 : 0));
  const loader = new DataLoader(new Dataset(images, labels), { batchSize: 16, shuffle: true });
  const optimizer = new Adam(model.parameters(), { lr: 0.01 });
  const { epochs } = await fit(model, loader, { loss: new CrossEntropyLoss(), optimizer, epochs: 20 });
  const right = accuracy(model.eval().forward(images), labels);
  check(epochs.length === 20 && right > 0.9, `a small network learns its data, but is right for ${right}`);

  const lenet = new LeNet5();
  lenet.loadStateDict(readSafetensors(writeSafetensors(new LeNet5().stateDict())));
  check(summary(lenet, [1, 1, 28, 28]).parameters === 61_706, "LeNet-5 has 61,706 parameters");
  check(gradcheck(new Conv2d(1, 2, 3), [1, 1, 5, 5]).passed, "gradcheck of a convolution");
  const picture = resize({ width: 2, height: 1, data: Uint8Array.of(0, 255) }, 4, 2);
  check(imageToTensor(picture).shape.join() === "1,2,4", "a picture of 4×2 gray pixels is a tensor [1, 2, 4]");
  check(iou({ x: 0, y: 0, width: 2, height: 1 }, { x: 1, y: 0, width: 2, height: 1 }) === 1 / 3, "boxes overlap");
  try {
    lenet.forward(randn([1, 3, 28, 28]) as Tensor);
    check(false, "three channels are refused");
  } catch (error) {
    check(error instanceof ShapeError, "three channels are a ShapeError");
  }
  console.log(`a small network learns ${Math.round(100 * right)}% of its data`);
}

void main();
