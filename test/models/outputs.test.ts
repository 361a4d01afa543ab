/** What torchvision computes with weights and images by a formula: outputs, auxiliary heads, gradients in train mode. */
import { expect, test } from "vitest";
import { Dropout, type Network, type Shape, Tensor } from "../../src/index.js";
import { readFixture } from "../support/fixtures.js";
import { fillBy, imagesBy, tensorBy } from "../support/formula.js";
import { AUXILIARY, type ClassifierOptions, COMPOSED, ConstantRandom } from "../support/models.js";

interface Case {
  readonly name: string;
  readonly gain: number;
  readonly input: Shape;
}

interface Output {
  readonly shape: Shape;
  readonly rms: number;
  /** How far torchvision's output lies from its own in float64, at most. */
  readonly float32_error: number;
  /** Elements at equal distances, in float64. */
  readonly sample: readonly number[];
}

interface Gradient {
  readonly norm: number;
  /** Its product with numbers of the formula. */
  readonly along: number;
  /** The norm of the difference between torchvision's gradient and its own in float64. */
  readonly float32_error: number;
}

const { evaluated, trained } = readFixture<{
  readonly evaluated: readonly (Case & { readonly outputs: Readonly<Record<string, Output>> })[];
  readonly trained: readonly (Case & {
    readonly images: string;
    readonly gradients: Readonly<Record<string, Gradient>>;
  })[];
}>("torchvision_outputs.json");

/** Float32 sums of the same numbers in another order, so about as far from the exact ones; Winograd's are farther. */
const FACTOR = 4;
/** How many standard deviations a product with numbers of variance 1/3 may be off by. */
const SIGMAS = 4;

function made({ name, gain }: Case): Network {
  const make = (AUXILIARY as Record<string, (options: ClassifierOptions) => Network>)[name] ?? COMPOSED[name]!;
  const model = make({ random: new ConstantRandom(1) });
  fillBy(model, gain);
  return model;
}

const normOf = ({ data }: Tensor) => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
const off = (got: number, want: number) => Math.abs(got - want);

test.each(evaluated)("$name computes torchvision's output", ({ outputs, ...each }) => {
  const y = made(each).eval().forward(imagesBy(each.input, "input")) as Tensor | Readonly<Record<string, Tensor>>;
  const got = y instanceof Tensor ? { logits: y } : y;
  expect(Object.keys(got)).toEqual(Object.keys(outputs));
  for (const [head, { shape, rms, float32_error, sample }] of Object.entries(outputs)) {
    const { [head]: scores = expect.fail(head) } = got;
    expect(scores.shape, head).toEqual(shape);
    const errors = sample.map((want, i) => off(scores.data[Math.floor((i * scores.size) / sample.length)]!, want));
    expect(Math.max(...errors), head).toBeLessThanOrEqual(FACTOR * float32_error);
    expect(off(normOf(scores) / Math.sqrt(scores.size), rms), head).toBeLessThanOrEqual(FACTOR * float32_error);
  }
});

test.each(trained)("$name computes torchvision's gradients in train mode", ({ images, gradients, ...each }) => {
  const model = made(each).train();
  for (const layer of model.modules()) if (layer instanceof Dropout) layer.eval();
  const y: Tensor = model.forward(imagesBy(each.input, images));
  model.backward(tensorBy("output gradient", y.shape, 1));
  const got = model.namedParameters();
  expect(got.map(([key]) => key)).toEqual(Object.keys(gradients));
  for (const [key, { grad }] of got) {
    const { norm, along, float32_error } = gradients[key]!;
    const direction = tensorBy(`${key} direction`, grad.shape, 1);
    const product = grad.data.reduce((sum, value, i) => sum + value * direction.data[i]!, 0);
    // The sums here and there round too, in float64.
    const tolerance = FACTOR * float32_error + 2 ** -53 * grad.size * norm;
    expect(off(normOf(grad), norm), `norm of ${key}`).toBeLessThanOrEqual(tolerance);
    expect(off(product, along), `product of ${key}`).toBeLessThanOrEqual((SIGMAS / Math.sqrt(3)) * tolerance);
  }
});
