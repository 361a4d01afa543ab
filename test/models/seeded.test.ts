/** torchvision's outputs, and one training step, of networks whose weights a seed gives. */
import { expect, test } from "vitest";
import { type Layer, type Shape, Tensor } from "../../src/index.js";
import { CrossEntropyLoss } from "../../src/train.js";
import { decode, readFixture, type Stored } from "../support/fixtures.js";
import { blank } from "../support/models.js";

/** Numbers lo + (hi − lo) · u with u from mulberry32. */
interface Recipe {
  readonly seed: number;
  readonly lo: number;
  readonly hi: number;
}

/** Root mean square of a tensor's elements and some of them. */
interface Sampled {
  readonly shape: Shape;
  readonly rms: number;
  readonly sample_index: readonly number[];
  readonly sample: readonly number[];
}

interface Evaluated {
  readonly name: string;
  readonly input: Recipe & { readonly shape: Shape };
  readonly weights: readonly (({ readonly key: string } & Recipe) | { readonly key: string; readonly zero: true })[];
  readonly output: Stored;
  /** How far torchvision's output lies from its own in float64, at most, over the output's root mean square. */
  readonly f64_maxdiff_over_rms: number;
}

interface Trained {
  readonly input: Recipe & { readonly shape: Shape };
  readonly target: readonly number[];
  readonly loss: number;
  readonly loss_f64: number;
  readonly output_stat: Sampled;
  readonly grad_input: Sampled;
  readonly grads: Record<string, Sampled>;
  /** How far torchvision's gradients lie from its own in float64, as norm over norm. */
  readonly grad_f64_rel_l2: Record<string, number>;
  readonly buffers_after: Record<string, Sampled>;
}

const cases = readFixture<{ readonly name: string }[]>("torchvision_seeded.json");

function find<T>(name: string): T {
  return cases.find((entry) => entry.name === name) as T;
}

function fill(data: Tensor["data"], { seed, lo, hi }: Recipe): void {
  let a = seed | 0;
  for (let i = 0; i < data.length; i++) {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    data[i] = lo + (hi - lo) * (((t ^ (t >>> 14)) >>> 0) / 4294967296);
  }
}

function drawn(recipe: Recipe & { readonly shape: Shape }): Tensor {
  const data = new Float32Array(recipe.shape.reduce((a, b) => a * b));
  fill(data, recipe);
  return new Tensor(data, recipe.shape);
}

function seeded(name: string): Layer {
  const model = blank(name);
  const state = model.stateDict();
  for (const weight of find<Evaluated>(name).weights) {
    const tensor = state[weight.key];
    if (!tensor) expect.fail(`no ${weight.key}`);
    if ("zero" in weight) tensor.data.fill(0);
    else fill(tensor.data, weight);
  }
  model.loadStateDict(state);
  return model;
}

/** Both are float32 and lie about as far from the exact numbers, Winograd's convolutions several times as far. */
const FACTOR = 10;
/** How many root mean squares of the error a single element may be off by. */
const SINGLE = 5;

test.each(["alexnet", "vgg16", "resnet18", "squeezenet1_1"])("%s computes torchvision's output", (name) => {
  const { input, output, f64_maxdiff_over_rms } = find<Evaluated>(name);
  const want = decode(output).data;
  const got = seeded(name).eval().forward(drawn(input)).data;
  const rms = Math.sqrt(want.reduce((sum, value) => sum + value * value, 0) / want.length);
  const worst = want.reduce((most, value, i) => Math.max(most, Math.abs((got[i] ?? Infinity) - value)), 0);
  expect(worst / rms).toBeLessThanOrEqual(FACTOR * f64_maxdiff_over_rms);
});

function expectSampled({ data, shape }: Tensor, want: Sampled, tolerance: number, what: string): void {
  expect(shape, what).toEqual(want.shape);
  const rms = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
  const errors = want.sample_index.map((at, i) => Math.abs((data[at] ?? Infinity) - (want.sample[i] ?? 0)));
  expect(Math.abs(rms - want.rms) / want.rms, `${what}: root mean square`).toBeLessThanOrEqual(tolerance);
  expect(Math.max(...errors) / want.rms, `${what}: samples`).toBeLessThanOrEqual(SINGLE * tolerance);
}

test("resnet18 computes torchvision's loss, gradients and running statistics of a training step", () => {
  const step = find<Trained>("resnet18_train");
  const model = seeded("resnet18").train();
  const loss = new CrossEntropyLoss();
  const y = model.forward(drawn(step.input));
  const worst = Math.max(...Object.values(step.grad_f64_rel_l2));
  expectSampled(y, step.output_stat, FACTOR * worst, "output");
  const target = new Tensor(Float32Array.from(step.target), [2]);
  expect(Math.abs(loss.forward(y, target) - step.loss_f64)).toBeLessThanOrEqual(
    FACTOR * Math.abs(step.loss - step.loss_f64),
  );
  expectSampled(model.backward(loss.backward()), step.grad_input, FACTOR * worst, "input gradient");
  const gradients = model.namedParameters();
  expect(gradients.map(([key]) => key)).toEqual(Object.keys(step.grads));
  for (const [key, { grad }] of gradients) {
    expectSampled(grad, step.grads[key]!, FACTOR * step.grad_f64_rel_l2[key]!, `gradient of ${key}`);
  }
  const state = model.stateDict();
  for (const [key, want] of Object.entries(step.buffers_after)) expectSampled(state[key]!, want, FACTOR * worst, key);
});
