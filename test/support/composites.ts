/** Layers as users write them, for the tests of what every layer inherits. */
import { Cache, Conv2d, Layer, Parameter, Sequential, StateBuffer, Tanh, Tensor } from "../../src/index.js";
import { Random } from "../../src/tensor/random.js";

/** y = scale · x: the smallest layer with a parameter of its own. */
export class Scale extends Layer {
  readonly scale = new Parameter("scale", new Tensor(Float32Array.of(3), [1]));
  readonly calls = new StateBuffer("calls", new Tensor(Float32Array.of(0), [1]));
  readonly #cache = new Cache<Tensor>();

  protected compute(x: Tensor): Tensor {
    this.#cache.push(x);
    const y = x.clone();
    for (let i = 0; i < y.size; i++) y.data[i]! *= this.scale.value.data[0]!;
    return y;
  }

  protected computeBackward(dy: Tensor): Tensor {
    const x = this.#cache.pop(this.name);
    const dx = dy.clone();
    for (let i = 0; i < dx.size; i++) {
      this.scale.grad.data[0]! += x.data[i]! * dy.data[i]!;
      dx.data[i]! *= this.scale.value.data[0]!;
    }
    return dx;
  }
}

/** A composite of one's own: children in fields and in an array, one level nested. No inferShape. */
export class Net extends Layer {
  readonly stem = new Conv2d(1, 2, 3, { padding: 1, random: new Random(1) });
  readonly blocks = [2, 3].map((seed) => new Conv2d(2, 2, 3, { padding: 1, bias: false, random: new Random(seed) }));
  readonly head = new Sequential(new Tanh(), new Scale());

  protected compute(x: Tensor): Tensor {
    return this.head.forward(this.blocks.reduce((y, block) => block.forward(y), this.stem.forward(x)));
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const dyBlocks = this.head.backward(dy);
    const dyStem = this.blocks.reduceRight((d, block) => block.backward(d), dyBlocks);
    return this.stem.backward(dyStem, { inputGradient });
  }
}

/** The same convolution twice, with an activation between. */
export class Twice extends Layer {
  readonly conv = new Conv2d(2, 2, 3, { padding: 1, random: new Random(1) });
  readonly act = new Tanh();

  protected compute(x: Tensor): Tensor {
    return this.conv.forward(this.act.forward(this.conv.forward(x)));
  }

  protected computeBackward(dy: Tensor): Tensor {
    return this.conv.backward(this.act.backward(this.conv.backward(dy)));
  }
}

/** An input of {@link Net}; its output is `[2, 2, 5, 4]`. */
export const SHAPE = [2, 1, 5, 4];

export const allZero = (t: Tensor) => t.data.every((value) => value === 0);
