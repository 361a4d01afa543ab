/** What a Sequential fuses changes no number: the same layers, one by one, give the same. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Layer } from "../../src/graph/layer.js";
import { ReLU, ShapeError, Sigmoid, StateError } from "../../src/index.js";
import { Hardtanh } from "../../src/layers/activations/hardtanh.js";
import { LeakyReLU } from "../../src/layers/activations/leaky-relu.js";
import { ReLU6 } from "../../src/layers/activations/relu6.js";
import { BatchNorm2d, type BatchNormOptions } from "../../src/layers/batch-norm.js";
import { ConvTranspose2d } from "../../src/layers/conv-transpose2d.js";
import { Conv2d } from "../../src/layers/conv2d.js";
import { Dropout } from "../../src/layers/dropout.js";
import { Identity } from "../../src/layers/identity.js";
import { MaxPool2d } from "../../src/layers/max-pool2d.js";
import { Residual } from "../../src/layers/residual.js";
import { Sequential } from "../../src/layers/sequential.js";
import { rand, randn } from "../../src/tensor/create.js";
import { Random } from "../../src/tensor/random.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachBackend } from "../support/backends.js";
import { expectError } from "../support/errors.js";

/** A chain that knows nothing of its neighbors: what a Sequential must agree with. */
class Plain extends Layer {
  override readonly name = "Plain";
  constructor(readonly layers: readonly Layer[]) {
    super();
  }
  protected compute(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.forward(y), x);
  }
  protected computeBackward(dy: Tensor): Tensor {
    return this.layers.reduceRight((d, layer) => layer.backward(d), dy);
  }
}

const CHANNELS = 4;

/** Layers of 4 channels that keep the size, named so that a failure can be read. */
const KINDS: Record<string, (random: Random) => Layer> = {
  conv: (random) => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, random }),
  depthwise: (random) => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, groups: CHANNELS, random }),
  reflect: (random) => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, paddingMode: "reflect", random }),
  pointwise: (random) => new Conv2d(CHANNELS, CHANNELS, 1, { bias: false, random }),
  transposed: (random) => new ConvTranspose2d(CHANNELS, CHANNELS, 1, { random }),
  norm: (random) => trainedNorm(CHANNELS, random),
  constants: (random) => trainedNorm(CHANNELS, random, { affine: false }),
  relu: () => new ReLU(),
  pool: () => new MaxPool2d(3, { stride: 1, padding: 1 }),
  indices: () => new MaxPool2d(3, { stride: 1, padding: 1, returnIndices: true }),
  relu6: () => new ReLU6(),
  leaky: () => new LeakyReLU(0.1),
  hardtanh: () => new Hardtanh({ minVal: -0.3, maxVal: 0.7 }),
  sigmoid: () => new Sigmoid(),
  identity: () => new Identity(),
  dropout: () => new Dropout(0.5, { random: new Random(3) }),
  residual: (random) => new Residual(new Sequential(KINDS.norm!(random), KINDS.relu!(random), KINDS.conv!(random))),
  nested: (random) => new Sequential(KINDS.conv!(random), KINDS.norm!(random)),
};

/** A norm that is no longer as it was made. */
function trainedNorm(channels: number, random: Random, options: BatchNormOptions = {}): BatchNorm2d {
  const norm = new BatchNorm2d(channels, options);
  const state = norm.stateDict();
  norm.loadStateDict({
    ...state,
    ...Object.fromEntries(
      Object.entries(state)
        .filter(([, { shape }]) => shape.length === 1)
        .map(([key, { shape }]) => [key, key === "running_var" ? rand(shape, { random }) : randn(shape, { random })]),
    ),
  });
  return norm;
}

const kinds = fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 1, maxLength: 7 });

function build(names: readonly string[]): Layer[] {
  const random = new Random(7);
  return names.map((name) => KINDS[name]!(random));
}

/** Forward, and backward where it trains, of both; all numbers that come out, gradients and statistics too. */
function run(model: Layer, x: Tensor, training: boolean): Tensor[] {
  if (!training) model.eval();
  const y = model.forward(x);
  const again = model.forward(x);
  const dx = model.backward(again);
  return [y, again, dx, ...model.parameters().map(({ grad }) => grad), ...Object.values(model.stateDict())];
}

eachBackend("fusion", () => {
  test("a Sequential's numbers are those of its layers one by one", () => {
    fc.assert(
      fc.property(kinds, fc.boolean(), fc.integer({ min: 1, max: 3 }), (names, training, batch) => {
        const x = randn([batch, CHANNELS, 5, 6], { random: new Random(batch) });
        const fused = run(new Sequential(...build(names)), x, training);
        const plain = run(new Plain(build(names)), x, training);
        for (const [i, tensor] of plain.entries()) expect(fused[i]!.allClose(tensor, { rtol: 0, atol: 0 })).toBe(true);
      }),
    );
  });

  test("norms in eval mode and activations behind a convolution, whatever its geometry and algorithm", () => {
    const geometry = fc.record({
      groups: fc.constantFrom(1, 2, 4),
      inPerGroup: fc.constantFrom(1, 3, 24),
      outPerGroup: fc.constantFrom(1, 3, 24),
      kernelSize: fc.constantFrom(1, 3, 3, 4, 5, 7),
      stride: fc.constantFrom(1, 2),
      algorithm: fc.constantFrom("auto" as const, "im2col" as const, "direct" as const, "winograd" as const),
      bias: fc.boolean(),
      batch: fc.constantFrom(1, 3),
      size: fc.constantFrom(3, 5, 14, 30),
    });
    const tail = fc.constantFrom(
      ["norm"],
      ["constants"],
      ["relu6"],
      ["leaky"],
      ["norm", "relu"],
      ["norm", "relu6"],
      ["norm", "hardtanh"],
      ["constants", "leaky"],
    );
    const odd = fc.constantFrom(undefined, Number.NaN, Infinity, -Infinity);
    fc.assert(
      fc.property(geometry, tail, odd, fc.integer(), (g, names, special, seed) => {
        const layers = () => {
          const random = new Random(seed);
          const channels = g.groups * g.outPerGroup;
          const tiled = g.groups === 1 && g.kernelSize > g.stride && g.kernelSize <= 5 * g.stride;
          const algorithm = g.algorithm === "winograd" && !tiled ? "auto" : g.algorithm;
          const conv = new Conv2d(g.groups * g.inPerGroup, channels, g.kernelSize, {
            ...{ stride: g.stride, padding: g.kernelSize >> 1, groups: g.groups },
            ...{ algorithm, bias: g.bias, random },
          });
          const make = { norm: {}, constants: { affine: false } } as Record<string, BatchNormOptions>;
          return [
            conv,
            ...names.map((name) => (make[name] ? trainedNorm(channels, random, make[name]) : KINDS[name]!(random))),
          ];
        };
        const x = randn([g.batch, g.groups * g.inPerGroup, g.size, g.size], { random: new Random(seed) });
        if (special !== undefined) x.data[x.size >> 1] = special;
        const fused = new Sequential(...layers()).eval().forward(x);
        const plain = new Plain(layers()).eval().forward(x);
        expect(fused.allClose(plain, { rtol: 0, atol: 0, equalNan: true })).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  test("a norm that does not fit the convolution before it is refused in its own words", () => {
    class Unchecked extends Layer {
      override readonly name = "Unchecked";
      readonly chain = new Sequential(new Conv2d(1, 2, 1), new BatchNorm2d(3 as number)).eval();
      protected compute(x: Tensor): Tensor {
        return this.chain.forward(x);
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.chain.backward(dy);
      }
      protected override inferShape(inputShape: readonly number[]): number[] {
        return [...inputShape];
      }
    }
    expectError(
      () => new Unchecked().forward(randn([1, 1, 2, 2])),
      ShapeError,
      "BatchNorm2d expects 3 channels, but its input [1, 2, 2, 2] has 2. Usual cause: a layer made for another number of channels.",
    );
  });

  test("a layer that extends one and changes or keeps what that computes", () => {
    const shifted = (x: Tensor) => x.add(1);
    class ShiftedConv extends Conv2d {
      kept: Tensor | undefined;
      protected override compute(x: Tensor): Tensor {
        const y = super.compute(x);
        this.kept = y.clone();
        return shifted(y);
      }
    }
    class KeepingNorm extends BatchNorm2d {
      kept: Tensor | undefined;
      protected override compute(x: Tensor): Tensor {
        this.kept = super.compute(x);
        return this.kept;
      }
    }
    class ShiftedResidual extends Residual {
      protected override compute(x: Tensor): Tensor {
        return shifted(super.compute(x));
      }
    }
    class ShiftedChain extends Sequential {
      protected override compute(x: Tensor): Tensor {
        return shifted(super.compute(x));
      }
    }
    const conv = (random: Random) => new Conv2d(CHANNELS, CHANNELS, 3, { padding: 1, random });
    const kinds: Record<string, (random: Random) => Layer> = {
      conv: (random) => new ShiftedConv(CHANNELS, CHANNELS, 3, { padding: 1, random }),
      norm: () => new KeepingNorm(CHANNELS),
      residual: (random) => new ShiftedResidual(conv(random)),
      chain: (random) => new ShiftedChain(conv(random)),
    };
    const x = randn([2, CHANNELS, 5, 6], { random: new Random(1) });
    for (const make of Object.values(kinds)) {
      for (const tail of [["relu"], ["norm", "relu"], ["leaky"], ["sigmoid"]]) {
        for (const training of [true, false]) {
          const layers = () => {
            const random = new Random(7);
            return [make(random), ...tail.map((name) => KINDS[name]!(random))];
          };
          const [own, plain] = [layers(), layers()];
          const fused = run(new Sequential(...own), x, training);
          for (const [i, tensor] of run(new Plain(plain), x, training).entries()) {
            expect(fused[i]!.allClose(tensor, { rtol: 0, atol: 0 })).toBe(true);
          }
          const [kept, expected] = [own, plain].map(([first]) => (first as { kept?: Tensor }).kept);
          if (kept && expected) expect(kept.allClose(expected, { rtol: 0, atol: 0 })).toBe(true);
        }
      }
    }
  });

  test("a layer that extends BatchNorm2d computes itself", () => {
    class Counting extends BatchNorm2d {
      calls = 0;
      protected override compute(x: Tensor): Tensor {
        this.calls++;
        return super.compute(x);
      }
    }
    const counting = new Counting(2);
    new Sequential(new Conv2d(1, 2, 1), counting).eval().forward(randn([1, 1, 8, 8]));
    expect(counting.calls).toBe(1);
  });

  test("the input of a chain is never overwritten, nor what a layer of the user's keeps", () => {
    class Keeper extends Layer {
      override readonly name = "Keeper";
      readonly conv = new Conv2d(CHANNELS, CHANNELS, 1, { random: new Random(1) });
      kept: Tensor | undefined;
      protected compute(x: Tensor): Tensor {
        this.kept = this.conv.forward(x);
        return this.kept;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.conv.backward(dy);
      }
    }
    class Around extends Layer {
      override readonly name = "Around";
      readonly conv = new Conv2d(CHANNELS, CHANNELS, 1, { random: new Random(1) });
      readonly keeper = new Keeper();
      readonly chain = new Sequential(this.keeper, new ReLU());
      readonly tail = new Sequential(new ReLU());
      negative = [0, 0];
      protected compute(x: Tensor): Tensor {
        const y = this.conv.forward(x);
        this.tail.forward(y);
        const z = this.chain.forward(x);
        this.negative = [y, this.keeper.kept!].map(({ data }) => data.filter((v) => v < 0).length);
        return z;
      }
      protected computeBackward(dy: Tensor): Tensor {
        return this.chain.backward(dy);
      }
    }
    const model = new Around().eval();
    model.forward(randn([1, CHANNELS, 4, 4], { random: new Random(1) }));
    expect(Math.min(...model.negative)).toBeGreaterThan(0);
  });

  test("a layer that extends ReLU gets what the layer before it computes, negative numbers too", () => {
    class Counting extends ReLU {
      negative = 0;
      protected override compute(x: Tensor): Tensor {
        this.negative = x.data.filter((v) => v < 0).length;
        return super.compute(x);
      }
    }
    const counting = new Counting();
    new Sequential(new Conv2d(1, 2, 1), counting).forward(randn([1, 1, 8, 8]));
    expect(counting.negative).toBeGreaterThan(0);
  });
});

test("a ReLU trains behind the max pooling that it is before, unless a class of one's own runs the layers itself", () => {
  class Listed extends Sequential {
    protected override compute(x: Tensor): Tensor {
      return (this.layers as readonly Layer[]).reduce((y, layer) => layer.forward(y), x);
    }
    protected override computeBackward(dy: Tensor): Tensor {
      return (this.layers as readonly Layer[]).reduceRight((d, layer) => layer.backward(d), dy);
    }
  }
  const layers = () => [new ReLU(), new MaxPool2d(2)];
  const x = randn([2, 3, 4, 4], { random: new Random(1) });
  const results = [new Sequential(...layers()), new Listed(...layers()), new Plain(layers())].map((model) => {
    const y = model.forward(x);
    return [y.data, model.backward(y.mul(2)).data];
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test("a container whose compute is overridden alone says that its backward is missing", () => {
  class Half extends Sequential {
    protected override compute(x: Tensor): Tensor {
      return (this.layers as readonly Layer[]).reduce((y, layer) => layer.forward(y), x);
    }
  }
  const half = new Half(new ReLU());
  half.forward(randn([2]));
  expectError(
    () => half.backward(randn([2])),
    StateError,
    "Sequential.backward expects what compute keeps for it, but got nothing. Usual cause: compute without cache.push or super.compute, more backwards than forwards, or forward overridden instead of compute.",
  );
});
