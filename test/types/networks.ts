/**
 * What the compiler makes of whole networks and of everything that is only known at run time. Nothing here runs:
 * `npm run typecheck` is the test.
 */
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAvgPool2d,
  Identity,
  Layer,
  Linear,
  LocalResponseNorm,
  Maxout,
  MaxPool2d,
  PReLU,
  ReLU,
  Residual,
  Sequential,
  type Shape,
  type ShapeRule,
  Tanh,
  type Tensor,
  zeros,
} from "faltung";
import { AlexNet, DeepLabV3, FCN, LeNet5, MobileNetV2, ResNet, SqueezeNet, UNet, VGG } from "faltung/models";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Refuses a tensor whose type is not exactly this: `expects<[64, 10]>()(model.forward(x))`. */
declare function expects<S extends Shape>(): <T extends Shape>(
  tensor: Tensor<T> & (Same<T, Readonly<S>> extends true ? unknown : "another shape"),
) => void;

// ── Whole networks ──

export function lenet5(): void {
  const model = new Sequential(
    ["N", 1, 28, 28],
    new Conv2d(1, 6, 5, { padding: 2 }),
    new Tanh(),
    new AvgPool2d(2),
    new Conv2d(6, 16, 5),
    new Tanh(),
    new AvgPool2d(2),
    new Flatten(),
    new Linear(400, 120),
    new Tanh(),
    new Linear(120, 84),
    new Tanh(),
    new Linear(84, 10),
  );
  expects<[64, 10]>()(model.forward(zeros([64, 1, 28, 28])));
  expects<[64, 10]>()(new LeNet5().forward(zeros([64, 1, 28, 28])));
  expects<[64, 7]>()(new LeNet5({ numClasses: 7, inChannels: 3 }).forward(zeros([64, 3, 28, 28])));
}

export function models(n: number, options: { readonly numClasses: number }): void {
  const image = zeros([8, 3, 224, 224]);
  expects<[8, 1000]>()(new AlexNet().forward(image));
  expects<[8, 1000]>()(new VGG(16, { batchNorm: true }).forward(image));
  expects<[8, 10]>()(new ResNet(18, { numClasses: 10 }).forward(image));
  expects<[8, 1000]>()(new SqueezeNet().forward(image));
  expects<[number, 2]>()(new MobileNetV2({ numClasses: 2, inChannels: 1 }).forward(zeros([n, 1, 64, 64])));
  expects<[2, 11, 64, 64]>()(new UNet({ numClasses: 11 }).forward(zeros([2, 1, 64, 64])));
  expects<[8, 21, 224, 224]>()(new FCN().forward(image));
  const { out, aux } = new FCN({ numClasses: 5, auxLoss: true }).forward(image);
  expects<[8, 5, 224, 224]>()(out);
  expects<[8, 5, 224, 224]>()(aux);
  expects<[8, 21, 224, 224]>()(new DeepLabV3({ auxLoss: false }).forward(image));
  const heads: FCN = new FCN({ numClasses: 5 });
  heads.forward(image);
  expects<[8, number]>()(new ResNet(18, options).forward(image));
  const any: ResNet = new ResNet(18, { numClasses: 10 });
  any.forward(image);
  // Its own head after somebody else's weights.
  const chain = new Sequential(["N", 3, 224, 224], new ResNet(50), new Linear(1000, 7));
  expects<[8, 7]>()(chain.forward(image));
}

export function alexNet(): void {
  const features = new Sequential(
    new Conv2d(3, 64, 11, { stride: 4, padding: 2 }),
    new ReLU(),
    new LocalResponseNorm(5),
    new MaxPool2d(3, { stride: 2 }),
    new Conv2d(64, 192, 5, { padding: 2 }),
    new ReLU(),
    new LocalResponseNorm(5),
    new MaxPool2d(3, { stride: 2 }),
    new Conv2d(192, 384, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(384, 256, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(256, 256, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(3, { stride: 2 }),
  );
  const model = new Sequential(
    features,
    new AdaptiveAvgPool2d(6),
    new Flatten(),
    new Dropout(),
    new Linear(9216, 4096),
    new ReLU(),
    new Dropout(),
    new Linear(4096, 4096),
    new ReLU(),
    new Linear(4096, 1000),
  );
  expects<[1, 256, 6, 6]>()(features.forward(zeros([1, 3, 224, 224])));
  expects<[8, 1000]>()(model.forward(zeros([8, 3, 224, 224])));
}

export function vgg16(): void {
  const model = new Sequential(
    ["N", 3, 224, 224],
    new Conv2d(3, 64, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(64, 64, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(64, 128, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(128, 128, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(128, 256, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(256, 256, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(256, 256, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(256, 512, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(512, 512, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(512, 512, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(512, 512, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(512, 512, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(512, 512, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(25_088, 4096),
    new ReLU(),
    new Dropout(),
    new Linear(4096, 4096),
    new ReLU(),
    new Dropout(),
    new Linear(4096, 1000),
  );
  expects<[2, 1000]>()(model.forward(zeros([2, 3, 224, 224])));
}

/** A function that is generic in its sizes makes blocks whose shapes are known where it is called. */
function bottleneck<const I extends number, const P extends number, const O extends number, const S extends number>(
  inputs: I,
  planes: P,
  outputs: O,
  stride: S,
) {
  return new Sequential(
    new Residual(
      new Sequential(
        new Conv2d(inputs, planes, 1, { bias: false }),
        new BatchNorm2d(planes),
        new ReLU(),
        new Conv2d(planes, planes, 3, { stride, padding: 1, bias: false }),
        new BatchNorm2d(planes),
        new ReLU(),
        new Conv2d(planes, outputs, 1, { bias: false }),
        new BatchNorm2d(outputs),
      ),
      new Sequential(new Conv2d(inputs, outputs, 1, { stride, bias: false }), new BatchNorm2d(outputs)),
    ),
    new ReLU(),
  );
}

function identityBottleneck<const P extends number, const O extends number>(planes: P, outputs: O) {
  return new Sequential(
    new Residual(
      new Sequential(
        new Conv2d(outputs, planes, 1, { bias: false }),
        new BatchNorm2d(planes),
        new ReLU(),
        new Conv2d(planes, planes, 3, { padding: 1, bias: false }),
        new BatchNorm2d(planes),
        new ReLU(),
        new Conv2d(planes, outputs, 1, { bias: false }),
        new BatchNorm2d(outputs),
      ),
    ),
    new ReLU(),
  );
}

export function resNet50(): void {
  const stem = new Sequential(
    new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false }),
    new BatchNorm2d(64),
    new ReLU(),
    new MaxPool2d(3, { stride: 2, padding: 1 }),
  );
  const layer1 = new Sequential(bottleneck(64, 64, 256, 1), identityBottleneck(64, 256), identityBottleneck(64, 256));
  const layer2 = new Sequential(
    bottleneck(256, 128, 512, 2),
    identityBottleneck(128, 512),
    identityBottleneck(128, 512),
    identityBottleneck(128, 512),
  );
  const layer3 = new Sequential(
    bottleneck(512, 256, 1024, 2),
    identityBottleneck(256, 1024),
    identityBottleneck(256, 1024),
    identityBottleneck(256, 1024),
    identityBottleneck(256, 1024),
    identityBottleneck(256, 1024),
  );
  const layer4 = new Sequential(
    bottleneck(1024, 512, 2048, 2),
    identityBottleneck(512, 2048),
    identityBottleneck(512, 2048),
  );
  const head = new Sequential(new GlobalAvgPool2d(), new Flatten(), new Linear(2048, 1000));
  const model = new Sequential(["N", 3, 224, 224], stem, layer1, layer2, layer3, layer4, head);
  expects<[1, 1000]>()(model.forward(zeros([1, 3, 224, 224])));
  expects<[1, 2048, 7, 7]>()(new Sequential(stem, layer1, layer2, layer3, layer4).forward(zeros([1, 3, 224, 224])));
  // @ts-expect-error a block for the channels of another stage
  new Sequential(stem, layer1, bottleneck(512, 256, 1024, 2));
}

// ── What is only known at run time ──

declare const n: number;
declare const condition: boolean;
// biome-ignore lint/suspicious/noExplicitAny: any is what is tested
declare const anything: any;
const conv = new Conv2d(1, 6, 5, { padding: 2 });

export function dynamicSizes(): void {
  expects<[number, 6, 28, 28]>()(conv.forward(zeros([n, 1, 28, 28])));
  expects<[2, 6, number, number]>()(conv.forward(zeros([2, 1, n, n])));
  expects<[2, 6, 28, number]>()(conv.forward(zeros([2, n, 28, n])));
  expects<[number, 10]>()(new LeNet5().forward(zeros([n, 1, 28, 28])));
  expects<[2, number, 28, 28]>()(new Conv2d(n, n, 5, { padding: 2 }).forward(zeros([2, 1, 28, 28])));
  expects<[2, 8, number, number]>()(new Conv2d(1, 8, n).forward(zeros([2, 1, 28, 28])));
  const shape: number[] = [1, 1, 28, 28];
  expects<Shape>()(conv.forward(zeros(shape)));
  const image: Tensor = zeros([1, 1, 28, 28]);
  expects<Shape>()(conv.forward(image));
  expects<Shape>()(new Sequential(conv, new ReLU(), new Flatten(), new Linear(4704, 10)).forward(image));
  const model = new Sequential(conv, new AdaptiveAvgPool2d([6, null]), new Flatten(), new Linear(n, 10));
  expects<[2, 10]>()(model.forward(zeros([2, 1, 28, n])));
}

export function optionsInAVariable(): void {
  const options = { padding: 2, stride: 2 };
  expects<[1, 8, number, number]>()(new Conv2d(1, 8, 5, options).forward(zeros([1, 1, 28, 28])));
  const constant = { padding: 2, stride: 2 } as const;
  expects<[1, 8, 14, 14]>()(new Conv2d(1, 8, 5, constant).forward(zeros([1, 1, 28, 28])));
  const either = condition ? { padding: 2 as const } : { stride: 2 as const };
  expects<[1, 8, number, number]>()(new Conv2d(1, 8, 5, either).forward(zeros([1, 1, 28, 28])));
  const perhaps: { padding?: 2 } = {};
  expects<[1, 8, number, number]>()(new Conv2d(1, 8, 5, perhaps).forward(zeros([1, 1, 28, 28])));
  const bias: { readonly bias: boolean } = { bias: false };
  expects<[1, 8, 24, 24]>()(new Conv2d(1, 8, 5, bias).forward(zeros([1, 1, 28, 28])));
  const dim: { dim?: number } = {};
  expects<[1, number, number, number]>()(
    new Maxout(2, { dim: n }).forward(zeros([1, 8, 4, 4])) as Tensor<readonly [1, number, number, number]>,
  );
  expects<[number, number]>()(new Maxout(2, dim).forward(zeros([2, 8])));
}

export function lists(): void {
  const layers: Layer[] = [];
  for (let i = 0; i < n; i++) layers.push(new Linear(8, 8), new ReLU());
  const model = new Sequential(...layers);
  expects<Shape>()(model.forward(zeros([2, 8])));
  expects<Shape>()(new Sequential(new Conv2d(1, 6, 5), ...layers).forward(zeros([2, 1, 28, 28])));
  expects<Shape>()(new Sequential(["N", 1, 28, 28], new Conv2d(3, 6, 5), ...layers).forward(zeros([2, 1, 28, 28])));
  const block = [new Conv2d(1, 6, 5), new ReLU()] as const;
  expects<[2, 6, 24, 24]>()(new Sequential(...block, new Identity()).forward(zeros([2, 1, 28, 28])));
  expects<[2, 3]>()(new Sequential().forward(zeros([2, 3])));
}

export function unionsAndAny(): void {
  const activation = condition ? new ReLU() : new PReLU(6);
  expects<Shape>()(new Sequential(conv, activation, new Flatten()).forward(zeros([2, 1, 28, 28])));
  expects<Shape>()(new Sequential(conv, anything, new Conv2d(6, 8, 3)).forward(zeros([2, 1, 28, 28])));
  expects<Shape>()(new Sequential(["N", 1, 28, 28], conv, anything).forward(anything));
  expects<Shape>()(conv.forward(anything));
  expects<[1, number, 28, 28]>()(new Conv2d(anything, anything, 1).forward(zeros([1, 3, 28, 28])));
  expects<[1, 8, number, number]>()(new Conv2d(3, 8, 3, anything).forward(zeros([1, 3, 28, 28])));
  const width = condition ? 5 : 6;
  expects<[2, number]>()(new Linear(8, width).forward(zeros([2, 8])));
  expects<[2, 4]>()(new Linear(width, 4).forward(zeros([2, 7])));
  expects<[1, 8, number, number]>()(new Conv2d(1, 8, condition ? 3 : 5).forward(zeros([1, 1, 28, 28])));
  const image = condition ? zeros([2, 1, 28, 28]) : zeros([1, 28, 28]);
  expects<Shape>()(conv.forward(image));
  const sizes = condition ? zeros([2, 1, 28, 28]) : zeros([2, 1, 32, 32]);
  expects<[2, 6, number, number]>()(conv.forward(sizes));
  const shortcut = condition ? new Conv2d(6, 6, 1) : undefined;
  // A sum has the shape of its first summand whatever the second is.
  expects<[2, 6, 4, 4]>()(new Sequential(new Residual(new Conv2d(6, 6, 1), shortcut)).forward(zeros([2, 6, 4, 4])));
  const Norm = condition ? BatchNorm2d : BatchNorm1d;
  const norm: Layer = new (condition ? BatchNorm2d : BatchNorm1d)(6);
  expects<Shape>()(norm.forward(zeros([2, 6, 4, 4])));
  expects<Shape>()(new Sequential(conv, new Norm(6)).forward(zeros([2, 1, 4, 4])));
}

// ── Classes ──

/** A composite with annotated fields, as most people write it. */
export class Annotated extends Layer {
  conv: Conv2d = new Conv2d(1, 6, 5, { padding: 2 });
  classify: Linear;
  act: PReLU = new PReLU(6);
  flatten: Flatten = new Flatten({ startDim: 0 });
  head: Sequential = new Sequential(new Flatten(), new Linear(4704, 10));
  block: Residual = new Residual(new Conv2d(6, 6, 1), new Conv2d(6, 6, 1));
  model: LeNet5 = new LeNet5({ numClasses: 7 });
  layers: Layer[] = [this.conv, this.flatten, this.head, this.block];

  constructor(classes: number) {
    super();
    this.classify = new Linear(4704, classes);
  }

  protected compute(x: Tensor): Tensor {
    expects<[2, number, number, number]>()(this.conv.forward(zeros([2, 1, 28, 28])));
    expects<Shape>()(this.flatten.forward(zeros([2, 3, 4])));
    expects<Shape>()(this.block.forward(zeros([2, 6, 4, 4])));
    return this.classify.forward(
      this.head.forward(this.layers.reduce((y, layer) => layer.forward(y), this.conv.forward(x))),
    );
  }

  protected computeBackward(dy: Tensor): Tensor {
    return this.conv.backward(this.classify.backward(dy));
  }
}

export function composites(): void {
  expects<Shape>()(new Annotated(10).forward(zeros([2, 1, 28, 28])));
  expects<Shape>()(
    new Sequential(["N", 1, 28, 28], new Annotated(10), new Linear(10, 2)).forward(zeros([2, 1, 28, 28])),
  );
  // What is after a layer without a rule is still held to its neighbors.
  // @ts-expect-error 16 channels after 8
  new Sequential(["N", 1, 28, 28], new Annotated(10), new Conv2d(3, 8, 3), new Conv2d(16, 8, 3));
}

/** A Sequential of one's own has no rule: it says nothing about itself, and takes everything. */
export class Stem extends Sequential {
  constructor(channels: number) {
    super(new Conv2d(3, channels, 7, { stride: 2, padding: 3 }), new ReLU());
  }
}

/** A layer with a rule of its own. */
interface MeanRule extends ShapeRule {
  readonly out: this["in"] extends readonly [infer N extends number, infer C extends number, ...Shape]
    ? readonly [N, C]
    : Shape;
}

export class Mean extends Layer<MeanRule> {
  protected compute(x: Tensor): Tensor {
    return x.mean([2, 3]);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

export function ownLayers(): void {
  expects<Shape>()(new Stem(8).forward(zeros([1, 3, 32, 32])));
  expects<Shape>()(new Sequential(new Stem(8), new Conv2d(8, 8, 3)).forward(zeros([1, 3, 32, 32])));
  expects<[4, 2]>()(new Sequential(conv, new Mean(), new Linear(6, 2)).forward(zeros([4, 1, 28, 28])));
  // @ts-expect-error 6 channels, not 7
  new Sequential(["N", 1, 28, 28], conv, new Mean(), new Linear(7, 2));
  const layers: readonly Layer[] = [conv, new Mean(), new Stem(8), new LeNet5()];
  expects<Shape>()(new Sequential(...layers).forward(zeros([4, 1, 28, 28])));
}

/** Generic in its sizes: nothing is refused in the definition that a call might satisfy. */
export function generic<const C extends number>(channels: C) {
  const model = new Sequential(new Conv2d(channels, 8, 3), new ReLU(), new Conv2d(8, channels, 3));
  return model.forward(zeros([1, channels, 8, 8]) as unknown as Tensor<readonly [1, C, 8, 8]>);
}

export class Generic<B extends Layer> extends Layer {
  constructor(readonly body: B) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return this.body.forward(x);
  }

  protected computeBackward(dy: Tensor): Tensor {
    return this.body.backward(dy);
  }
}

export function generics(): void {
  expects<[1, 3, 4, 4]>()(generic(3));
  expects<Shape>()(new Generic(conv).forward(zeros([1, 1, 28, 28])));
}

/** Annotations with literals refuse another layer: a shape that is written down is right. */
export function literalAnnotations(): void {
  const small: Linear<84, 10> = new Linear(84, 10);
  expects<[2, 10]>()(small.forward(zeros([2, 84])));
  // @ts-expect-error other features
  const other: Linear<84, 12> = small;
  // @ts-expect-error without padding it makes another size
  const unpadded: Conv2d<1, 6, 5> = conv;
  const padded: Conv2d<1, 6, 5, { readonly padding: 2 }> = conv;
  expects<[1, 6, 28, 28]>()(padded.forward(zeros([1, 1, 28, 28])));
  void [other, unpadded];
}
