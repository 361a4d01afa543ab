import { AvgPool2d } from "../../layers/avgpool2d.js";
import { Composite } from "../../layers/composite.js";
import { Conv2d } from "../../layers/conv2d.js";
import { Flatten } from "../../layers/flatten.js";
import { GlobalAvgPool2d } from "../../layers/globalpool2d.js";
import { constant } from "../../layers/initialisers.js";
import type { Layer } from "../../layers/layer.js";
import { Linear } from "../../layers/linear.js";
import { MaxPool2d } from "../../layers/maxpool2d.js";
import { Parallel } from "../../layers/parallel.js";
import { ReLU } from "../../layers/piecewise.js";
import { Residual } from "../../layers/residual.js";
import { Sequential } from "../../layers/sequential.js";
import type { Random } from "../../tensor/random.js";
import { type FaceNetworkOptions, faceNetworkOptions } from "./options.js";

type Init = { readonly random?: Random };

/**
 * A convolution, and what is left of a batch norm whose statistics were frozen: each channel's own factor and summand,
 * which is a 1×1 convolution of each channel for itself.
 */
class ScaledConv2d extends Composite {
  override readonly name: string = "ScaledConv2d";
  readonly conv: Conv2d;
  readonly scale: Conv2d;

  constructor(inChannels: number, outChannels: number, kernelSize: number, stride: 1 | 2, init: Init) {
    super();
    const padding = stride === 1 ? (kernelSize - 1) / 2 : 0;
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { stride, padding, ...init });
    this.scale = new Conv2d(outChannels, outChannels, 1, { groups: outChannels, ...init });
    constant(this.scale.weight.value, 1);
    if (this.scale.bias) constant(this.scale.bias.value, 0);
  }

  protected compose(): Layer {
    return new Sequential(this.conv, this.scale);
  }
}

/** y = relu(conv2(relu(conv1(x))) + x), or with stride 2 the average of 2×2 pixels for x, and zeros where one is larger. */
class Block extends Composite {
  override readonly name: string = "Block";
  readonly conv1: ScaledConv2d;
  readonly conv2: ScaledConv2d;

  constructor(inChannels: number, outChannels: number, stride: 1 | 2, init: Init) {
    super();
    this.conv1 = new ScaledConv2d(inChannels, outChannels, 3, stride, init);
    this.conv2 = new ScaledConv2d(outChannels, outChannels, 3, 1, init);
  }

  protected compose(): Layer {
    const body = new Sequential(this.conv1, new ReLU(), this.conv2);
    const sum: Layer =
      this.conv1.conv.settings.stride[0] === 1
        ? new Residual(body)
        : new Parallel([new AvgPool2d(2), body], { merge: "addPadded" });
    return new Sequential(sum, new ReLU());
  }
}

/**
 * The face descriptor of dlib, a residual network of 29 convolutions, as face-api ships it: `[N, 3, H, W]` → `[N, 128]`,
 * 5,614,592 parameters. Two faces whose descriptors are at most 0.6 apart (Euclidean distance) are the same person's.
 *
 *     conv32_down                            7×7 convolution, stride 2, ReLU; max pooling 3×3, stride 2 → 32
 *     conv32_1 … 3                           residual blocks of two 3×3 convolutions
 *     conv64_down, conv64_1 … 3              the first block halves the size → 64
 *     conv128_down, conv128_1, 2             → 128
 *     conv256_down, conv256_1, 2, conv256_down_out → 256
 *     fc                                     the mean of each channel, 256 → 128 without bias
 *
 * Every convolution has a bias and, behind it, a factor and a summand for each channel. The names are face-api's:
 * `fromFaceApi` turns its weights into this network's. It was trained on faces of 150×150 pixels, cropped as
 * `faceSquare` and made into an input as `faceBatch` of `faltung/vision` do.
 *
 * @throws ArgumentError for options that are no positive numbers or unknown names; ShapeError (from forward) for other
 *   channels or an image too small.
 * Source: http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html,
 *   https://github.com/vladmandic/face-api; He et al. 2016, https://arxiv.org/abs/1512.03385
 *
 * @example
 * const recognition = new FaceRecognition().eval();
 * recognition.forward(zeros([1, 3, 150, 150])).shape; // [1, 128]
 */
export class FaceRecognition extends Composite {
  override readonly name: string = "FaceRecognition";
  readonly conv32_down: ScaledConv2d;
  readonly conv32_1: Block;
  readonly conv32_2: Block;
  readonly conv32_3: Block;
  readonly conv64_down: Block;
  readonly conv64_1: Block;
  readonly conv64_2: Block;
  readonly conv64_3: Block;
  readonly conv128_down: Block;
  readonly conv128_1: Block;
  readonly conv128_2: Block;
  readonly conv256_down: Block;
  readonly conv256_1: Block;
  readonly conv256_2: Block;
  readonly conv256_down_out: Block;
  readonly fc: Linear;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { inChannels, widened, init } = faceNetworkOptions("FaceRecognition", options);
    const [c32, c64, c128, c256] = [widened(32), widened(64), widened(128), widened(256)];
    const down = (from: number, to: number) => new Block(from, to, 2, init);
    const residual = (channels: number) => new Block(channels, channels, 1, init);
    this.conv32_down = new ScaledConv2d(inChannels, c32, 7, 2, init);
    this.conv32_1 = residual(c32);
    this.conv32_2 = residual(c32);
    this.conv32_3 = residual(c32);
    this.conv64_down = down(c32, c64);
    this.conv64_1 = residual(c64);
    this.conv64_2 = residual(c64);
    this.conv64_3 = residual(c64);
    this.conv128_down = down(c64, c128);
    this.conv128_1 = residual(c128);
    this.conv128_2 = residual(c128);
    this.conv256_down = down(c128, c256);
    this.conv256_1 = residual(c256);
    this.conv256_2 = residual(c256);
    this.conv256_down_out = down(c256, c256);
    this.fc = new Linear(c256, widened(128), { bias: false, ...init });
  }

  /** The fields follow each other; behind the first comes a pooling. */
  protected compose(): Layer {
    const { conv32_down, fc } = this;
    const blocks = this.children().flatMap(([, child]) => (child instanceof Block ? [child] : []));
    return new Sequential(
      conv32_down,
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
      ...blocks,
      new GlobalAvgPool2d(),
      new Flatten(),
      fc,
    );
  }
}
