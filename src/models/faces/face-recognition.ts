import { Composite } from "../../graph/composite.js";
import type { Value } from "../../graph/value.js";
import { ReLU } from "../../layers/activations/relu.js";
import { AvgPool2d } from "../../layers/avg-pool2d.js";
import { BatchNorm2d } from "../../layers/batch-norm.js";
import { Conv2d } from "../../layers/conv2d.js";
import { Flatten } from "../../layers/flatten.js";
import { GlobalAvgPool2d } from "../../layers/global-pool2d.js";
import { Linear } from "../../layers/linear.js";
import { MaxPool2d } from "../../layers/max-pool2d.js";
import { readNetwork, widened } from "../options.js";
import type { Init } from "./separable.js";
import type { FaceNetworkOptions } from "./tiny-face-detector.js";

/** A convolution with bias and its batch norm; with stride 2 it has no padding. */
export class ScaledConv extends Composite {
  override readonly name: string = "ScaledConv";
  readonly conv: Conv2d;
  readonly scale: BatchNorm2d;

  constructor(inChannels: number, outChannels: number, kernelSize: number, stride: 1 | 2, init: Init) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { stride, padding: stride === 1 ? 1 : 0, ...init });
    this.scale = new BatchNorm2d(outChannels);
  }

  compose(x: Value): Value {
    return x.through(this.conv, this.scale);
  }
}

/**
 * Two convolutions and a shortcut. With a `size`, that of its input, the block halves the image: the shortcut is then an
 * average pooling, with channels of zeros for those that it lacks.
 */
export class ResidualBlock extends Composite {
  override readonly name: string = "ResidualBlock";
  readonly conv1: ScaledConv;
  readonly conv2: ScaledConv;
  readonly #size: number | undefined;

  constructor(inChannels: number, outChannels: number, init: Init, size?: number) {
    super();
    this.conv1 = new ScaledConv(inChannels, outChannels, 3, size ? 2 : 1, init);
    this.conv2 = new ScaledConv(outChannels, outChannels, 3, 1, init);
    this.#size = size;
  }

  compose(x: Value): Value {
    const y = x.through(this.conv1, new ReLU(), this.conv2);
    if (this.#size === undefined) return y.add(x).relu();
    const { inChannels, outChannels } = this.conv1.conv;
    const shortcut = new AvgPool2d(2).of(x).pad([0, 0, 0, 0, 0, outChannels - inChannels]);
    // Of an even image the convolution without padding makes one row and column fewer than the pooling.
    return (this.#size % 2 === 0 ? y.pad([0, 1, 0, 1]) : y).add(shortcut).relu();
  }
}

/**
 * dlib's face recognition, a ResNet of 29 convolutions: `[N, 3, 150, 150]` → `[N, 128]`, a descriptor whose Euclidean
 * distance to another is at most 0.6 if both faces are one person's; 5,614,592 parameters. `faceDescriptor` of
 * `faltung/vision` prepares the input, EmbeddingStore finds names.
 *
 *     conv32_down             7×7 convolution with stride 2 → 32, ReLU, max pool 3 with stride 2
 *     conv32_1…3              residual blocks
 *     conv64_down, 64_1…3     residual blocks; down halves the image, its shortcut is an average pooling
 *     conv128_down, 128_1, 2
 *     conv256_down, 256_1, 2, 256_down_out
 *     fc                      average over the image, then 256 → 128 without bias
 *
 * Every convolution has a batch norm. Weights: `faceStateDict`; they need `eval()`.
 *
 * @throws ArgumentError for a width that is not above 0; ShapeError (from forward) for another size than 150×150.
 * Source: http://dlib.net/dnn_face_recognition_ex.cpp.html, https://github.com/vladmandic/face-api, `faceRecognitionNet`
 *
 * @example
 * const recognition = new FaceRecognition().eval();
 * recognition.forward(randn([1, 3, 150, 150])).shape; // [1, 128]
 */
export class FaceRecognition extends Composite {
  override readonly name: string = "FaceRecognition";
  readonly conv32_down: ScaledConv;
  readonly conv32_1: ResidualBlock;
  readonly conv32_2: ResidualBlock;
  readonly conv32_3: ResidualBlock;
  readonly conv64_down: ResidualBlock;
  readonly conv64_1: ResidualBlock;
  readonly conv64_2: ResidualBlock;
  readonly conv64_3: ResidualBlock;
  readonly conv128_down: ResidualBlock;
  readonly conv128_1: ResidualBlock;
  readonly conv128_2: ResidualBlock;
  readonly conv256_down: ResidualBlock;
  readonly conv256_1: ResidualBlock;
  readonly conv256_2: ResidualBlock;
  readonly conv256_down_out: ResidualBlock;
  readonly fc: Linear;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { width, init } = readNetwork("FaceRecognition", options, { width: 1 });
    const [c32, c64, c128, c256] = [widened(32, width), widened(64, width), widened(128, width), widened(256, width)];
    this.conv32_down = new ScaledConv(3, c32, 7, 2, init);
    this.conv32_1 = new ResidualBlock(c32, c32, init);
    this.conv32_2 = new ResidualBlock(c32, c32, init);
    this.conv32_3 = new ResidualBlock(c32, c32, init);
    this.conv64_down = new ResidualBlock(c32, c64, init, 35);
    this.conv64_1 = new ResidualBlock(c64, c64, init);
    this.conv64_2 = new ResidualBlock(c64, c64, init);
    this.conv64_3 = new ResidualBlock(c64, c64, init);
    this.conv128_down = new ResidualBlock(c64, c128, init, 17);
    this.conv128_1 = new ResidualBlock(c128, c128, init);
    this.conv128_2 = new ResidualBlock(c128, c128, init);
    this.conv256_down = new ResidualBlock(c128, c256, init, 8);
    this.conv256_1 = new ResidualBlock(c256, c256, init);
    this.conv256_2 = new ResidualBlock(c256, c256, init);
    this.conv256_down_out = new ResidualBlock(c256, c256, init, 4);
    this.fc = new Linear(c256, 128, { bias: false, ...init });
  }

  compose(x: Value): Value {
    const blocks = this.children().flatMap((child) => (child instanceof ResidualBlock ? child : []));
    const down = [this.conv32_down, new ReLU(), new MaxPool2d(3, { stride: 2 })];
    return x.through(...down, ...blocks, new GlobalAvgPool2d(), new Flatten(), this.fc);
  }
}
