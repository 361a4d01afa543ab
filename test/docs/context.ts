/** What the examples in doc comments take for granted: a model, an optimizer, a photograph, files. Small, so that they run at once. */
import { join } from "node:path";
import { DataLoader, Dataset } from "../../src/data.js";
import {
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  Random,
  ReLU,
  rand,
  randn,
  Sequential,
  Softmax,
  type Tensor,
} from "../../src/index.js";
import { writeNpy, writeNpz, writeSafetensors } from "../../src/io.js";
import { Autoencoder, FaceLandmarks, FaceRecognition, TinyFaceDetector, UNet } from "../../src/models.js";
import { Adam, CrossEntropyLoss } from "../../src/train.js";
import {
  type Box,
  EmbeddingStore,
  encodePng,
  type LabelMap,
  type Mask,
  type PanopticMap,
  type Pixels,
  type Region,
} from "../../src/vision.js";

const random = () => new Random(1);

/** A photograph of this size, of smooth colors. */
function picture(width: number, height: number): Pixels {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 251);
  return { width, height, data };
}

function digitModel() {
  return new Sequential(
    new Conv2d(1, 4, 3, { random: random() }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(676, 10, { random: random() }),
  );
}

/** A model and a loss that wait for their backward. */
function ran() {
  const model = digitModel();
  model.forward(rand([3, 1, 28, 28], { random: random() }));
  return model;
}

function ranLoss(): CrossEntropyLoss {
  const loss = new CrossEntropyLoss();
  loss.forward(randn([3, 10], { random: random() }), [3, 1, 4]);
  return loss;
}

/** One model for an example and its optimizer. */
let shared: ReturnType<typeof digitModel> | undefined;

function sharedModel() {
  shared ??= digitModel();
  return shared;
}

/** The next example has a model of its own. */
export function renew(): void {
  shared = undefined;
}

const sharedOptimizer = () => new Adam(sharedModel().parameters());

function digits(): Dataset<Int32Array> {
  return new Dataset(
    rand([128, 1, 28, 28], { random: random() }),
    Int32Array.from({ length: 128 }, (_, i) => i % 10),
  );
}

const loader = () => new DataLoader(digits(), { batchSize: 64 });

/** IDX, as MNIST comes: 4 images of 28 × 28, or their labels. */
function idx(...shape: readonly number[]): Uint8Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + size);
  bytes.set([0, 0, 8, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [i, extent] of shape.entries()) view.setUint32(4 + 4 * i, extent);
  return bytes.map((byte, i) => (i < 4 + 4 * shape.length ? byte : (i * 5) % 10));
}

async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The files that `readFile` finds, by their paths; those of `model/` are face-api's. */
const FILES: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
  "train-images-idx3-ubyte": () => idx(4, 28, 28),
  "train-images-idx3-ubyte.gz": () => gzipped(idx(4, 28, 28)),
  "images.npy": () => writeNpy(rand([4, 1, 28, 28])),
  "mnist.npz": () => writeNpz({ images: rand([4, 1, 28, 28]), labels: rand([4]) }),
  "lenet5.safetensors": () => writeSafetensors(digitModel().stateDict(), { metadata: { epoch: "3" } }),
  "photo.jpg": () => encodePng(picture(32, 24)),
};

const FACE_API = new URL("../../node_modules/@vladmandic/face-api/", import.meta.url);

async function readFile(path: string): Promise<Uint8Array> {
  const make = FILES[path];
  if (make) return make();
  if (!path.startsWith("model/")) throw new Error(`there is no file ${path}`);
  return (await import("node:fs/promises")).readFile(new URL(path, FACE_API));
}

async function writeFile(path: string, content: Uint8Array): Promise<void> {
  if (content.length === 0) throw new Error(`${path} is empty`);
}

const map = (width: number, height: number): LabelMap => ({
  width,
  height,
  data: Int32Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? 0 : 1 + (i % 3))),
});
const mask = (): Mask => ({ width: 4, height: 2, data: Uint8Array.of(0, 1, 1, 0, 0, 1, 1, 0) });
const panoptic = (): PanopticMap => ({
  width: 4,
  height: 1,
  data: Int32Array.of(1, 1, 2, 2),
  segments: [
    { id: 1, label: 3, score: 0.9 },
    { id: 2, label: 0, score: 0.8 },
  ],
});
const box = (): Box => ({ x: 4, y: 4, width: 16, height: 12 });
const boxes = (): Box[] => [16, 17, 18, 19, 20].map((width, i) => ({ x: 4 * i, y: 4, width, height: 12 }));
const descriptor = (value: number) => new Float32Array(128).fill(value / 128);
const head = { anchors: [{ width: 8, height: 8 }], numClasses: 10, stride: 8 };
/** A network that says of each cell of 8 × 8 pixels what a YOLO head of one anchor and 10 classes needs. */
const yolo = () => new Sequential(new Conv2d(3, 15, 8, { stride: 8, random: random() }));
const points = () => Array.from({ length: 68 }, (_, i) => ({ x: 20 + (i % 10), y: 20 + (i % 7) }));

/** One of everything that an example may name without making it. */
export const CONTEXT = {
  readFile: () => readFile,
  writeFile: () => writeFile,
  join: () => join,
  model: sharedModel,
  loader,
  testLoader: loader,
  digits,
  loss: () => new CrossEntropyLoss(),
  optimizer: sharedOptimizer,
  options: () => ({ loss: new CrossEntropyLoss(), optimizer: sharedOptimizer() }),
  epochs: () => 3,
  batches: () => 4,
  validationLoss: () => 0.5,
  bytes: () => idx(4, 28, 28),
  imageBytes: () => idx(4, 28, 28),
  labelBytes: () => idx(4),
  inputs: () => rand([4, 1, 28, 28]),
  targets: () => rand([4]),
  photos: () => rand([2, 3, 16, 16]),
  gray: () => rand([2, 1, 16, 16]),
  x: () => rand([2, 3, 8, 8]),
  y: () => rand([2, 3, 8, 8]),
  stride: () => 2,
  student: () => randn([3, 10]),
  teacher: () => randn([3, 10]),
  scores: () => randn([3, 10]),
  images: () => rand([16, 1, 28, 28]),
  labels: () => Int32Array.from({ length: 16 }, (_, i) => i % 10),
  photo: () => picture(300, 280),
  picture: () => picture(64, 48),
  pixels: () => picture(4, 2),
  width: () => 64,
  height: () => 48,
  data: () => picture(64, 48).data,
  // Node has neither; an editor's types of both are the DOM library's.
  canvas: () => ({ getContext: () => ({ putImageData: () => {} }) }) as unknown as HTMLCanvasElement,
  ImageData: () => class {} as unknown as typeof ImageData,
  drawn: () => picture(300, 280),
  box,
  boxes,
  mask,
  trueMask: mask,
  map: () => map(8, 4),
  classMap: () => map(8, 4),
  instances: () => map(8, 4),
  scene: () => ({ instances: map(64, 64).data }),
  scenes: () => [{ boxes: boxes() }, { boxes: boxes() }],
  heatmap: () => rand([1, 4, 8]),
  offsets: () => rand([2, 4, 8]),
  ada: () => descriptor(1),
  grace: () => descriptor(100),
  other: () => descriptor(1000),
  embedding: () => descriptor(2),
  store: () => new EmbeddingStore().add("Ada", descriptor(1)),
  detector: () => new TinyFaceDetector({ random: random() }).eval(),
  landmarks: () => new FaceLandmarks({ random: random() }).eval(),
  recognition: () => new FaceRecognition({ random: random() }).eval(),
  faces: () => [{ box: box(), score: 0.9 }],
  points,
  autoencoder: () => new Autoencoder({ inChannels: 3, imageSize: 8 }),
  unet: () => new UNet({ inChannels: 3, width: 1 / 16, depth: 2 }),
  image: () => rand([1, 3, 32, 32]),
  softmax: () => new Softmax(1),
  logits: () => randn([1, 4, 4, 8]),
  names: () => ["sky", "road", "car", "cat"],
  detect: () => (_input: Tensor) => boxes(),
  anchors: () => head.anchors,
  objects: (): Region<Box>[][] => [[{ label: 3, region: box() }]],
} as const;

/** What the examples of one file mean by a name that means something else elsewhere. */
export const OF_FILE = {
  "src/data/images.ts": { photos: () => new Dataset(rand([4, 3, 8, 8]), [0, 1, 0, 1]) },
  "src/layers/explain.ts": { model: () => new Sequential(new Conv2d(3, 8, 3, { padding: 1 }), new ReLU()) },
  "src/layers/identity.ts": { stride: () => 1 },
  "src/models/faces/weights.ts": {
    folder: () => "model",
    manifest: () => readFile("model/tiny_face_detector_model-weights_manifest.json"),
  },
  "src/train/clip.ts": { model: ran, loss: ranLoss },
  "src/train/optimizer.ts": { model: ran, loss: ranLoss },
  "src/vision/image-tensor.ts": { bytes: () => encodePng(picture(32, 24)), x: () => rand([1, 3, 8, 8]) },
  "src/vision/panoptic-quality.ts": { scenes: () => [{ prediction: panoptic(), truth: panoptic() }] },
  "src/vision/nms.ts": { scores: () => [0.9, 0.8, 0.7, 0.6, 0.5], labels: () => [1, 1, 2, 2, 3] },
  "src/train/losses/cross-entropy.ts": { images: () => rand([3, 1, 28, 28]) },
  "src/vision/yolo.ts": { model: yolo },
  "src/vision/yolo-loss.ts": { model: yolo, images: () => rand([1, 3, 32, 32]) },
} as const;
