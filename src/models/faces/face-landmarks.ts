import { Composite } from "../../graph/composite.js";
import type { Layer } from "../../graph/layer.js";
import type { Value } from "../../graph/value.js";
import { AvgPool2d } from "../../layers/avg-pool2d.js";
import { Conv2d } from "../../layers/conv2d.js";
import { Flatten } from "../../layers/flatten.js";
import { Linear } from "../../layers/linear.js";
import { readNetwork, widened } from "../options.js";
import { type Init, SAME_STRIDE_2, SeparableConv } from "./separable.js";
import type { FaceNetworkOptions } from "./tiny-face-detector.js";

/**
 * Four convolutions and their sum; each reads the rectified sum of all before it:
 * `[N, inChannels, H, W]` → `[N, outChannels, H/2, W/2]`.
 */
export class DenseBlock extends Composite {
  override readonly name: string = "DenseBlock";
  readonly conv0: Conv2d | SeparableConv;
  readonly conv1: SeparableConv;
  readonly conv2: SeparableConv;
  readonly conv3: SeparableConv;

  constructor(inChannels: number, outChannels: number, first: boolean, init: Init) {
    super();
    this.conv0 = first
      ? new Conv2d(inChannels, outChannels, 3, { stride: 2, ...init })
      : new SeparableConv(inChannels, outChannels, 2, init);
    this.conv1 = new SeparableConv(outChannels, outChannels, 1, init);
    this.conv2 = new SeparableConv(outChannels, outChannels, 1, init);
    this.conv3 = new SeparableConv(outChannels, outChannels, 1, init);
  }

  compose(x: Value): Value {
    const a = (this.conv0 as Layer).of(this.conv0 instanceof Conv2d ? x.pad(SAME_STRIDE_2) : x).relu();
    const b = this.conv1.of(a).add(a);
    const c = this.conv2.of(b.relu()).add(b);
    return this.conv3.of(c.relu()).add(c).relu();
  }
}

/**
 * The 68 landmarks of a face, as face-api finds them: `[N, 3, 112, 112]` → `[N, 136]`, x and y of each point in turn,
 * from 0 to 1 over the square; 356,840 parameters. `faceLandmarks` of `faltung/vision` prepares the input and reads the
 * output.
 *
 *     dense0…3  blocks of four convolutions with stride 2 → 32, 64, 128, 256; each convolution's input is the sum of the
 *               outputs of all before it in the block
 *     fc        average over 7×7, then 256 → 136
 *
 * Weights: `faceStateDict`.
 *
 * @throws ArgumentError for a width that is not above 0; ShapeError (from forward) for another size than 112×112.
 * Source: https://github.com/vladmandic/face-api, `faceLandmarkNet`
 *
 * @example
 * const landmarks = new FaceLandmarks().eval();
 * landmarks.forward(randn([1, 3, 112, 112])).shape; // [1, 136]
 */
export class FaceLandmarks extends Composite {
  override readonly name: string = "FaceLandmarks";
  readonly dense0: DenseBlock;
  readonly dense1: DenseBlock;
  readonly dense2: DenseBlock;
  readonly dense3: DenseBlock;
  readonly fc: Linear;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { width, init } = readNetwork("FaceLandmarks", options, { width: 1 });
    const channels = (count: number) => widened(count, width);
    this.dense0 = new DenseBlock(3, channels(32), true, init);
    this.dense1 = new DenseBlock(channels(32), channels(64), false, init);
    this.dense2 = new DenseBlock(channels(64), channels(128), false, init);
    this.dense3 = new DenseBlock(channels(128), channels(256), false, init);
    this.fc = new Linear(channels(256), 136, init);
  }

  compose(x: Value): Value {
    const { dense0, dense1, dense2, dense3, fc } = this;
    return x.through(dense0, dense1, dense2, dense3, new AvgPool2d(7, { stride: 2 }), new Flatten(), fc);
  }
}
