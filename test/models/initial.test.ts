/** Networks begin as torchvision's: the spread of every weight and bias, uniform or normal, within the sampling error. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Conv2d, type Layer, Linear, Random, type Tensor } from "../../src/index.js";
import { FCN } from "../../src/models.js";
import { COMPOSED } from "../support/models.js";

/** The standard deviation that torchvision's formula gives a weight, and whether it is uniform. */
interface Spread {
  readonly std: number;
  readonly isUniform: boolean;
}

type Rule = (layer: Conv2d | Linear) => Spread;

const fanIn = ({ weight: { value } }: Conv2d | Linear) => value.size / (value.shape[0] ?? 0);
const fanOut = ({ weight: { value } }: Conv2d | Linear) => value.size / (value.shape[1] ?? 0);
const normalOf = (std: number): Spread => ({ std, isUniform: false });
const within = (bound: number): Spread => ({ std: bound / Math.sqrt(3), isUniform: true });

/** torch's own: kaiming_uniform_ with a = √5, for biases the same bound. */
const torch: Rule = (layer) => within(1 / Math.sqrt(fanIn(layer)));
/** kaiming_normal_(mode="fan_out") and kaiming_normal_() */
const byFanOut: Rule = (layer) => normalOf(Math.sqrt(2 / fanOut(layer)));
const byFanIn: Rule = (layer) => normalOf(Math.sqrt(2 / fanIn(layer)));
const zero = normalOf(0);

/** The rules of a layer's weight and bias, by its key and whether it is a convolution. */
const NETWORKS: Record<string, (key: string, isConv: boolean) => readonly [weight: Rule, bias: Rule]> = {
  resnext50_32x4d: (_, isConv) => [isConv ? byFanOut : torch, torch],
  densenet121: (_, isConv) => [isConv ? byFanIn : torch, () => zero],
  googlenet: () => [() => normalOf(0.01), torch],
  inception_v3: (key) => [() => normalOf(key === "AuxLogits.fc" ? 0.001 : 0.1), torch],
  mobilenet_v3_small: (_, isConv) => [isConv ? byFanOut : () => normalOf(0.01), () => zero],
  mobilenet_v3_large: (_, isConv) => [isConv ? byFanOut : () => normalOf(0.01), () => zero],
  efficientnet_b0: (_, isConv) => [
    isConv ? byFanOut : ({ weight }) => within(1 / Math.sqrt(weight.value.shape[0] ?? 0)),
    () => zero,
  ],
  shufflenet_v2_x1_0: () => [torch, torch],
  fcn_resnet50: (key) => (key.startsWith("backbone") ? [byFanOut, () => zero] : [torch, torch]),
  deeplabv3_resnet50: (key) => (key.startsWith("backbone") ? [byFanOut, () => zero] : [torch, torch]),
  lraspp_mobilenet_v3_large: (key) => (key.startsWith("backbone") ? [byFanOut, () => zero] : [torch, torch]),
};

/** Fewer numbers say little of their spread. */
const ENOUGH = 400;
/** How many standard errors a variance may be off by: one of 5 · 10⁸ is off by more. */
const ERRORS = 6;

function expectSpread({ data, size }: Tensor, { std, isUniform }: Spread, what: string): void {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (std === 0) expect(largest, what).toBe(0);
  if (std === 0 || size < ENOUGH) return;
  const variance = data.reduce((sum, value) => sum + value * value, 0) / size;
  // The variance of squares over their squared mean: 2 of normal numbers, 4/5 of uniform ones.
  const error = Math.sqrt((isUniform ? 4 / 5 : 2) / size);
  expect(Math.abs(variance / std ** 2 - 1), `variance of ${what}`).toBeLessThanOrEqual(ERRORS * error);
  // Uniform numbers end at √3 standard deviations, rounded to float32; of normal ones every twelfth is beyond.
  if (isUniform) expect(largest, what).toBeLessThanOrEqual(Math.sqrt(3) * std * (1 + 2 ** -23));
  else expect(largest, what).toBeGreaterThan(Math.sqrt(3) * std);
}

test.each(Object.entries(NETWORKS))("%s", (name, rulesOf) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      const options = { width: 1 / 8, random: new Random(seed) };
      const model: Layer = name === "fcn_resnet50" ? new FCN(options) : COMPOSED[name]!(options);
      const state = new Map(Object.entries(model.stateDict()));
      let checked = 0;
      for (const layer of model.modules()) {
        if (!(layer instanceof Conv2d || layer instanceof Linear)) continue;
        const key = keyOf(model, layer);
        const [weight, bias] = rulesOf(key, layer instanceof Conv2d);
        expectSpread(layer.weight.value, weight(layer), `${key}.weight`);
        if (layer.bias) expectSpread(layer.bias.value, bias(layer), `${key}.bias`);
        for (const own of ["weight", "bias"]) state.delete(`${key}.${own}`);
        checked++;
      }
      expect(checked).toBeGreaterThan(20);
      // What is left are batch norms.
      for (const [key, { data }] of state) {
        const one = /weight|running_var/.test(key) ? 1 : 0;
        expect(
          data.every((value) => value === one),
          key,
        ).toBe(true);
      }
    }),
    { numRuns: 1 },
  );
});

function keyOf(model: Layer, layer: Conv2d | Linear): string {
  const [key] = model.namedParameters().find(([, parameter]) => parameter === layer.weight) ?? expect.fail("no key");
  return key.replace(/\.weight$/, "");
}
