/** Saving and loading state, modes, freezing and precision: what every layer inherits. */
import { describe, expect, test } from "vitest";
import { Layer, Linear, ones, Parameter, Sequential, type StateDict } from "../../src/index.js";
import { ArgumentError, ShapeError, StateError } from "../../src/shape/errors.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { allZero, Net, type Scale, SHAPE } from "../support/composites.js";
import { expectError } from "../support/errors.js";
import { expectGradients, normal } from "../support/layers.js";

const NO_RECORD = "the model itself instead of model.stateDict(), a Map (Object.fromEntries), or a missing await";

describe("stateDict and loadStateDict", () => {
  test("copy both ways: neither the state's nor the layer's later changes reach the other", () => {
    const net = new Net();
    const before = net.stem.weight.value.clone();
    const state = net.stateDict();
    state["stem.weight"]!.data.fill(0);
    expect(net.stem.weight.value.data).toEqual(before.data);
    net.loadStateDict(state);
    expect(allZero(net.stem.weight.value)).toBe(true);
    state["stem.weight"]!.data.fill(5);
    expect(allZero(net.stem.weight.value)).toBe(true);
  });

  test("a loaded copy computes the same bits, buffers included", () => {
    const [from, to] = [new Net(), new Net()];
    from.stem.weight.value.data.fill(0.25);
    (from.head.layers[1] as Scale).calls.value.data[0] = 4;
    to.loadStateDict(from.stateDict());
    const x = normal(SHAPE, 1);
    expect(to.forward(x).data).toEqual(from.forward(x).data);
    expect((to.head.layers[1] as Scale).calls.value.data[0]).toBe(4);
  });

  const CAUSE = 'Usual cause: a file of another architecture, or keys with a prefix such as "module.".';
  const refusals: [
    what: string,
    change: (state: Record<string, Tensor>) => void,
    kind: typeof StateError | typeof ShapeError,
    text: string,
  ][] = [
    [
      "a missing key",
      (state) => {
        delete state["stem.bias"];
        delete state["head.1.calls"];
      },
      StateError,
      `Net.loadStateDict expects exactly the keys of this model, but got missing: stem.bias, head.1.calls. ${CAUSE}`,
    ],
    [
      "an unexpected key",
      (state) => {
        state["module.stem.bias"] = normal([2], 1);
      },
      StateError,
      `Net.loadStateDict expects exactly the keys of this model, but got unexpected: module.stem.bias. Usual cause: keys with the prefix "module.".`,
    ],
    [
      "both",
      (state) => {
        state.extra = normal([2], 1);
        delete state["head.1.scale"];
      },
      StateError,
      `Net.loadStateDict expects exactly the keys of this model, but got missing: head.1.scale; unexpected: extra. ${CAUSE}`,
    ],
    [
      "a shape that differs",
      (state) => {
        state["blocks.1.weight"] = normal([2, 2, 5, 5], 1);
      },
      ShapeError,
      "Net.loadStateDict expects blocks.1.weight to have the shape [2, 2, 3, 3], but got [2, 2, 5, 5]. Usual cause: another number of classes or channels.",
    ],
    [
      "the same number of elements in another shape",
      (state) => {
        state["stem.bias"] = normal([2, 1], 1);
      },
      ShapeError,
      "Net.loadStateDict expects stem.bias to have the shape [2], but got [2, 1]. Usual cause: another number of classes or channels.",
    ],
  ];

  test.each(refusals)("refuses %s and changes nothing", (_, change, kind, text) => {
    const net = new Net();
    const before = net.stateDict();
    const state = Object.fromEntries(Object.entries(before).map(([key, value]) => [key, normal(value.shape, 5)]));
    change(state);
    expectError(() => net.loadStateDict(state), kind, text);
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.data, key).toEqual(before[key]!.data);
  });

  test("strict: false loads the keys that fit and leaves the others; a wrong shape is refused all the same", () => {
    const net = new Net();
    const before = net.stateDict();
    const weight = normal([2, 1, 3, 3], 5);
    net.loadStateDict({ "stem.weight": weight, unknown: normal([1], 1) }, { strict: false });
    expect(net.stem.weight.value.data).toEqual(weight.data);
    expect(net.stem.bias?.value.data).toEqual(before["stem.bias"]!.data);
    expect(() => net.loadStateDict({ "stem.weight": normal([1], 1) }, { strict: false })).toThrow(ShapeError);
    expect(net.stem.weight.value.data).toEqual(weight.data);
  });

  test("of many keys the first are shown, and one prefix that explains them all is the cause", () => {
    const many = () => new Sequential(...Array.from({ length: 6 }, () => new Linear(1, 1)));
    const model = many();
    const before = model.stateDict();
    const keys = Object.keys(before);
    const prefixed = (prefix: string) => Object.fromEntries(keys.map((key) => [prefix + key, ones([1])]));
    const start = "Sequential.loadStateDict expects exactly the keys of this model, but got";
    const eight = (prefix: string) =>
      `${keys
        .slice(0, 8)
        .map((key) => prefix + key)
        .join(", ")} and 4 more`;
    expectError(() => model.loadStateDict({}), StateError, `${start} missing: ${eight("")}. ${CAUSE}`);
    expectError(
      () => model.loadStateDict(prefixed("module.")),
      StateError,
      `${start} missing: ${eight("")}; unexpected: ${eight("module.")}. Usual cause: keys with the prefix "module.".`,
    );
    expectError(
      () => new Sequential(many()).loadStateDict(before),
      StateError,
      `${start} missing: ${eight("0.")}; unexpected: ${eight("")}. Usual cause: keys without the prefix "0.".`,
    );
    expectError(
      () => model.loadStateDict({ ...prefixed("module."), other: ones([1]) }),
      StateError,
      `${start} missing: ${eight("")}; unexpected: ${keys
        .slice(0, 8)
        .map((key) => `module.${key}`)
        .join(", ")} and 5 more. ${CAUSE}`,
    );
    expect(model.stateDict()).toEqual(before);
  });

  test.each([
    ["a path", "model.safetensors", '"model.safetensors"', "a file, which readSafetensors reads"],
    ["bytes", new Uint8Array(2), "a Uint8Array", "a file, which readSafetensors reads"],
    ["a buffer", new ArrayBuffer(2), "an ArrayBuffer", "a file, which readSafetensors reads"],
    ["the model", new Linear(1, 1), "a Linear", NO_RECORD],
    ["the method", new Linear(1, 1).stateDict, "a Function", NO_RECORD],
    ["a Map", new Map(), "a Map", NO_RECORD],
    ["a promise", Promise.resolve({}), "a Promise", "a missing await"],
  ])("%s is no state dict", (_, state, got, cause) => {
    expectError(
      () => new Linear(1, 1).loadStateDict(state as unknown as StateDict),
      ArgumentError,
      `Linear.loadStateDict expects its state to be an object of tensors, but got ${got}. Usual cause: ${cause}.`,
    );
  });

  test("keys that only Object.prototype has are missing, not found", () => {
    class Odd extends Layer {
      protected compute(x: Tensor): Tensor {
        return x;
      }
      protected computeBackward(d: Tensor): Tensor {
        return d;
      }
    }
    expectError(
      () =>
        Object.assign(new Odd(), { valueOf: new Parameter("p", new Tensor(Float32Array.of(1), [1])) }).loadStateDict(
          {},
        ),
      StateError,
      `Odd.loadStateDict expects exactly the keys of this model, but got missing: valueOf. ${CAUSE}`,
    );
  });
});

describe("modes, freezing and precision", () => {
  test("train and eval reach every layer below, and return the layer", () => {
    const net = new Net();
    const modes = () => net.modules().map(({ training }) => training);
    expect(modes()).toEqual(new Array(7).fill(true));
    expect(net.eval()).toBe(net);
    expect(modes()).toEqual(new Array(7).fill(false));
    expect(net.train()).toBe(net);
    expect(modes()).toEqual(new Array(7).fill(true));
    net.head.eval();
    expect(modes()).toEqual([true, true, true, true, false, false, false]);
  });

  test("requiresGrad = false leaves that gradient at zero and every other gradient as it was", () => {
    const [free, frozen] = [new Net(), new Net()];
    const froze = frozen.namedParameters().filter(([key]) => key.startsWith("blocks"));
    for (const [, parameter] of froze) parameter.requiresGrad = false;
    for (const net of [free, frozen]) {
      net.forward(normal(SHAPE, 1));
      net.backward(normal([2, 2, 5, 4], 2));
    }
    frozen.namedParameters().forEach(([key, { grad }], i) => {
      if (key.startsWith("blocks")) expect(allZero(grad), key).toBe(true);
      else expect(grad.data, key).toEqual(free.parameters()[i]!.grad.data);
    });
    expectGradients(frozen, SHAPE);
  });

  test("zeroGrad sets every gradient to zero and touches no value", () => {
    const net = new Net();
    const before = net.stateDict();
    net.forward(normal(SHAPE, 1));
    net.backward(normal([2, 2, 5, 4], 2));
    expect(net.parameters().some(({ grad }) => allZero(grad))).toBe(false);
    net.zeroGrad();
    expect(net.parameters().every(({ grad }) => allZero(grad))).toBe(true);
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.data).toEqual(before[key]!.data);
  });

  test('to("float64") computes in double precision, to("float32") goes back to the same bits', () => {
    const net = new Net();
    const before = net.stateDict();
    const x = normal(SHAPE, 1);
    const single = net.forward(x);
    const double = net.to("float64").forward(x.to("float64"));
    expect(double.dtype).toBe("float64");
    expect(Math.max(...double.data.map((value, i) => Math.abs(value - single.data[i]!)))).toBeLessThan(1e-5);
    net.to("float32");
    expect(net.forward(x).data).toEqual(single.data);
    for (const [key, value] of Object.entries(net.stateDict())) expect(value.data).toEqual(before[key]!.data);
  });
});
