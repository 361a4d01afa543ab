import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { LeakyReLU } from "../layers/activations/leaky-relu.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import { ZeroPad2d } from "../layers/zero-pad2d.js";
import { checkInteger } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { show } from "../shape/show.js";
import type { Random } from "../tensor/random.js";
import { initializeConvolutions } from "./initialize.js";
import { readNetwork, widened } from "./options.js";

export interface TinyYOLOv2Options {
  /** Number of classes. Default 20, PASCAL VOC's. */
  readonly numClasses?: number;
  /** Boxes that each cell proposes. Default 5. */
  readonly numAnchors?: number;
  /** Channels of the input image. Default 3. */
  readonly inChannels?: number;
  /** Multiplies the channels inside, 16 to 1024. Default 1. */
  readonly width?: number;
  /** Pixels of a cell's side, a power of two from 2 to 32. Default 32: a smaller one leaves out the last poolings. */
  readonly stride?: number;
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** Channels of the convolutions before the head; after each but the last two there is a pooling. */
const CHANNELS = [16, 32, 64, 128, 256, 512, 1024, 1024];

/**
 * Tiny-YOLOv2 for object detection: `[N, inChannels, H, W]` →
 * `[N, numAnchors · (5 + numClasses), ⌊H / stride⌋, ⌊W / stride⌋]`, 15,861,773 parameters by default. For anchor a,
 * channels a · (5 + numClasses) … are tx, ty, tw, th, objectness and the classes' scores, none of them squashed yet:
 * `YoloLoss` and `decodeYolo` of `faltung/vision` take them so.
 *
 *     features  3×3 convolution, batch norm, leaky ReLU 0.1 → 16, pool 2, → 32, pool 2, → 64, pool 2, → 128, pool 2,
 *               → 256, pool 2, → 512, pool 2 with stride 1, → 1024, → 1024
 *     head      1×1 convolution → numAnchors · (5 + numClasses)
 *
 * The pooling with stride 1 looks one pixel beyond the right and the lower edge, where nothing is, as darknet's does.
 * Convolutions begin Kaiming-normal, biases at zero.
 *
 * @throws ArgumentError for options that are not positive integers, a width that is not above 0, or a stride that is not a
 *   power of two from 2 to 32; ShapeError (from forward) for other channels, or an image smaller than one cell.
 * Source: Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242, tiny-yolo-voc.cfg of
 *   https://github.com/pjreddie/darknet
 *
 * @example
 * const model = new TinyYOLOv2({ numClasses: 10, inChannels: 1, width: 1 / 4, stride: 8 });
 * model.forward(randn([2, 1, 64, 64])).shape; // [2, 75, 8, 8]
 */
export class TinyYOLOv2 extends Composite {
  override readonly name: string = "TinyYOLOv2";
  readonly features: Sequential;
  readonly head: Conv2d;

  constructor(options: TinyYOLOv2Options = {}) {
    super();
    const { numClasses, numAnchors, inChannels, width, stride, init } = readNetwork("TinyYOLOv2", options, {
      numClasses: 20,
      numAnchors: 5,
      inChannels: 3,
      width: 1,
      stride: 32,
    });
    checkInteger("TinyYOLOv2", "numAnchors", numAnchors, 1);
    const halvings = [2, 4, 8, 16, 32].indexOf(stride) + 1;
    if (halvings === 0) {
      throw new ArgumentError(`TinyYOLOv2 expects stride to be one of 2, 4, 8, 16, 32, but got ${show(stride)}.`);
    }
    const channels = CHANNELS.map((c) => widened(c, width));
    const stages = channels.map((to, i) => [
      new Conv2d(channels[i - 1] ?? inChannels, to, 3, { padding: 1, bias: false, ...init }),
      new BatchNorm2d(to),
      new LeakyReLU(0.1),
      ...(i < halvings ? [new MaxPool2d(2)] : []),
      // Windows that begin at −1, 0, …: without the first row and column the last ones reach over the edge.
      ...(i === 5 ? [new MaxPool2d(2, { stride: 1, padding: 1 }), new ZeroPad2d([-1, 0, -1, 0])] : []),
    ]);
    this.features = new Sequential(...stages.flat());
    this.head = new Conv2d(channels.at(-1) ?? 1, numAnchors * (5 + numClasses), 1, init);
    initializeConvolutions(this, { a: 0.1, ...init });
  }

  compose(x: Value): Value {
    return x.through(this.features, this.head);
  }
}
