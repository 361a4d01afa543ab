/** Networks that are drawn: layers and operations on values, one after another, each on values that are there already. */
import {
  AvgPool2d,
  BatchNorm2d,
  Composite,
  Conv2d,
  Dropout,
  GlobalAvgPool2d,
  GroupNorm,
  Layer,
  LeakyReLU,
  Linear,
  MaxPool2d,
  type Network,
  Parallel,
  Parameter,
  Random,
  ReLU,
  Residual,
  Sequential,
  type Shape,
  Tanh,
  type Tensor,
  type Value,
} from "../../src/index.js";
import { normal } from "../support/layers.js";

/** What has been drawn so far. */
interface Drawing {
  readonly random: Random;
  readonly layers: (Layer | Parameter | Network)[];
  /** Whether there may be kinks, which differences see. */
  readonly smooth: boolean;
  keep<L extends Layer | Parameter | Network>(layer: L): L;
}

/** What becomes of the value `x`, beside another one, `y`. */
type Kind = (
  drawing: Drawing,
  x: Shape,
  y: Shape,
) => { apply(x: Value, y: Value): Value; readonly shape: Shape } | undefined;

const [C, H, W] = [1, 2, 3];
const layer = (make: (d: Drawing, channels: number) => Layer, shapeOf = (x: Shape): Shape => x): Kind =>
  function kind(d, x) {
    const made = d.keep(make(d, x[C]!));
    return { apply: (v) => made.of(v), shape: shapeOf(x) };
  };
const value = (apply: (x: Value) => Value, shapeOf = (x: Shape): Shape => x): Kind =>
  function kind(_, x) {
    return { apply, shape: shapeOf(x) };
  };
/** Of two values, of which the second is made to fit. */
const merge =
  (apply: (x: Value, y: Value) => Value, shapeOf = (x: Shape): Shape => x): Kind =>
  (d, x, y) => {
    const fit = x[C] === y[C] ? undefined : d.keep(new Conv2d(y[C]!, x[C]!, 1, { random: d.random }));
    const sameSize = x[H] === y[H] && x[W] === y[W];
    const fitted = (b: Value, a: Value) => {
      const projected = fit ? fit.of(b) : b;
      return sameSize ? projected : projected.resizeLike(a as never);
    };
    return { apply: (a, b) => apply(a, fitted(b, a)), shape: shapeOf(x) };
  };
const kinky =
  (kind: Kind): Kind =>
  (d, x, y) =>
    d.smooth ? undefined : kind(d, x, y);
/**
 * Gives the same number everywhere for some shapes, which is not drawn where differences look: a norm of it has a variance
 * of 0 and divides by √(0 + 1e-5), so that its slope bends within 0.003, and a difference over 1e-5 is wrong by 1e-5.
 */
const uneven =
  (flat: (x: Shape) => boolean, kind: Kind): Kind =>
  (d, x, y) =>
    d.smooth && flat(x) ? undefined : kind(d, x, y);
const wide =
  (kind: Kind): Kind =>
  (d, x, y) =>
    x[H]! < 2 || x[W]! < 2 ? undefined : kind(d, x, y);
const resized =
  (change: (size: number) => number) =>
  ([n, c, h, w]: Shape): Shape => [n!, c!, change(h!), change(w!)];

function norm(d: Drawing, channels: number): Layer {
  const made = new BatchNorm2d(channels);
  for (let i = 0; i < channels; i++) {
    made.weight!.value.data[i] = d.random.uniform(0.5, 1.5);
    made.bias!.value.data[i] = d.random.normal();
    made.runningMean!.value.data[i] = d.random.normal();
    made.runningVar!.value.data[i] = d.random.uniform(0.5, 2);
  }
  return made as unknown as Layer;
}

/** A layer of one's own, which calls another one in its compute. */
class Own extends Layer {
  override readonly name = "Own";
  readonly inner: Layer;
  constructor(inner: Layer) {
    super();
    this.inner = inner;
  }
  protected compute(x: Tensor) {
    return this.inner.forward(x).mul(0.5);
  }
  protected computeBackward(dy: Tensor) {
    return this.inner.backward(dy.mul(0.5));
  }
}

class Two extends Composite<Two> {
  override readonly name = "Two";
  readonly conv: Conv2d;
  readonly norm: Layer;
  constructor(d: Drawing, channels: number) {
    super();
    this.conv = new Conv2d(channels, channels, 1, { random: d.random });
    this.norm = norm(d, channels);
  }
  compose(a: Value, b: Value) {
    return { sum: this.norm.of(this.conv.of(a)).add(b), other: this.conv.of(b) };
  }
}

const conv3 = (d: Drawing, channels: number) => new Conv2d(channels, channels, 3, { padding: 1, random: d.random });
const bend = (d: Drawing) => (d.smooth ? new Tanh() : new ReLU());

/** Every operation on values, and layers of every sort that plans treat in their own way. */
export const KINDS: Readonly<Record<string, Kind>> = {
  conv: layer(conv3),
  "conv to other channels": (d, x) => {
    const to = 1 + d.random.integer(4);
    const made = d.keep(new Conv2d(x[C]!, to, 1, { random: d.random }));
    return { apply: (v) => made.of(v as never) as unknown as Value, shape: [x[0]!, to, x[H]!, x[W]!] };
  },
  norm: layer(norm),
  "group norm": layer((_, channels) => new GroupNorm(1, channels)),
  relu: kinky(layer(() => new ReLU())),
  leaky: kinky(layer(() => new LeakyReLU(0.1))),
  tanh: layer(() => new Tanh()),
  dropout: layer((d) => new Dropout(0.3, { random: new Random(d.random.integer(1000)) })),
  "max pool": kinky(
    wide(
      layer(
        () => new MaxPool2d(2),
        resized((size) => size >> 1),
      ),
    ),
  ),
  "average pool": layer(() => new AvgPool2d(3, { stride: 1, padding: 1 })),
  "conv, norm, relu": layer((d, c) => new Sequential(conv3(d, c), norm(d, c), bend(d)) as unknown as Layer),
  "relu, pool": kinky(
    wide(
      layer(
        () => new Sequential(new ReLU(), new MaxPool2d(2)) as unknown as Layer,
        resized((size) => size >> 1),
      ),
    ),
  ),
  residual: layer((d, c) => new Residual(new Sequential(conv3(d, c), norm(d, c)) as unknown as Layer)),
  "residual, relu": layer((d, c) => new Sequential(new Residual(conv3(d, c)), bend(d)) as unknown as Layer),
  parallel: layer((d, c) => new Parallel([conv3(d, c), bend(d)], { merge: "add" }) as unknown as Layer),
  gate: layer((d, c) => new Parallel([conv3(d, c), new GlobalAvgPool2d()], { merge: "multiply" }) as unknown as Layer),
  own: layer((d, c) => new Own(new Sequential(conv3(d, c), bend(d)) as unknown as Layer)),
  linear: (d, x) => {
    const made = d.keep(new Linear(x[C]!, x[C]!, { random: d.random }));
    return { apply: (v) => made.of(v.permute([0, 2, 3, 1]) as never).permute([0, 3, 1, 2]) as Value, shape: x };
  },
  parameter: (d, x) => {
    const made = d.keep(new Parameter("p", normal([x[C]!, 1, 1], d.random.integer(1000))));
    return { apply: (v) => v.mul(made) as Value, shape: x };
  },
  "a layer that was there": (d, x) => {
    const known = d.layers.filter(
      (each): each is Conv2d => each instanceof Conv2d && each.weight.value.shape[1] === x[C],
    );
    const again = known[d.random.integer(Math.max(1, known.length))];
    if (!again) return undefined;
    return {
      apply: (v) => again.of(v as never) as unknown as Value,
      shape: [x[0]!, again.weight.value.shape[0]!, x[H]!, x[W]!],
    };
  },
  "a network of two": (d, x, y) => {
    if (x.some((size, i) => size !== y[i])) return undefined;
    const made = d.keep(new Two(d, x[C]!) as unknown as Network);
    return {
      apply: (a, b) => {
        const { sum, other } = (made as unknown as Two).of(a, b);
        return (sum as Value).mul(other as never) as Value;
      },
      shape: x,
    };
  },
  add: merge((a, b) => a.add(b as never) as Value),
  // Of a value and itself 0 is left, which is flat; of a value and a part of itself is not.
  sub: (d, x, y) => merge((a, b) => a.sub((d.smooth ? b.mul(0.3) : b) as never) as Value)(d, x, y),
  mul: merge((a, b) => a.mul(b as never) as Value),
  div: merge((a, b) => a.div(b.mul(b).add(1) as never) as Value),
  "add, relu": kinky(merge((a, b) => (a.add(b as never) as Value).relu())),
  "broadcast add": merge((a, b) => a.add(b.mean([2, 3], { keepDims: true }) as never) as Value),
  matmul: merge((a, b) => a.matmul(b.transpose(2, 3) as never).matmul(b as never) as Value),
  concat: merge(
    (a, b) => a.concat([b]) as Value,
    ([n, c, h, w]) => [n!, 2 * c!, h!, w!],
  ),
  resizeLike: merge((a, b) => a.resizeLike(b as never, { mode: "bilinear" }) as Value),
  numbers: value((x) => x.add(0.5).mul(0.7).sub(0.25).div(1.25)),
  square: value((x) => x.mul(x) as Value),
  double: value((x) => x.add(x) as Value),
  shuffle: value(
    (x) =>
      x
        .permute([0, 1, 3, 2])
        .flatten(1, 2)
        .unsqueeze(1)
        .squeeze(1)
        .reshape(([n, m, h]) => [n!, 1, m!, h!]) as Value,
    ([n, c, h, w]) => [n!, 1, c! * w!, h!],
  ),
  unflatten: value((x) => x.unflatten(1, [-1, 1]).transpose(1, 2).flatten(1, 2) as Value),
  split: (_, x) => {
    if (x[C]! < 2) return undefined;
    return {
      apply: (v) => (v.split([1, x[C]! - 1], 1) as readonly Value[])[1]!,
      shape: [x[0]!, x[C]! - 1, x[H]!, x[W]!],
    };
  },
  chunk: (_, x) => {
    if (x[C]! % 2) return undefined;
    return {
      apply: (v) => {
        const [a, b] = v.chunk(2, 1) as readonly Value[];
        return b!.mul(a!) as Value;
      },
      shape: [x[0]!, x[C]! / 2, x[H]!, x[W]!],
    };
  },
  slice: value(
    (x) => x.slice(null, [0, 1]) as Value,
    ([n, _, h, w]) => [n!, 1, h!, w!],
  ),
  pad: value(
    (x) => x.pad([1, 0, 0, 0]) as Value,
    ([n, c, h, w]) => [n!, c!, h!, w! + 1],
  ),
  crop: wide(
    value(
      (x) => x.pad([-1, 0, 0, -1]) as Value,
      ([n, c, h, w]) => [n!, c!, h! - 1, w! - 1],
    ),
  ),
  mean: value((x) => x.mul(x.mean([1], { keepDims: true }) as never) as Value),
  sum: uneven(
    (x) => x[W] === 1,
    value((x) => x.sub(x.sum(-1, { keepDims: true }) as never) as Value),
  ),
  max: kinky(value((x) => x.sub(x.max([2, 3], { keepDims: true }) as never) as Value)),
  softmax: uneven(
    (x) => x[C] === 1,
    value((x) => x.softmax(1) as Value),
  ),
  upsample: value(
    (x) => x.upsample({ scaleFactor: 2 }).slice(null, null, [0, 5], [0, 5]) as Value,
    resized((size) => Math.min(5, 2 * size)),
  ),
  "relu of a value": kinky(value((x) => x.relu())),
  "sigmoid and tanh": value((x) => x.sigmoid().tanh()),
  "neg and square": value((x) => x.neg().square()),
  "exp of something small": value((x) => x.tanh().exp()),
  "sqrt and log of something positive": value((x) => x.square().add(1).sqrt().log()),
  "pow and pow": value(
    (x) =>
      x
        .tanh()
        .pow(3)
        .add(x.sigmoid().pow(-0.7) as never) as Value,
  ),
  "abs and clip": kinky(value((x) => x.abs().clip(0.25, 2))),
};

const NAMES = Object.keys(KINDS);

/** What fast-check draws of one step. */
export interface Pick {
  readonly kind: number;
  readonly x: number;
  readonly y: number;
}

export interface Drawn {
  readonly picks: readonly Pick[];
  readonly inputs: number;
  readonly seed: number;
  readonly smooth?: boolean;
}

const INPUT_SHAPES: readonly Shape[] = [
  [2, 2, 4, 5],
  [2, 4, 4, 5],
  [2, 2, 4, 5],
];

class DrawnNetwork extends Composite<DrawnNetwork> {
  override readonly name = "Drawn";
  readonly layers: unknown[] = [];
  readonly #steps: { readonly a: number; readonly b: number; readonly apply: (x: Value, y: Value) => Value }[] = [];
  readonly inputShapes: readonly Shape[];
  readonly kinds: string[] = [];

  constructor({ picks, inputs, seed, smooth = false }: Drawn) {
    super();
    this.inputShapes = INPUT_SHAPES.slice(0, inputs);
    const shapes: Shape[] = [...this.inputShapes];
    const { layers } = this;
    const drawing: Drawing = {
      random: new Random(seed),
      layers: layers as Layer[],
      smooth,
      keep(each) {
        layers.push(each);
        return each;
      },
    };
    for (const { kind, x, y } of picks) {
      const name = NAMES[kind % NAMES.length]!;
      // Newer values are read more often, so that there are chains for passes to find.
      const at = (from: number) =>
        shapes.length - 1 - (Math.floor(from / 2) % Math.min(shapes.length, from % 2 ? 99 : 2));
      const [a, b] = [at(x), at(y)];
      const count = layers.length;
      const made = KINDS[name]!(drawing, shapes[a]!, shapes[b]!);
      if (!made || made.shape.slice(1).reduce((size, each) => size * each, 1) > 400) {
        layers.splice(count);
        continue;
      }
      this.kinds.push(`${name}(${a}, ${b})`);
      shapes.push(made.shape);
      this.#steps.push({ a, b, apply: made.apply });
    }
  }

  compose(...inputs: Value[]): readonly Value[] {
    const read = new Set<number>();
    const values: Value[] = [...inputs];
    for (const { a, b, apply } of this.#steps) {
      read.add(a);
      if (apply.length > 1) read.add(b);
      values.push(apply(values[a]!, values[b]!));
    }
    // What nothing reads is an output, and so is one value in the middle.
    const ends = values.filter((_, i) => i >= inputs.length && !read.has(i));
    const middle = values[values.length >> 1]!;
    return ends.length === 0 ? [...inputs] : [...ends, middle];
  }
}

/** The network that was drawn; the same every time. */
export function draw(drawn: Drawn): {
  readonly net: Network;
  readonly inputShapes: readonly Shape[];
  readonly kinds: readonly string[];
} {
  const net = new DrawnNetwork(drawn);
  return { net: net as unknown as Network, inputShapes: net.inputShapes, kinds: net.kinds };
}

/** The bits of a tensor's numbers, but for the signs of zeros: max(−0, 0) is either, as kernels please. */
export function bitsOf(tensor: Tensor | undefined): string {
  if (!tensor) return "none";
  const { buffer } = tensor.data.map((x) => x + 0);
  return `${tensor.shape} ${Buffer.from(buffer).toString("base64")}`;
}
