import { Composite } from "../../graph/composite.js";
import type { Layer } from "../../graph/layer.js";
import type { Value } from "../../graph/value.js";
import { LeakyReLU } from "../../layers/activations/leaky-relu.js";
import { Conv2d } from "../../layers/conv2d.js";
import { MaxPool2d } from "../../layers/max-pool2d.js";
import { ZeroPad2d } from "../../layers/zero-pad2d.js";
import type { Random } from "../../tensor/random.js";
import { readNetwork, widened } from "../options.js";
import { SeparableConv } from "./separable.js";

/** Options of the three face networks. */
export interface FaceNetworkOptions {
  /** Multiplies the channels inside. Default 1, which the published weights need. */
  readonly width?: number;
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * The tiny face detector of face-api, a Tiny-YOLOv2 of separable convolutions: `[N, 3, S, S]` → `[N, 25, S/32, S/32]`
 * for S a multiple of 32 (its own size: 416), 193,321 parameters. Channels a·5 … are tx, ty, tw, th and objectness of
 * anchor a; `detectFaces` of `faltung/vision` prepares the input and reads the output.
 *
 *     conv0   3×3 convolution without padding → 16, leaky ReLU 0.1, pool 2
 *     conv1…  separable 3×3 → 32, 64, 128, 256, 512, each with leaky ReLU 0.1 and pool 2; the last pool has stride 1
 *     conv8   1×1 convolution → 25
 *
 * Poolings reach one pixel beyond the lower and right edge of odd sizes, where nothing is. Weights: `faceStateDict`.
 *
 * @throws ArgumentError for a width that is not above 0; ShapeError (from forward) for other channels or a tiny image.
 * Source: https://github.com/vladmandic/face-api, `tinyYolov2` and `tinyFaceDetector`
 *
 * @example
 * const detector = new TinyFaceDetector().eval();
 * detector.forward(randn([1, 3, 416, 416])).shape; // [1, 25, 13, 13]
 */
export class TinyFaceDetector extends Composite {
  override readonly name: string = "TinyFaceDetector";
  readonly conv0: Conv2d;
  readonly conv1: SeparableConv;
  readonly conv2: SeparableConv;
  readonly conv3: SeparableConv;
  readonly conv4: SeparableConv;
  readonly conv5: SeparableConv;
  readonly conv8: Conv2d;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { width, init } = readNetwork("TinyFaceDetector", options, { width: 1 });
    const channels = (count: number) => widened(count, width);
    this.conv0 = new Conv2d(3, channels(16), 3, init);
    this.conv1 = new SeparableConv(channels(16), channels(32), 1, init);
    this.conv2 = new SeparableConv(channels(32), channels(64), 1, init);
    this.conv3 = new SeparableConv(channels(64), channels(128), 1, init);
    this.conv4 = new SeparableConv(channels(128), channels(256), 1, init);
    this.conv5 = new SeparableConv(channels(256), channels(512), 1, init);
    this.conv8 = new Conv2d(channels(512), 25, 1, init);
  }

  compose(x: Value): Value {
    const halved: Layer[] = [this.conv0, this.conv1, this.conv2, this.conv3, this.conv4];
    return x.through(
      ...halved.flatMap((conv) => [conv, new LeakyReLU(0.1), new MaxPool2d(2, { ceilMode: true })]),
      this.conv5,
      new LeakyReLU(0.1),
      // Windows that begin at −1, 0, …: without the first row and column the last ones reach over the edge.
      new MaxPool2d(2, { stride: 1, padding: 1 }),
      new ZeroPad2d([-1, 0, -1, 0]),
      this.conv8,
    );
  }
}
