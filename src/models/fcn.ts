import type { Outputs } from "../graph/call.js";
import { Composite } from "../graph/composite.js";
import type { Layer } from "../graph/layer.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { Conv2d } from "../layers/conv2d.js";
import { Dropout } from "../layers/dropout.js";
import type { InitOptions } from "../layers/initializers.js";
import { Sequential } from "../layers/sequential.js";
import { readOptions } from "../shape/check.js";
import type { OnlyArguments } from "../shape/rule.js";
import { convNorm } from "./blocks.js";
import { checkCommon, type SegmentationOptions } from "./options.js";
import { ResNetBackbone } from "./resnet.js";
import type { AuxiliaryPixelRule } from "./rule.js";

export interface FCNOptions extends SegmentationOptions {
  /** Layers of the ResNet. Default 50. */
  readonly depth?: 50 | 101;
  /** Whether there is an auxiliary classifier, whose scores are an output too. Default false. */
  readonly auxLoss?: boolean;
  /** Probability that a number before a classifier's last convolution is dropped in train mode. Default 0.1. */
  readonly dropout?: number;
}

/** A 3×3 convolution to a quarter of the channels and a 1×1 one: FCN's classifiers, and the auxiliary one of DeepLabV3. */
export function fcnHead(from: number, numClasses: number, dropout: number, init: InitOptions): Sequential {
  return new Sequential(
    ...convNorm(from, from / 4, 3, init, new ReLU()).layers,
    new Dropout(dropout, init),
    new Conv2d(from / 4, numClasses, 1, init),
  );
}

/** Layers of a ResNet up to its third stage. */
export const EARLY = 7;

/** What FCN and DeepLabV3 are made of. */
export interface SegmentationParts {
  /** Its layers run in the order of its fields, as torchvision's `IntermediateLayerGetter` runs them. */
  readonly backbone: Layer;
  readonly classifier: Layer;
  readonly aux_classifier: Layer | undefined;
}

/** Scores of each pixel of `x`. The auxiliary classifier reads what the first `early` layers of the backbone give. */
export function pixelScores(
  x: Value,
  early: number,
  { backbone, classifier, aux_classifier }: SegmentationParts,
): Value | { readonly out: Value; readonly aux: Value } {
  const layers = backbone.children();
  const map = x.through(...layers.slice(0, early)) as Value;
  const resized = (y: Value) => y.resizeLike(x, { mode: "bilinear" }) as Value;
  const out = resized(map.through(...layers.slice(early), classifier));
  return aux_classifier ? { out, aux: resized(aux_classifier.of(map)) } : out;
}

/**
 * Fully convolutional network for segmentation over a dilated ResNet: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`,
 * for images of any size; two such, `{ out, aux }`, with `{ auxLoss: true }`. 32,957,013 parameters by default,
 * 35,322,218 with the auxiliary classifier; 2.65 · 10¹⁰ multiply-adds at 224×224 without it.
 *
 *     backbone        ResNet without its classifier; its last two stages dilate their kernels and keep an eighth of the size
 *     classifier      3×3 convolution, batch norm, ReLU → a quarter of the channels, dropout, 1×1 convolution → numClasses
 *     aux_classifier  the same after the third stage
 *
 * The scores are resized to the size of the image, bilinearly. Layers, keys and initial weights are those of torchvision's
 * `fcn_resnet50` and `fcn_resnet101`. As there, the auxiliary classifier runs in eval mode too. The trained weights have
 * one; a network without it takes the rest with `{ strict: false }`.
 *
 * @throws ArgumentError for options that are not positive numbers, another depth, or a dropout outside 0 to 1; ShapeError
 *   (from forward) for another rank or other channels.
 * Source: Long et al. 2015, https://arxiv.org/abs/1411.4038, torchvision.models.segmentation.fcn
 *
 * @example
 * const model = new FCN({ numClasses: 11, width: 1 / 4 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 11, 64, 64]
 */
export class FCN<const O extends readonly [options?: FCNOptions] = readonly [options?: FCNOptions]> extends Composite<
  AuxiliaryPixelRule<"FCN", O>
> {
  override readonly name: string = "FCN";
  readonly backbone: ResNetBackbone;
  readonly classifier: Sequential;
  readonly aux_classifier: Sequential | undefined;

  constructor(...options: OnlyArguments<"FCN", O, FCNOptions>);
  constructor(options: FCNOptions = {}) {
    super();
    const { numClasses, depth, auxLoss, dropout, ...rest } = readOptions("FCN", options, {
      numClasses: 21,
      inChannels: 3,
      width: 1,
      depth: 50,
      auxLoss: false,
      dropout: 0.1,
      random: undefined,
    } as const);
    checkCommon("FCN", { numClasses, dropout });
    const init = rest.random ? { random: rest.random } : {};
    this.backbone = new ResNetBackbone(depth, {
      ...rest,
      model: "FCN",
      replaceStrideWithDilation: [false, true, true],
    });
    const { channels } = this.backbone;
    this.classifier = fcnHead(channels, numClasses, dropout, init);
    this.aux_classifier = auxLoss ? fcnHead(channels / 2, numClasses, dropout, init) : undefined;
  }

  compose(x: Value): Outputs {
    return pixelScores(x, EARLY, this);
  }
}
