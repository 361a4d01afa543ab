import { Composite } from "../../layers/composite.js";
import { Conv2d } from "../../layers/conv2d.js";
import type { Layer } from "../../layers/layer.js";
import { MaxPool2d } from "../../layers/maxpool2d.js";
import { LeakyReLU } from "../../layers/piecewise.js";
import { Sequential } from "../../layers/sequential.js";
import { ZeroPad2d } from "../../layers/zeropad2d.js";
import { type FaceNetworkOptions, faceNetworkOptions } from "./options.js";
import { SeparableConv2d } from "./separable.js";

/**
 * The face detector of face-api, a Tiny-YOLOv2 of separable convolutions: `[N, 3, S, S]` → `[N, 25, S/32, S/32]` for S a
 * multiple of 32, 193,321 parameters. Channel a·5 + k is number k of anchor a: tx, ty, tw, th and the logit of a face;
 * `decodeFaceBoxes` of `faltung/vision` turns them into boxes.
 *
 *     conv0         3×3 convolution without padding → 16
 *     conv1 … 5     separable 3×3 convolutions → 32, 64, 128, 256, 512
 *     conv8         1×1 convolution → 25
 *
 * Behind each of conv0 to conv4 a leaky ReLU (0.1) and a max pooling that halves the size, rounded up; behind conv5 one
 * with stride 1, whose last windows reach over the right and lower edge. The names are face-api's: `fromFaceApi` turns
 * its weights into this network's. The input is the picture as `faceBatch` of `faltung/vision` makes it.
 *
 * @throws ArgumentError for options that are no positive numbers or unknown names; ShapeError (from forward) for other
 *   channels or an image too small.
 * Source: https://github.com/vladmandic/face-api; Redmon & Farhadi 2017, https://arxiv.org/abs/1612.08242
 *
 * @example
 * const detector = new TinyFaceDetector().eval();
 * detector.loadStateDict(fromFaceApi(await readWeightsManifest(manifest, (path) => readFile(join(folder, path)))));
 */
export class TinyFaceDetector extends Composite {
  override readonly name: string = "TinyFaceDetector";
  readonly conv0: Conv2d;
  readonly conv1: SeparableConv2d;
  readonly conv2: SeparableConv2d;
  readonly conv3: SeparableConv2d;
  readonly conv4: SeparableConv2d;
  readonly conv5: SeparableConv2d;
  readonly conv8: Conv2d;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { inChannels, widened, init } = faceNetworkOptions("TinyFaceDetector", options);
    const separable = (from: number, to: number) => new SeparableConv2d(widened(from), widened(to), 1, init);
    this.conv0 = new Conv2d(inChannels, widened(16), 3, init);
    this.conv1 = separable(16, 32);
    this.conv2 = separable(32, 64);
    this.conv3 = separable(64, 128);
    this.conv4 = separable(128, 256);
    this.conv5 = separable(256, 512);
    this.conv8 = new Conv2d(widened(512), 25, 1, init);
  }

  protected compose(): Layer {
    const halved = [this.conv0, this.conv1, this.conv2, this.conv3, this.conv4].flatMap((conv) => [
      conv,
      new LeakyReLU(0.1),
      new MaxPool2d(2, { ceilMode: true }),
    ]);
    // Windows that begin at −1, 0, …: without the first row and column the last ones reach over the edge.
    const pool = [new MaxPool2d(2, { stride: 1, padding: 1 }), new ZeroPad2d([-1, 0, -1, 0])];
    return new Sequential(...halved, this.conv5, new LeakyReLU(0.1), ...pool, this.conv8);
  }
}
