import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { ConvTranspose2d } from "../layers/conv-transpose2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import { Upsample } from "../layers/upsample.js";
import { checkInteger, checkOneOf, checkRange } from "../shape/check.js";
import { rankMismatch, ShapeError } from "../shape/errors.js";
import type { OnlyArguments } from "../shape/rule.js";
import { type Shape, showShape } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import { initializeConvolutions } from "./initialize.js";
import { readNetwork, widened } from "./options.js";
import type { SegmentationRule } from "./rule.js";

export interface UNetOptions {
  /** Number of classes, channels of the output. Default 2. */
  readonly numClasses?: number;
  /** Channels of the input image. Default 1. */
  readonly inChannels?: number;
  /** Multiplies the channels inside, which are 64 at full size and double at each level. Default 1. */
  readonly width?: number;
  /** How often the size is halved. Default 4. */
  readonly depth?: number;
  /** How the size is doubled: by a learned `"transposed"` convolution (default), or `"bilinear"` after a 1×1 convolution. */
  readonly upsampling?: "transposed" | "bilinear";
  /** Whether each 3×3 convolution has a BatchNorm2d after it instead of a bias. Default false. */
  readonly batchNorm?: boolean;
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/**
 * U-Net for segmentation, padded so that the size stays: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`, H and W
 * multiples of 2^depth. 31,030,658 parameters by default.
 *
 *     encoder[i]  two 3×3 convolutions with ReLU → 64 · width · 2^i channels; max pooling before all but the first
 *     up[i]       twice the size, half the channels; beside it the encoder's output of that size
 *     decoder[i]  two 3×3 convolutions with ReLU → 64 · width · 2^i channels
 *     head        1×1 convolution → numClasses
 *
 * Keys: `encoder.0.0.weight`, `up.0.weight`, `decoder.0.0.weight`, `head.weight`, … from the largest size to the smallest.
 * Convolutions begin Kaiming-normal, biases at zero.
 *
 * @throws ArgumentError for options that are not positive numbers or unknown names; ShapeError (from forward) for another
 *   rank, other channels, or a size that cannot be halved so often.
 * Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597
 *
 * @example
 * const model = new UNet({ numClasses: 11, width: 1 / 4, depth: 3, batchNorm: true });
 * model.forward(randn([2, 1, 64, 64])).shape; // [2, 11, 64, 64]
 */
export class UNet<
  const O extends readonly [options?: UNetOptions] = readonly [options?: UNetOptions],
> extends Composite<SegmentationRule<O, 1, 2>> {
  override readonly name: string = "UNet";
  readonly encoder: readonly Layer[];
  readonly up: readonly Layer[];
  readonly decoder: readonly Layer[];
  readonly head: Conv2d;
  readonly pool = new MaxPool2d(2);

  constructor(...options: OnlyArguments<"UNet", O, UNetOptions>);
  constructor(options: UNetOptions = {}) {
    super();
    const { numClasses, inChannels, width, depth, upsampling, batchNorm, init } = readNetwork("UNet", options, {
      numClasses: 2,
      inChannels: 1,
      width: 1,
      depth: 4,
      upsampling: "transposed",
      batchNorm: false,
    });
    checkRange("UNet", "depth", checkInteger("UNet", "depth", depth, 1), 1, 20);
    checkOneOf("UNet", "upsampling", upsampling, ["transposed", "bilinear"]);
    const channels = Array.from({ length: depth + 1 }, (_, i) => widened(64, width) * (1 << i));
    const pairs = channels.slice(0, -1).map((c) => ({ from: 2 * c, to: c }));
    const convolutions = (from: number, to: number) =>
      new Sequential(
        ...[from, to].flatMap((c) => [
          new Conv2d(c, to, 3, { padding: 1, bias: !batchNorm, ...init }),
          ...(batchNorm ? [new BatchNorm2d(to)] : []),
          new ReLU(),
        ]),
      );
    // Interpolation and a 1×1 convolution may change places; before it, there are a quarter of the pixels.
    const doubled = (from: number, to: number) =>
      upsampling === "transposed"
        ? new ConvTranspose2d(from, to, 2, { stride: 2, ...init })
        : new Sequential(new Conv2d(from, to, 1, init), new Upsample({ scaleFactor: 2, mode: "bilinear" }));
    this.encoder = channels.map((to, i) => convolutions(channels[i - 1] ?? inChannels, to));
    this.up = pairs.map(({ from, to }) => doubled(from, to));
    this.decoder = pairs.map(({ from, to }) => convolutions(from, to));
    this.head = new Conv2d(channels[0] ?? 1, numClasses, 1, init);
    initializeConvolutions(this, init);
  }

  /** Down to the smallest size, and up again beside what was there on the way down. */
  compose(x: Value): Value {
    const down: Value[] = [];
    for (const [i, encoder] of this.encoder.entries()) {
      x = encoder.of(i > 0 ? this.pool.of(x) : x);
      down.push(x);
    }
    down.pop();
    for (const [i, beside] of [...down.entries()].reverse()) {
      x = (this.decoder[i] as Layer).of(beside.concat([(this.up[i] as Layer).of(x)]));
    }
    return this.head.of(x);
  }

  protected override inferShape(inputShape: Shape): number[] {
    const [, , height = 0, width = 0, ...more] = inputShape;
    if (inputShape.length < 4 || more.length > 0) {
      throw rankMismatch(this.name, "[N, C, H, W]", inputShape, "one image without its batch dimension");
    }
    const step = 1 << this.up.length;
    if (height % step !== 0 || width % step !== 0) {
      throw new ShapeError(
        `UNet expects height and width to be multiples of ${step}, but its input ${showShape(inputShape)} has ${height} and ${width}. Usual cause: an image that was not padded or resized; each of the ${this.up.length} levels halves it.`,
      );
    }
    return super.inferShape(inputShape);
  }
}
