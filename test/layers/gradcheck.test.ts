/** gradcheck itself: that it catches wrong gradients, and leaves the layer as it found it. */
import { describe, expect, test } from "vitest";
import {
  BatchNorm2d,
  Cache,
  Conv2d,
  Dropout,
  gradcheck,
  Layer,
  Linear,
  Parameter,
  Sequential,
  Tanh,
  Tensor,
} from "../../src/index.js";
import { defaultRandom, Random } from "../../src/tensor/random.js";
import { allZero, Net, SHAPE } from "../support/composites.js";
import { normal } from "../support/layers.js";

/** A Linear whose backward is changed after the right one. */
class Mutant extends Linear {
  constructor(readonly mutate: (dx: Tensor | undefined, self: Mutant) => Tensor | undefined) {
    super(4, 3, { random: new Random(1) });
  }
  protected override computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    return this.mutate(super.computeBackward(dy, inputGradient), this);
  }
}

describe("gradcheck catches", () => {
  const mutants: [what: string, wrong: string, mutate: (dx: Tensor | undefined, self: Mutant) => Tensor | undefined][] =
    [
      [
        "one entry of the input gradient that is off by a thousandth",
        "input",
        (dx) => {
          if (dx) dx.data[5]! *= 1.001;
          return dx;
        },
      ],
      [
        "an input gradient that is left at zero",
        "input",
        (dx) => {
          dx?.data.fill(0);
          return dx;
        },
      ],
      [
        "a weight gradient that is added twice",
        "weight",
        (dx, self) => {
          const { data } = self.weight.grad;
          for (let i = 0; i < data.length; i++) data[i]! *= 2;
          return dx;
        },
      ],
      [
        "a bias gradient of the wrong sign",
        "bias",
        (dx, self) => {
          const { data } = self.bias!.grad;
          for (let i = 0; i < data.length; i++) data[i]! *= -1;
          return dx;
        },
      ],
      [
        "a gradient that is not a number",
        "bias",
        (dx, self) => {
          self.bias!.grad.data[1] = Number.NaN;
          return dx;
        },
      ],
    ];

  test.each(mutants)("%s", (_, wrong, mutate) => {
    const report = gradcheck(new Mutant(mutate), [2, 4]);
    expect(report.passed).toBe(false);
    expect(report.relativeError).not.toBeLessThan(1e-6);
    const lines = String(report).split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual(
      ["input", "weight", "bias"].map((name) => `${name === wrong ? "WRONG" : "ok"}  ${name}`),
    );
    const entry = report.entries.find(({ name }) => name === wrong)!;
    const { index, backward, difference } = entry.worst;
    expect(String(report)).toContain(`(at ${index} backward says ${backward}, differences say ${difference})`);
  });

  test("a mutant inside a container, by its full key", () => {
    const mutant = new Mutant((dx, self) => {
      self.weight.grad.data[0]! += 1;
      return dx;
    });
    const report = gradcheck(new Sequential(new Tanh(), mutant), [2, 4]);
    expect(report.entries.filter(({ relativeError }) => !(relativeError <= 1e-6)).map(({ name }) => name)).toEqual([
      "1.weight",
    ]);
  });
});

describe("gradcheck passes the right backward", () => {
  test("with one entry a tensor, input first", () => {
    const report = gradcheck(new Mutant((dx) => dx), [2, 4]);
    expect(report.passed).toBe(true);
    expect(report.relativeError).toBeLessThan(1e-6);
    expect(report.entries.map(({ name }) => name)).toEqual(["input", "weight", "bias"]);
  });

  test("of a dropout, which must drop the same elements every time, and of a batch norm in train mode", () => {
    expect(gradcheck(new Sequential(new Dropout(0.5), new BatchNorm2d(2)), [3, 2, 4, 4]).passed).toBe(true);
    expect(gradcheck(new Dropout(0.5, { random: new Random(3) }), [3, 2, 4, 4]).passed).toBe(true);
  });

  test("in eval mode", () => {
    expect(gradcheck(new Sequential(new Dropout(0.5), new BatchNorm2d(2)).eval(), [3, 2, 4, 4]).passed).toBe(true);
  });

  test("frozen parameters are left out", () => {
    const layer = new Linear(4, 3);
    layer.weight.requiresGrad = false;
    expect(gradcheck(layer, [2, 4]).entries.map(({ name }) => name)).toEqual(["input", "bias"]);
  });
});

describe("gradcheck's options", () => {
  test("seed draws the input: equal seeds give equal reports", () => {
    const check = (seed: number) => String(gradcheck(new Linear(4, 3, { random: new Random(1) }), [2, 4], { seed }));
    expect(check(1)).toBe(check(1));
    expect(check(1)).not.toBe(check(2));
  });

  test("tolerance decides, step is the distance: a cubic's error is step² / its derivative", () => {
    class Cube extends Layer {
      readonly #cache = new Cache<Tensor>();
      protected compute(x: Tensor): Tensor {
        this.#cache.push(x);
        const y = x.clone();
        for (let i = 0; i < y.size; i++) y.data[i] = x.data[i]! ** 3;
        return y;
      }
      protected computeBackward(dy: Tensor): Tensor {
        const x = this.#cache.pop(this.name);
        const dx = dy.clone();
        for (let i = 0; i < dx.size; i++) dx.data[i]! *= 3 * x.data[i]! ** 2;
        return dx;
      }
    }
    // ((x + h)³ − (x − h)³) / 2h = 3x² + h²: at x = 1 and h = 0.1 the error is 0.01 of 3.01.
    const input = new Tensor(Float32Array.of(1), [1]);
    const report = gradcheck(new Cube(), [1], { input, step: 0.1 });
    expect(report.passed).toBe(false);
    expect(report.relativeError).toBeCloseTo(0.01 / 3.01, 9);
    expect(gradcheck(new Cube(), [1], { input, step: 0.1, tolerance: 0.004 }).passed).toBe(true);
    expect(gradcheck(new Cube(), [1], { input }).passed).toBe(true);
    expect(input.data[0]).toBe(1);
  });

  test("samples bounds the entries that are checked: an error elsewhere is missed, all entries find it", () => {
    const mutant = () =>
      new Mutant((dx) => {
        if (dx) dx.data[0]! += 1;
        return dx;
      });
    expect(gradcheck(mutant(), [30, 4], { samples: 120 }).passed).toBe(false);
    const seeds = Array.from({ length: 20 }, (_, seed) => seed);
    expect(seeds.some((seed) => gradcheck(mutant(), [30, 4], { samples: 1, seed }).passed)).toBe(true);
  });

  test("inputGradient: false leaves the input out", () => {
    const report = gradcheck(new Linear(4, 3), [2, 4], { inputGradient: false });
    expect(report.entries.map(({ name }) => name)).toEqual(["weight", "bias"]);
  });
});

describe("gradcheck leaves the layer as it was:", () => {
  test("the same parameter and buffer tensors with the same bits, gradients at zero, modes unchanged", () => {
    const net = new Net();
    net.blocks[0]!.eval();
    net.forward(normal(SHAPE, 1));
    net.backward(normal([2, 2, 5, 4], 2));
    const parameters = net.parameters().map((parameter) => ({ parameter, value: parameter.value }));
    const before = net.stateDict();
    gradcheck(net, SHAPE);
    for (const { parameter, value } of parameters) {
      expect(parameter.value).toBe(value);
      expect(parameter.grad.dtype).toBe("float32");
      expect(allZero(parameter.grad)).toBe(true);
    }
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.data, key).toEqual(before[key]!.data);
    expect(net.training && !net.blocks[0]!.training).toBe(true);
  });

  test("running statistics", () => {
    const norm = new BatchNorm2d(2);
    norm.forward(normal([3, 2, 4, 4], 1));
    const before = norm.stateDict();
    gradcheck(norm, [3, 2, 4, 4]);
    for (const [key, value] of Object.entries(norm.stateDict())) expect(value.data, key).toEqual(before[key]!.data);
    expect(before.running_mean!.data[0]).not.toBe(0);
  });

  test("a layer that is in double precision already stays so, with its running statistics", () => {
    const norm = new BatchNorm2d(2).to("float64");
    norm.forward(normal([3, 2, 4, 4], 1).to("float64"));
    const before = norm.stateDict();
    gradcheck(norm, [3, 2, 4, 4]);
    for (const [key, value] of Object.entries(norm.stateDict())) {
      expect(value.dtype, key).toBe("float64");
      expect(value.data, key).toEqual(before[key]!.data);
    }
  });

  test("generators, the default one and the layer's own", () => {
    class Draws extends Layer {
      protected compute(x: Tensor) {
        defaultRandom().bits();
        return x;
      }
      protected computeBackward(dy: Tensor) {
        return dy;
      }
    }
    const [drop, other] = [new Dropout(0.5, { random: new Random(3) }), new Dropout(0.5)];
    const states = () => [drop.random, other.random, defaultRandom()].map(({ state }) => state);
    const before = states();
    gradcheck(new Sequential(drop, other, new Draws()), [4, 4]);
    expect(states()).toEqual(before);
  });

  test("also when the layer throws in the middle", () => {
    class Broken extends Layer {
      readonly conv = new Conv2d(1, 1, 3);
      readonly offset = new Parameter("offset", normal([1], 1));
      protected compute(x: Tensor): Tensor {
        return this.conv.forward(x);
      }
      protected computeBackward(): Tensor {
        throw new RangeError("broken");
      }
    }
    const broken = new Broken();
    const { value } = broken.conv.weight;
    const bits = value.clone();
    expect(() => gradcheck(broken, SHAPE)).toThrow("broken");
    expect(broken.conv.weight.value).toBe(value);
    expect(value.data).toEqual(bits.data);
    expect(broken.offset.value.dtype).toBe("float32");
    expect(broken.forward(normal(SHAPE, 1)).dtype).toBe("float32");
  });
});
