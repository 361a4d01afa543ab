/** What an editor shows, also in docs/typed-shapes.md, and how much work it is. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { composedModel, plainModel, shapedModel } from "../../bench/lib/deep.js";
import { check, hovers } from "./support.js";

test("hovering over a model shows what goes in and what comes out", () => {
  const shown = hovers(`
    import { Conv2d, Flatten, type Layer, Linear, MaxPool2d, randn, ReLU, Residual, Sequential, type Tensor } from "faltung";
    import { LeNet5 } from "faltung/models";
    declare const layers: Layer[];
    export const model = new Sequential(["N", 1, 28, 28], new Conv2d(1, 6, 5, { padding: 2 }), new ReLU(), new MaxPool2d(2),
      new Flatten(), new Linear(1176, 10));
    export const scores = model.forward(randn([64, 1, 28, 28]));
    export const image = new Sequential([3, 32, 32], new Conv2d(3, 8, 3));
    export const features = new Sequential(new Conv2d(3, 64, 3, { padding: 1 }), new ReLU());
    export const perceptron = new Sequential(new Linear(784, 30), new ReLU(), new Linear(30, 10));
    export const block = new Residual(new Conv2d(8, 8, 3, { padding: 1 }));
    export const lenet = new LeNet5();
    export const list = new Sequential(...layers);
    export const annotated: Sequential = model;
  `);
  expect(Object.fromEntries(shown)).toEqual({
    layers: "const layers: Layer<ShapeRule>[]",
    model:
      'const model: Sequential<"[N, 1, 28, 28] → [N, 10]", [Conv2d<1, 6, 5, {\n    readonly padding: 2;\n}>, ReLU, MaxPool2d<2, NoOptions>, Flatten<readonly []>, Linear<1176, 10>]>',
    scores: "const scores: Tensor<readonly [64, 10]>",
    image: 'const image: Sequential<"[3, 32, 32] → [8, 30, 30]", [Conv2d<3, 8, 3, NoOptions>]>',
    features:
      'const features: Sequential<"[N, 3, ?, ?] → [N, 64, ?, ?]", readonly [Conv2d<3, 64, 3, {\n    readonly padding: 1;\n}>, ReLU]>',
    perceptron: 'const perceptron: Sequential<"[…, 784] → […, 10]", readonly [Linear<784, 30>, ReLU, Linear<30, 10>]>',
    block: "const block: Residual<Conv2d<8, 8, 3, {\n    readonly padding: 1;\n}>, []>",
    lenet: "const lenet: LeNet5<readonly []>",
    list: 'const list: Sequential<"[…] → […]", Layer<ShapeRule>[]>',
    annotated: "const annotated: Sequential<string, readonly Layer<ShapeRule>[]>",
  });
});

describe("the compiler's work, which unlike its time is the same on every machine", () => {
  test.each([
    [100, 60_000],
    [400, 200_000],
  ])("shapes of %d layers cost less than %d instantiations and hit no limit", (count, most) => {
    const plain = check(plainModel(count));
    const shaped = check(shapedModel(count));
    expect([...plain.findings, ...shaped.findings]).toEqual([]);
    expect(shaped.typeOf("y")).toBe("Tensor<readonly [2, 10]>");
    expect(shaped.instantiations - plain.instantiations).toBeLessThan(most);
    const composed = check(composedModel(count));
    expect(composed.findings).toEqual([]);
    expect(composed.typeOf("y")).toBe("Tensor<readonly [2, 10]>");
    expect(composed.instantiations - plain.instantiations).toBeLessThan(most);
  });
});

const page = readFileSync(new URL("../../docs/typed-shapes.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```ts\n(.*?)```\n(?:\n```error ([^\n]*)\n(.*?)\n```)?/gs)].map(
  ([, code = "", at, message], i) => ({ name: `example ${i + 1}`, code, at, message }),
);

describe("docs/typed-shapes.md says what the compiler says", () => {
  test("there are five mistakes and more", () => {
    expect(examples.filter(({ message }) => message !== undefined)).toHaveLength(8);
    expect(examples).toHaveLength(14);
  });

  test.each(examples)("$name", ({ code, at, message }) => {
    const { findings } = check(code);
    expect(findings.map((finding) => [finding.at, finding.message])).toEqual(
      message === undefined ? [] : [[at, message]],
    );
  });
});
