/**
 * What the compiler makes of networks that are composed: values, several inputs and outputs, names of sizes, and everything
 * that is only known at run time. Nothing here runs: `npm run typecheck` is the test.
 */
import {
  BatchNorm2d,
  Composite,
  Conv2d,
  Flatten,
  GlobalAvgPool2d,
  graph,
  Identity,
  type Input,
  Layer,
  Linear,
  MaxPool2d,
  Parallel,
  type Parameter,
  Permute,
  ReLU,
  Residual,
  type SameRule,
  Sequential,
  type Shape,
  type ShapeRule,
  Sigmoid,
  type Size,
  Slice,
  type Tensor,
  type Value,
  zeros,
} from "faltung";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Refuses what is not exactly of this type: `is<Tensor<readonly [8, 10]>>()(net.forward(x))`. */
declare function is<Wanted>(): <T>(value: T & (Same<T, Wanted> extends true ? unknown : "another type")) => void;

/** Refuses a tensor, or a value, whose type is not exactly this. */
declare function expects<S extends Shape>(): <T extends Shape>(
  tensor: Tensor<T> & (Same<T, Readonly<S>> extends true ? unknown : "another shape"),
) => void;
declare function flows<S extends Shape>(): <T extends Shape>(
  value: Value<T> & (Same<T, Readonly<S>> extends true ? unknown : "another shape"),
) => void;

type N = Size<"N">;
type H = Size<"H">;
type W = Size<"W">;

// ── Operations ──

export function operations(x: Input<["N", 64, "H", "W"]>, p: Parameter, n: number): void {
  flows<[N, 64, H, W]>()(x);
  flows<[N, 64, H, W]>()(
    x
      .add(x)
      .sub(1)
      .mul(p)
      .div(x.mean([2, 3], { keepDims: true })),
  );
  flows<[N, 64, H, W]>()(x.mean([2, 3], { keepDims: true }).mul(x));
  flows<[N, 64]>()(x.max([2, -1]));
  flows<[N, 64, H, W]>()(x.relu().sigmoid().tanh().softmax(1));
  flows<[N, 64, H, W]>()(x.neg().abs().square().sqrt().exp().log().pow(n).clip(0, n));
  flows<[N, 192, H, W]>()(x.concat([x, x]));
  flows<[N, 64, H, number]>()(x.concat([x], -1));
  is<readonly [Value<readonly [N, 16, H, W]>, Value<readonly [N, 48, H, W]>]>()(x.split([16, 48], 1));
  is<readonly [Value<readonly [N, 32, H, W]>, Value<readonly [N, 32, H, W]>]>()(x.chunk(2, -3));
  is<readonly [Value<readonly [N, 64, number, W]>, Value<readonly [N, 64, number, W]>]>()(x.chunk(2, 2));
  flows<[N, 16, H, W]>()(x.slice(null, [0, 16]));
  flows<[N, H, W]>()(x.slice(null, 0));
  flows<[N, number]>()(x.flatten(1));
  flows<[N, 2, 32, H, W]>()(x.unflatten(1, [2, -1]));
  flows<[N, H, W, 64]>()(x.permute([0, 2, 3, 1]));
  flows<[N, 64, W, H]>()(x.transpose(-2, -1));
  flows<[1, N, 64, H, W]>()(x.unsqueeze(0));
  flows<[N, 64, H, W]>()(x.unsqueeze(0).squeeze(0));
  flows<[N, 64, number, number]>()(x.pad([1, 1, 1, 1]));
  flows<[N, 64, H, H]>()(x.matmul(x.transpose(2, 3)));
  flows<[N, 64, 28, 28]>()(x.upsample({ size: 28, mode: "bilinear" }));
  flows<[N, 64, number, number]>()(x.upsample({ scaleFactor: 2 }));
  flows<[N, 8, H, W]>()(
    x
      .upsample({ size: 28 })
      .through(new Conv2d(64, 8, 1))
      .resizeLike(x),
  );
  // The channel shuffle: what is computed with a name is a number.
  flows<[N, 2, number, H, W]>()(x.reshape(([b, c, h, w]) => [b, 2, c / 2, h, w]));
  flows<[N, number, 64]>()(x.reshape(([b, c]) => [b, -1, c]));
  flows<[N, 64, number, number]>()(x.through(new Conv2d(64, 64, n)));
}

export function names(x: Input<["N", 8, "H", "W"]>, y: Input<["M", 8, "H", 1]>): void {
  // Every layer that keeps a dimension keeps its name.
  flows<[N, 8, H, W]>()(x.through(new Conv2d(8, 8, 3, { padding: 1 }), new BatchNorm2d(8), new ReLU(), new Identity()));
  flows<[N, 8, H, W]>()(x.through(new Conv2d(8, 8, 5, { padding: "same" })));
  flows<[N, 8, H, W]>()(x.through(new Conv2d(8, 8, 3, { padding: 2, dilation: 2 })));
  flows<[N, 8, H, W]>()(x.through(new MaxPool2d(3, { stride: 1, padding: 1 })));
  flows<[N, 8, H, W]>()(x.through(new Residual(new Conv2d(8, 8, 3, { padding: 1 }))));
  flows<[N, 16, H, W]>()(x.through(new Parallel([new Conv2d(8, 8, 1), new Conv2d(8, 8, 3, { padding: 1 })])));
  flows<[N, 8, number, number]>()(x.through(new Conv2d(8, 8, 3, { padding: 1, stride: 2 })));
  flows<[N, 8, number, number]>()(x.through(new Conv2d(8, 8, 3)));
  flows<[N, H, W, 8]>()(x.through(new Permute([0, 2, 3, 1])));
  flows<[N, 4, H, W]>()(x.through(new Slice(null, [0, 4])));
  // Two names may be one size, or one of them 1.
  flows<[number, 8, H, W]>()(x.add(y));
}

// ── Networks of one input and one output ──

class SqueezeExcite extends Composite<SqueezeExcite> {
  readonly pool = new GlobalAvgPool2d();
  readonly reduce = new Conv2d(64, 4, 1);
  readonly relu = new ReLU();
  readonly expand = new Conv2d(4, 64, 1);
  readonly gate = new Sigmoid();

  compose(x: Input<["N", 64, "H", "W"]>) {
    return x.mul(x.through(this.pool, this.reduce, this.relu, this.expand, this.gate));
  }
}

export function squeezeExcite(n: number, anyTensor: Tensor): void {
  const block = new SqueezeExcite();
  expects<[8, 64, 5, 5]>()(block.forward(zeros([8, 64, 5, 5])));
  expects<[number, 64, 5, number]>()(block.forward(zeros([n, 64, 5, n])));
  expects<[number, 64, number, number]>()(block.forward(anyTensor));
  is<Tensor>()(block.backward(anyTensor));
  is<Tensor | undefined>()(block.backward(anyTensor, { inputGradient: false }));
  expects<[2, 3, 9, 9]>()(new Sequential(["N", 64, 9, 9], block, new Conv2d(64, 3, 1)).forward(zeros([2, 64, 9, 9])));
  expects<[2, 64, 9, 9]>()(new Residual(block).forward(zeros([2, 64, 9, 9])));
  const gate = new Parallel([new Identity(), new Sequential(new GlobalAvgPool2d(), new Sigmoid())], {
    merge: "multiply",
  });
  expects<[2, 8, 9, 9]>()(gate.forward(zeros([2, 8, 9, 9])));
  // @ts-expect-error other channels
  block.forward(zeros([8, 32, 5, 5]));
  // @ts-expect-error no batch
  block.forward(zeros([64, 5, 5]));
  // @ts-expect-error a second input
  block.forward(zeros([8, 64, 5, 5]), anyTensor);
  // @ts-expect-error other channels before it
  new Sequential(new Conv2d(3, 32, 1), block);
}

class Stage extends Composite<Stage> {
  readonly first = new SqueezeExcite();
  readonly blocks = [new SqueezeExcite(), new SqueezeExcite()] as const;
  readonly head = new Sequential(new GlobalAvgPool2d(), new Flatten(), new Linear(64, 10));

  compose(x: Input<["N", 64, "H", "W"]>) {
    return this.first
      .of(x)
      .through(...this.blocks)
      .add(x)
      .through(this.head);
  }
}

export function nested(): void {
  expects<[8, 10]>()(new Stage().forward(zeros([8, 64, 5, 5])));
}

// ── Several inputs and outputs ──

class Siamese extends Composite<Siamese> {
  readonly body = new Sequential(new Conv2d(1, 8, 3), new GlobalAvgPool2d(), new Flatten());

  compose(a: Input<["N", 1, "H", "W"]>, b: Input<["N", 1, "H", "W"]>) {
    return this.body.of(a).sub(this.body.of(b));
  }
}

class Detector extends Composite<Detector> {
  readonly stem = new Conv2d(3, 8, 3, { padding: 1 });
  readonly down = new Conv2d(8, 16, 3, { padding: 1, stride: 2 });

  compose(x: Input<["N", 3, 64, 64]>) {
    const small = x.through(this.stem);
    return { small, large: small.through(this.down) };
  }
}

class Pair extends Composite<Pair> {
  compose(x: Input<["N", 8]>, scale?: Input<["N", 1]>) {
    return [x, scale ? x.mul(scale) : x] as const;
  }
}

export function several(t: Tensor, x: Input<["N", 3, 64, 64]>): void {
  const siamese = new Siamese();
  expects<[4, 8]>()(siamese.forward(zeros([4, 1, 9, 9]), zeros([4, 1, 9, 9])));
  is<readonly [a: Tensor, b: Tensor]>()(siamese.backward(t));
  // @ts-expect-error the second input is missing
  siamese.forward(zeros([4, 1, 9, 9]));
  // @ts-expect-error another batch
  siamese.forward(zeros([4, 1, 9, 9]), zeros([3, 1, 9, 9]));
  // @ts-expect-error other channels
  siamese.forward(zeros([4, 1, 9, 9]), zeros([4, 3, 9, 9]));

  const detector = new Detector();
  const { small, large } = detector.forward(zeros([2, 3, 64, 64]));
  expects<[2, 8, 64, 64]>()(small);
  expects<[2, 16, 32, 32]>()(large);
  flows<[N, 16, 32, 32]>()(detector.of(x).large);
  is<Tensor>()(detector.backward({ large: t }));
  is<Tensor>()(detector.backward({}));
  // @ts-expect-error no such output
  detector.backward({ medium: t });
  // @ts-expect-error no gradient by name
  detector.backward(t);

  const pair = new Pair();
  const [first, second] = pair.forward(zeros([2, 8]), zeros([2, 1]));
  expects<[2, 8]>()(first);
  expects<[2, 8]>()(second);
  expects<[2, 8]>()(pair.forward(zeros([2, 8]))[1]);
  pair.backward([t, undefined]);
  // @ts-expect-error one gradient of two
  pair.backward([t]);
  // @ts-expect-error a third input
  pair.forward(zeros([2, 8]), zeros([2, 1]), t);

  // What chains layers has one value between two of them.
  // @ts-expect-error several outputs
  new Sequential(detector, new Conv2d(3, 8, 3));
  // @ts-expect-error several inputs
  new Sequential(siamese);
  // @ts-expect-error several outputs
  x.through(detector);
  // @ts-expect-error several outputs
  new Residual(detector);
}

// ── Without a class ──

export function graphs(t: Tensor, n: number): void {
  const classifier = graph(
    ["N", 3, 32, 32],
    { conv: new Conv2d(3, 16, 3), pool: new GlobalAvgPool2d(), flatten: new Flatten(), head: new Linear(16, 10) },
    ({ conv, pool, flatten, head }, x) => x.through(conv, pool, flatten, head),
  );
  expects<[8, 10]>()(classifier.forward(zeros([8, 3, 32, 32])));
  is<Linear<16, 10>>()(classifier.layers.head);
  expects<[8, 2]>()(new Sequential(classifier, new Linear(10, 2)).forward(zeros([8, 3, 32, 32])));
  // @ts-expect-error other channels
  classifier.forward(zeros([8, 1, 32, 32]));

  const gated = graph(
    [
      ["N", 3, "H", "W"],
      ["N", 4],
    ],
    { conv: new Conv2d(3, 4, 3, { padding: 1 }), blocks: [new ReLU(), new Conv2d(4, 8, 1)], name: new ReLU() },
    ({ conv, blocks, name }, x, gate) => [
      x.through(conv).mul(gate.unsqueeze(-1).unsqueeze(-1)),
      x.through(conv, ...blocks, name),
    ],
  );
  const [product, features] = gated.forward(zeros([2, 3, 9, 9]), zeros([2, 4]));
  expects<[2, 4, 9, 9]>()(product);
  expects<[2, 8, 9, 9]>()(features);
  is<ReLU>()(gated.layers.name);
  // @ts-expect-error another batch
  gated.forward(zeros([2, 3, 9, 9]), zeros([3, 4]));

  const named = graph(["N", 3], {}, (_, x) => ({ x, double: x.mul(2) }));
  expects<[5, 3]>()(named.forward(zeros([5, 3])).double);
  named.backward({ double: t });

  expects<[number, number]>()(graph(["N", n], {}, (_, x) => x).forward(t));
  // @ts-expect-error a layer that does not fit the input
  graph(["N", 3, 32, 32], { conv: new Conv2d(4, 16, 3) }, ({ conv }, x) => x.through(conv));
  // @ts-expect-error a tensor among the layers
  graph(["N", 3], { weight: t }, (_, x) => x);
  // @ts-expect-error a tensor comes out
  graph(["N", 3], {}, () => t);
  // @ts-expect-error nothing comes out
  graph(["N", 3], {}, () => {});
}

// ── What is only known at run time ──

class Dynamic extends Composite<Dynamic> {
  readonly layers: Layer[] = [new ReLU()];
  compose(x: Value) {
    return x.through(...this.layers);
  }
}

class Silent extends Composite {
  readonly conv = new Conv2d(3, 8, 3);
  compose(x: Value) {
    return x.through(this.conv);
  }
}

class Ruled extends Composite<SameRule> {
  compose(x: Value) {
    return x.through(new ReLU());
  }
}

class Block<const C extends number> extends Composite<Block<C>> {
  readonly conv: Conv2d<C, C, 3, { readonly padding: 1 }>;
  readonly relu = new ReLU();
  constructor(channels: C) {
    super();
    this.conv = new Conv2d(channels, channels, 3, { padding: 1 });
  }
  compose(x: Input<["N", C, "H", "W"]>) {
    const y = x.through(this.conv, this.relu);
    // @ts-expect-error whether two shapes broadcast is open as long as their sizes are
    y.add(x);
    return y;
  }
}

class AnyShapeInside<const C extends number> extends Composite<AnyShapeInside<C>> {
  readonly block: Block<C>;
  constructor(channels: C) {
    super();
    this.block = new Block(channels);
  }
  compose(x: Input<["N", C, "H", "W"]>) {
    const before: Value = x;
    const after: Value = this.block.of(before);
    return after.add(before) as typeof x;
  }
}

/** One that declares what comes out, as `AnyShapeInside` does, is handed over unchecked. */
class GenericInside<const C extends number> extends Composite<GenericInside<C>> {
  readonly block: AnyShapeInside<C>;
  constructor(channels: C) {
    super();
    this.block = new AnyShapeInside(channels);
  }
  compose(x: Input<["N", C, "H", "W"]>) {
    // @ts-expect-error what goes into it is open as long as its sizes are
    this.block.of(x);
    const before: Value = x;
    return before.through(this.block as never).add(before) as typeof x;
  }
}

export function dynamic(
  value: Value,
  t: Tensor,
  n: number,
  layers: Layer[],
  either: Input<["N", 8]> | Input<["N", 4]>,
  // biome-ignore lint/suspicious/noExplicitAny: what it does to types is what is tried
  anything: any,
): void {
  flows<Shape>()(value.through(new ReLU()).add(value).mul(anything).relu());
  flows<Shape>()(
    value
      .through(...layers)
      .concat([value])
      .mean(1),
  );
  flows<Shape>()(value.reshape([2, -1]).add(either) as Value<Shape>);
  flows<[number, 2, number]>()(value.reshape(([b, c]) => [b, 2, c / 2]));
  flows<[number, 8, number, number]>()(value.through(new SqueezeExcite(), new Conv2d(64, 8, 1)));
  const [a, b, c] = value.split([16, n, n], 1);
  flows<Shape>()(a.add(b).add(c));
  const [d, e] = value.chunk(n, 1);
  flows<Shape>()(d.add(e));
  is<Value>()(value.split([n, 4], 1)[1]);
  flows<Shape>()(value.resizeLike(either).upsample({ scaleFactor: n }));
  flows<Shape>()(value.through(anything));

  expects<Shape>()(new Dynamic().forward(zeros([2, 3, 8, 8])));
  expects<Shape>()(new Silent().forward(zeros([2, 3, 8, 8])));
  expects<Shape>()(new Silent().forward(t, t));
  expects<[2, 3, 8, 8]>()(new Ruled().forward(zeros([2, 3, 8, 8])));
  const wide = anything as Tensor<readonly [3 | 5, 64, 5, 5]> | Tensor<readonly [2, 64]>;
  expects<[number, 64, 5, 5]>()(new SqueezeExcite().forward(anything as Tensor<readonly [3 | 5, 64, 5, 5]>));
  expects<[number, 64, number, number]>()(new SqueezeExcite().forward(wide));
  expects<[number, 64, number, number]>()(new SqueezeExcite().forward(anything));
  expects<[2, 8, 5, 5]>()(new Block(8).forward(zeros([2, 8, 5, 5])));
  expects<[2, 8, 5, 5]>()(new Sequential(new Block(8), new Block(8)).forward(zeros([2, 8, 5, 5])));
  expects<[2, 8, 5, 5]>()(new AnyShapeInside(8).forward(zeros([2, 8, 5, 5])));
  expects<[2, 8, 5, 5]>()(new GenericInside(8).forward(zeros([2, 8, 5, 5])));
  expects<[2, 8, 5, 5]>()(new AnyShapeInside(8).forward(new GenericInside(8).forward(zeros([2, 8, 5, 5]))));
  // @ts-expect-error other channels
  new Sequential(new Block(8), new Block(4));
}

// ── Generic code ──

/** Code that is generic over layers takes what has one input and one output, and any layer where it says so. */
export function generic(t: Tensor, detector: Detector, siamese: Siamese): void {
  const forward = <L extends Layer>(layer: L, x: Tensor): Tensor => layer.forward(x);
  expects<Shape>()(forward(new SqueezeExcite(), t));
  const list: Layer[] = [new SqueezeExcite(), new Stage(), new Dynamic(), new Silent(), new Block(8)];
  new Sequential(...list);
  // biome-ignore lint/suspicious/noExplicitAny: networks of several inputs or outputs are layers of this kind
  const all: Layer<any>[] = [detector, siamese, new Pair(), new SqueezeExcite(), new Conv2d(1, 2, 3)];
  all.flatMap((layer) => layer.parameters());
  // @ts-expect-error several outputs
  const one: Layer = detector;
  // @ts-expect-error several inputs
  const other: Layer = siamese;
  [one, other].reverse();
}

export function rules<Rule extends ShapeRule>(layer: Layer<Rule>): Layer<Rule> {
  return layer.train();
}

export class Holder {
  readonly block = new SqueezeExcite();
  readonly layer: Layer = this.block;
  readonly net = graph(["N", 3], { fc: new Linear(3, 2) }, ({ fc }, x) => fc.of(x));
  run(x: Tensor<readonly [4, 3]>): Tensor<readonly [4, 2]> {
    return this.net.forward(x);
  }
}

/** A layer of one's own with `compute` is a leaf, and flows as any other. */
export class Double extends Layer<SameRule> {
  protected compute(x: Tensor): Tensor {
    return x.mul(2);
  }
  protected computeBackward(dy: Tensor): Tensor {
    return dy.mul(2);
  }
}

export function own(x: Input<["N", 3]>): void {
  flows<[N, 3]>()(new Double().of(x));
  flows<[N, 3]>()(x.through(new Double()));
}
