import { AvgPool2d } from "../../layers/avgpool2d.js";
import { Composite } from "../../layers/composite.js";
import { Conv2d } from "../../layers/conv2d.js";
import { Flatten } from "../../layers/flatten.js";
import type { Layer } from "../../layers/layer.js";
import { Linear } from "../../layers/linear.js";
import { ReLU } from "../../layers/piecewise.js";
import { Residual } from "../../layers/residual.js";
import { Sequential } from "../../layers/sequential.js";
import { ShapeError } from "../../shape/errors.js";
import { type Shape, showShape } from "../../shape/shape.js";
import { type FaceNetworkOptions, faceNetworkOptions } from "./options.js";
import { SeparableConv2d, same } from "./separable.js";

const SIZE = 112;

/**
 * Four convolutions at half the size, where each adds to the sum of those before it:
 *
 *     o₁ = relu(conv0(x))   o₂ = conv1(o₁)   o₃ = conv2(relu(o₁ + o₂))   o₄ = conv3(relu(o₁ + o₂ + o₃))
 *     y = relu(o₁ + o₂ + o₃ + o₄)
 */
class DenseBlock extends Composite {
  override readonly name: string = "DenseBlock";

  constructor(
    readonly conv0: Conv2d | SeparableConv2d,
    readonly conv1: SeparableConv2d,
    readonly conv2: SeparableConv2d,
    readonly conv3: SeparableConv2d,
  ) {
    super();
  }

  protected compose(): Layer {
    const { conv0, conv1, conv2, conv3 } = this;
    return new Sequential(
      ...(conv0 instanceof Conv2d ? [same(2), conv0] : [conv0]),
      new ReLU(),
      new Residual(conv1),
      new Residual(new Sequential(new ReLU(), conv2)),
      new Residual(new Sequential(new ReLU(), conv3)),
      new ReLU(),
    );
  }
}

/**
 * The 68 landmarks of a face: `[N, 3, 112, 112]` → `[N, 136]`, 356,840 parameters. The output is x, y of one point after
 * the other, as fractions of the picture: 0–16 the jaw, 17–26 the brows, 27–35 the nose, 36–41 and 42–47 the eyes,
 * 48–67 the mouth.
 *
 *     dense0 … 3    four convolutions each, at half the size of the block before → 32, 64, 128, 256
 *     fc            average over 7×7, 256 → 136
 *
 * The names are face-api's: `fromFaceApi` turns its weights into this network's. The input is the crop of a face as
 * `faceBatch` of `faltung/vision` makes it; `detectFaces` runs the network and puts the points back into the picture.
 *
 * @throws ArgumentError for options that are no positive numbers or unknown names; ShapeError (from forward) for images
 *   of another size or other channels.
 * Source: https://github.com/vladmandic/face-api
 *
 * @example
 * const landmarks = new FaceLandmarks68().eval();
 * landmarks.forward(zeros([1, 3, 112, 112])).reshape([68, 2]);
 */
export class FaceLandmarks68 extends Composite {
  override readonly name: string = "FaceLandmarks68";
  readonly dense0: Layer;
  readonly dense1: Layer;
  readonly dense2: Layer;
  readonly dense3: Layer;
  readonly fc: Linear;

  constructor(options: FaceNetworkOptions = {}) {
    super();
    const { inChannels, widened, init } = faceNetworkOptions("FaceLandmarks68", options);
    const [c0, c1, c2, c3] = [widened(32), widened(64), widened(128), widened(256)];
    const separable = (from: number, to: number, stride: 1 | 2 = 1) => new SeparableConv2d(from, to, stride, init);
    const dense = (conv0: Conv2d | SeparableConv2d, c: number) =>
      new DenseBlock(conv0, separable(c, c), separable(c, c), separable(c, c));
    this.dense0 = dense(new Conv2d(inChannels, c0, 3, { stride: 2, ...init }), c0);
    this.dense1 = dense(separable(c0, c1, 2), c1);
    this.dense2 = dense(separable(c1, c2, 2), c2);
    this.dense3 = dense(separable(c2, c3, 2), c3);
    this.fc = new Linear(c3, 136, init);
  }

  protected compose(): Layer {
    const { dense0, dense1, dense2, dense3, fc } = this;
    return new Sequential(dense0, dense1, dense2, dense3, new AvgPool2d(7, { stride: 2 }), new Flatten(), fc);
  }

  protected override inferShape(inputShape: Shape): number[] {
    if (inputShape.length !== 4 || inputShape[2] !== SIZE || inputShape[3] !== SIZE) {
      throw new ShapeError(
        `FaceLandmarks68 expects images [N, C, ${SIZE}, ${SIZE}], but got ${showShape(inputShape)}. Usual cause: a crop that was not resized; faceBatch pads and resizes it.`,
      );
    }
    return super.inferShape(inputShape);
  }
}
