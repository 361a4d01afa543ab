import { Composite } from "../graph/composite.js";
import type { Value } from "../graph/value.js";
import { ReLU } from "../layers/activations/relu.js";
import { AdaptiveAvgPool2d } from "../layers/adaptive-pool2d.js";
import { BatchNorm2d } from "../layers/batch-norm.js";
import { Conv2d } from "../layers/conv2d.js";
import { Flatten } from "../layers/flatten.js";
import type { InitOptions } from "../layers/initializers.js";
import { Linear } from "../layers/linear.js";
import { MaxPool2d } from "../layers/max-pool2d.js";
import { Sequential } from "../layers/sequential.js";
import { checkInteger, checkList } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import type { OnlyArguments, ShapeRule } from "../shape/rule.js";
import { show } from "../shape/show.js";
import type { Random } from "../tensor/random.js";
import { initializeConvolutions } from "./initialize.js";
import { type ClassifierOptions, checkCommon, IMAGENET, readNetwork, widened } from "./options.js";
import type { ClassifierRule } from "./rule.js";

export interface ResNetOptions extends ClassifierOptions {
  /** Groups of the 3×3 convolution of a bottleneck, as in ResNeXt. Default 1. */
  readonly groups?: number;
  /** Channels per group of that convolution in the first stage, as in ResNeXt and Wide ResNet. Default 64. */
  readonly widthPerGroup?: number;
  /** Whether the second, third and fourth stage dilate their kernels where they would halve the size. Default: none does. */
  readonly replaceStrideWithDilation?: readonly [boolean, boolean, boolean];
}

/** How many layers a ResNet has. */
export type ResNetDepth = 18 | 34 | 50 | 101 | 152;

/** Blocks of the four stages, and whether they are bottlenecks. */
const STAGES: Record<ResNetDepth, { readonly blocks: readonly number[]; readonly bottleneck: boolean }> = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
  152: { blocks: [3, 8, 36, 3], bottleneck: true },
};

/** Where a block stands. */
interface BlockOptions {
  readonly from: number;
  /** Channels of the output, or a quarter of them for a bottleneck. */
  readonly to: number;
  /** Channels inside of a bottleneck. */
  readonly inner: number;
  /** Of the 3×3 convolution of a bottleneck. */
  readonly groups: number;
  readonly stride: number;
  /** Of the 3×3 convolution of a bottleneck. */
  readonly dilation: number;
}

function convolution(
  from: number,
  to: number,
  kernel: number,
  init: InitOptions,
  { stride = 1, dilation = 1, groups = 1 } = {},
) {
  return new Conv2d(from, to, kernel, {
    stride,
    dilation,
    groups,
    padding: (dilation * (kernel - 1)) / 2,
    bias: false,
    ...init,
  });
}

/** The way around a block: nothing, or a 1×1 convolution where the shape changes. */
function shortcut({ from, stride }: BlockOptions, to: number, init: InitOptions): Sequential | undefined {
  if (stride === 1 && from === to) return undefined;
  return new Sequential(convolution(from, to, 1, init, { stride }), new BatchNorm2d(to));
}

/** Two 3×3 convolutions. */
class BasicBlock extends Composite {
  override readonly name: string = "BasicBlock";
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly relu = new ReLU();
  readonly downsample: Sequential | undefined;

  constructor(options: BlockOptions, init: InitOptions) {
    super();
    const { from, to, stride } = options;
    this.conv1 = convolution(from, to, 3, init, { stride });
    this.bn1 = new BatchNorm2d(to);
    this.conv2 = convolution(to, to, 3, init);
    this.bn2 = new BatchNorm2d(to);
    this.downsample = shortcut(options, to, init);
  }

  compose(x: Value): Value {
    const y = x.through(this.conv1, this.bn1, this.relu, this.conv2, this.bn2);
    return this.relu.of(y.add(this.downsample?.of(x) ?? x));
  }
}

/** A 1×1 convolution to few channels, a 3×3 one, and a 1×1 one to four times as many; the 3×3 one has the stride. */
class Bottleneck extends Composite {
  override readonly name: string = "Bottleneck";
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly relu = new ReLU();
  readonly downsample: Sequential | undefined;

  constructor(place: BlockOptions, init: InitOptions) {
    super();
    const { from, to, inner, stride, dilation, groups } = place;
    this.conv1 = convolution(from, inner, 1, init);
    this.bn1 = new BatchNorm2d(inner);
    this.conv2 = convolution(inner, inner, 3, init, { stride, dilation, groups });
    this.bn2 = new BatchNorm2d(inner);
    this.conv3 = convolution(inner, 4 * to, 1, init);
    this.bn3 = new BatchNorm2d(4 * to);
    this.downsample = shortcut(place, 4 * to, init);
  }

  compose(x: Value): Value {
    const { relu } = this;
    const y = x.through(this.conv1, this.bn1, relu, this.conv2, this.bn2, relu, this.conv3, this.bn3);
    return relu.of(y.add(this.downsample?.of(x) ?? x));
  }
}

/** The options, and whose they are in an error's words. */
export interface BackboneSettings {
  readonly model: string;
  readonly inChannels: number;
  readonly width: number;
  readonly groups?: number;
  readonly widthPerGroup?: number;
  readonly replaceStrideWithDilation?: readonly [boolean, boolean, boolean];
  readonly random: Random | undefined;
}

/**
 * A ResNet up to its last map: `[N, inChannels, H, W]` → `[N, channels, ⌈H / 32⌉, ⌈W / 32⌉]`, and twice the size for each
 * stage that dilates its kernels instead.
 */
export class ResNetBackbone<Rule extends ShapeRule = ShapeRule> extends Composite<Rule> {
  override readonly name: string = "ResNetBackbone";
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly relu = new ReLU();
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;

  constructor(depth: ResNetDepth, settings: BackboneSettings) {
    super();
    const { model, inChannels, width, groups = 1, widthPerGroup = 64, random } = settings;
    const { replaceStrideWithDilation: dilated = [false, false, false] } = settings;
    const stages = typeof depth === "number" ? STAGES[depth] : undefined;
    checkCommon(model, { inChannels, width });
    checkInteger(model, "groups", groups, 1);
    checkInteger(model, "widthPerGroup", widthPerGroup, 1);
    checkList(model, "replaceStrideWithDilation", dilated);
    if (dilated.length !== 3 || !dilated.every((replaced) => typeof replaced === "boolean")) {
      throw new ArgumentError(
        `${model} expects replaceStrideWithDilation to be three booleans, one for each stage that halves the size, but got ${show(dilated)}.`,
      );
    }
    const bottlenecks = groups !== 1 || widthPerGroup !== 64 || dilated.includes(true);
    if (!stages || (bottlenecks && !stages.bottleneck)) {
      const depths = `one of ${bottlenecks ? "" : "18, 34, "}50, 101, 152`;
      const why = bottlenecks && stages ? " with groups, widthPerGroup or dilation, which only bottlenecks have" : "";
      throw new ArgumentError(`${model} expects depth to be ${depths}${why}, but got ${show(depth)}.`);
    }
    const init = random ? { random } : {};
    const base = widened(64, width);
    const [Block, expansion] = stages.bottleneck ? [Bottleneck, 4] : [BasicBlock, 1];
    let from = base;
    let dilation = 1;
    const stage = (i: number) => {
      const to = base * (1 << i);
      const halves = i > 0 && !dilated[i - 1];
      const inner = Math.max(1, Math.floor((to * widthPerGroup) / 64)) * groups;
      const blocks = Array.from({ length: stages.blocks[i] ?? 0 }, (_, at) => {
        const block = new Block({ from, to, inner, groups, stride: halves && at === 0 ? 2 : 1, dilation }, init);
        // As in torchvision, a stage that keeps the size dilates twice as far from its second block on.
        if (at === 0 && i > 0 && !halves) dilation *= 2;
        from = to * expansion;
        return block;
      });
      return new Sequential(...blocks);
    };
    this.conv1 = convolution(inChannels, base, 7, init, { stride: 2 });
    this.bn1 = new BatchNorm2d(base);
    this.layer1 = stage(0);
    this.layer2 = stage(1);
    this.layer3 = stage(2);
    this.layer4 = stage(3);
    const { conv1, layer1, layer2, layer3, layer4 } = this;
    initializeConvolutions(new Sequential(conv1, layer1, layer2, layer3, layer4), { mode: "fanOut", ...init });
  }

  /** Channels of the last map. */
  get channels(): number {
    const last = this.layer4.modules().findLast((layer) => layer instanceof BatchNorm2d);
    return last ? last.numFeatures : 0;
  }

  compose(x: Value): Value {
    const { conv1, bn1, relu, maxpool, layer1, layer2, layer3, layer4 } = this;
    return x.through(conv1, bn1, relu, maxpool, layer1, layer2, layer3, layer4);
  }
}

/**
 * Residual network of 18, 34, 50, 101 or 152 layers for image classification: `[N, inChannels, H, W]` → `[N, numClasses]`,
 * scores before the softmax, for images of any size (224×224 in the paper; small ones such as 32×32 work).
 *
 *     conv1, bn1, relu, maxpool   7×7 with stride 2 → 64 · width, pool 3×3 with stride 2
 *     layer1 … layer4             residual blocks of 64, 128, 256, 512 · width channels; all but the first halve the size
 *     avgpool, fc                 mean of each map, Linear → numClasses
 *
 * | depth | block | parameters | multiply-adds at 224×224 |
 * | --- | --- | --- | --- |
 * | 18 | two 3×3 convolutions | 11,689,512 | 1.81 · 10⁹ |
 * | 34 | two 3×3 convolutions | 21,797,672 | 3.66 · 10⁹ |
 * | 50 | 1×1, 3×3, 1×1 to four times the channels | 25,557,032 | 4.09 · 10⁹ |
 * | 101 | 1×1, 3×3, 1×1 to four times the channels | 44,549,160 | 7.80 · 10⁹ |
 * | 152 | 1×1, 3×3, 1×1 to four times the channels | 60,192,808 | 1.15 · 10¹⁰ |
 *
 * `{ groups: 32, widthPerGroup: 4 }` makes a ResNeXt-50 32×4d of depth 50, `{ widthPerGroup: 128 }` a Wide ResNet-50-2.
 *
 * Layers, keys and initial weights are torchvision's, so its weights load as they are: convolutions Kaiming-normal by
 * fan-out, batch norms 1 and 0, the Linear uniform in ±1/√inFeatures. As there, the stride of a bottleneck lies in its
 * 3×3 convolution, where the paper has it in the first 1×1 one.
 *
 * @param depth 18, 34, 50, 101 or 152 layers
 * @throws ArgumentError for another depth, options that are not positive numbers, or groups, widthPerGroup or dilation
 *   without bottlenecks; ShapeError (from forward) for another rank or other channels.
 * Source: He et al. 2016, https://arxiv.org/abs/1512.03385, torchvision.models.resnet
 *
 * @example
 * const model = new ResNet(18, { numClasses: 10 });
 * model.forward(randn([2, 3, 64, 64])).shape; // [2, 10]
 */
export class ResNet<
  const O extends readonly [options?: ResNetOptions] = readonly [options?: ResNetOptions],
> extends ResNetBackbone<ClassifierRule<O>> {
  override readonly name: string = "ResNet";
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly flatten = new Flatten();
  readonly fc: Linear;

  constructor(depth: ResNetDepth, ...options: OnlyArguments<"ResNet", O, ResNetOptions>);
  constructor(depth: ResNetDepth, options: ResNetOptions = {}) {
    const { numClasses, init, ...rest } = readNetwork("ResNet", options, {
      ...IMAGENET,
      groups: 1,
      widthPerGroup: 64,
      replaceStrideWithDilation: [false, false, false],
    });
    super(depth, { ...rest, random: init.random, model: "ResNet" });
    this.fc = new Linear(this.channels, numClasses, init);
  }

  override compose(x: Value): Value {
    return super.compose(x).through(this.avgpool, this.flatten, this.fc);
  }
}
