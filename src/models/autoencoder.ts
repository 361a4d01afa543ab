import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { Sigmoid } from "../layers/activations/sigmoid.js";
import { ConvTranspose2d } from "../layers/conv-transpose2d.js";
import { Conv2d } from "../layers/conv2d.js";
import { Flatten, Unflatten } from "../layers/flatten.js";
import { Linear } from "../layers/linear.js";
import { Sequential } from "../layers/sequential.js";
import type { Add, FloorDivide, Multiply } from "../shape/arithmetic.js";
import type { ChainRule } from "../shape/chain.js";
import { checkInteger, checkPair, readOptions } from "../shape/check.js";
import type {
  Apply,
  AsNumber,
  OnlyArguments,
  Option,
  OptionsOf,
  PairHeight,
  PairWidth,
  ShapeRule,
} from "../shape/rule.js";
import type { Pair, Shape } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

export interface AutoencoderOptions {
  /** Numbers that an image is squeezed into. Default 32. */
  readonly latent?: number;
  /** Channels of the first convolution; the second one has twice as many. Default 16. */
  readonly width?: number;
  /** Channels of the image. Default 1. */
  readonly inChannels?: number;
  /** Height and width of the image, or one number for both. Default 28. */
  readonly imageSize?: Pair;
  /** Where the initial weights come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** The rule of {@link Autoencoder}: what its encoder takes, it gives back. */
export interface AutoencoderRule<Options extends readonly unknown[]> extends ShapeRule {
  readonly of?: Options;
  readonly natural: readonly [number, number, number, number];
  readonly out: unknown extends this["in"]
    ? unknown
    : Apply<ChainRule<EncoderOf<OptionsOf<Options>>>, this["in"]> extends infer Code
      ? Code extends Shape
        ? this["in"]
        : Code
      : never;
}

type EncoderOf<Options> = Encoder<
  AsNumber<Option<Options, "inChannels", 1>>,
  AsNumber<Option<Options, "width", 16>>,
  Half<Half<PairHeight<Option<Options, "imageSize", 28>>>>,
  Half<Half<PairWidth<Option<Options, "imageSize", 28>>>>,
  AsNumber<Option<Options, "latent", 32>>
>;

/** Activations keep the shape. */
type Encoder<C extends number, W extends number, H4 extends number, W4 extends number, L extends number> = readonly [
  Conv2d<C, W, 3, { readonly stride: 2; readonly padding: 1 }>,
  Conv2d<W, Multiply<W, 2>, 3, { readonly stride: 2; readonly padding: 1 }>,
  Flatten<readonly []>,
  Linear<Multiply<Multiply<W, 2>, Multiply<H4, W4>>, L>,
];

/** ⌈n / 2⌉: what a convolution of stride 2 leaves. */
type Half<N extends number> = FloorDivide<Add<N, 1>, 2>;

/**
 * Convolutional autoencoder: squeezes each image into `latent` numbers and makes the image again from these,
 * `[N, 1, 28, 28]` → `[N, 1, 28, 28]` with values from 0 to 1. Trained to return its input, it needs no labels, and
 * images of the same thing come to lie near each other among its codes.
 *
 *     encoder  conv 3×3/2 → width, ReLU, conv 3×3/2 → 2·width, ReLU, linear → latent
 *     decoder  linear, ReLU, transposed conv 3×3/2 → width, ReLU, transposed conv 3×3/2 → inChannels, sigmoid
 *
 * @throws ArgumentError for options that are not positive integers; ShapeError (from forward) for images of other channels
 *   or another size than the options say.
 * Source: Hinton & Salakhutdinov 2006, https://www.cs.toronto.edu/~hinton/science.pdf; convolutional: Masci et al. 2011,
 *   https://doi.org/10.1007/978-3-642-21735-7_7
 *
 * @example
 * const model = new Autoencoder({ latent: 16 });
 * model.encode(rand([64, 1, 28, 28])).shape; // [64, 16]
 */
export class Autoencoder<
  const O extends readonly [options?: AutoencoderOptions] = readonly [options?: AutoencoderOptions],
> extends Composite<AutoencoderRule<O>> {
  override readonly name: string = "Autoencoder";
  readonly encoder: Sequential;
  readonly decoder: Sequential;

  constructor(...options: OnlyArguments<"Autoencoder", O, AutoencoderOptions>);
  constructor(options: AutoencoderOptions = {}) {
    super();
    const defaults = { latent: 32, width: 16, inChannels: 1, imageSize: 28, random: undefined };
    const { latent, width, inChannels, imageSize, random } = readOptions("Autoencoder", options, defaults);
    checkInteger("Autoencoder", "latent", latent, 1);
    checkInteger("Autoencoder", "width", width, 1);
    checkInteger("Autoencoder", "inChannels", inChannels, 1);
    const full = checkPair("Autoencoder", "imageSize", imageSize, 1);
    const half = halved(full);
    const quarter = halved(half);
    const map = [2 * width, ...quarter];
    const size = 2 * width * quarter[0] * quarter[1];
    const init = random ? { random } : {};
    const stride = { stride: 2, padding: 1, ...init };
    this.encoder = new Sequential(
      new Conv2d(inChannels, width, 3, stride),
      new ReLU(),
      new Conv2d(width, 2 * width, 3, stride),
      new ReLU(),
      new Flatten(),
      new Linear(size, latent, init),
    );
    this.decoder = new Sequential(
      new Linear(latent, size, init),
      new ReLU(),
      new Unflatten(1, map),
      new ConvTranspose2d(2 * width, width, 3, { ...stride, outputPadding: missing(half) }),
      new ReLU(),
      new ConvTranspose2d(width, inChannels, 3, { ...stride, outputPadding: missing(full) }),
      new Sigmoid(),
    );
  }

  /**
   * The images' codes: `[N, inChannels, H, W]` → `[N, latent]`.
   * @throws ShapeError for images of other channels or another size than the options say.
   */
  encode(images: Tensor): Tensor {
    return this.encoder.forward(images);
  }

  /**
   * The images that codes stand for: `[N, latent]` → `[N, inChannels, H, W]`.
   * @throws ShapeError for codes of another length than `latent`.
   */
  decode(codes: Tensor): Tensor {
    return this.decoder.forward(codes);
  }

  compose(x: Value): Value {
    return x.through(this.encoder, this.decoder);
  }
}

/** The sizes that a 3×3 convolution of stride 2 with padding 1 leaves. */
function halved([height, width]: readonly [number, number]): readonly [number, number] {
  return [Math.ceil(height / 2), Math.ceil(width / 2)];
}

/** An odd and an even size have the same half; the transposed convolution makes the odd one unless stated otherwise. */
function missing([height, width]: readonly [number, number]): readonly [number, number] {
  return [1 - (height % 2), 1 - (width % 2)];
}
