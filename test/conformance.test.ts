/**
 * Every module configuration that PyTorch computed, on every backend: outputs, all gradients, buffers, each number within
 * 1e-4 relative / 1e-5 absolute, and all together within 1e-5 of their norm.
 */
import { describe, expect, test } from "vitest";
import { Tensor } from "../src/tensor/tensor.js";
import { eachBackend } from "./support/backends.js";
import { decode, expectClose, expectNear, readFixture, type Stored } from "./support/fixtures.js";
import { build, type TorchArguments } from "./support/torch.js";

interface ModuleCase {
  readonly name: string;
  readonly module: string;
  readonly args: TorchArguments;
  readonly mode: "train" | "eval";
  readonly params: Record<string, Stored>;
  readonly buffers?: Record<string, Stored>;
  readonly buffers_after?: Record<string, Stored>;
  readonly input: Stored;
  readonly output: Stored;
  readonly grad_output: Stored | "ones" | null;
  readonly grad_input: Stored | null;
  readonly grad_params?: Record<string, Stored>;
  readonly indices?: Stored;
  readonly warmup_inputs?: Stored[];
}

function check(c: ModuleCase, compare: typeof expectNear): void {
  const layer = build(c.module, c.args);
  const stored = { ...c.params, ...c.buffers };
  const state = Object.fromEntries(Object.entries(stored).map(([key, value]) => [key, decode(value)]));
  // The special cases leave buffers out where they are as at the start.
  layer.loadStateDict(state, { strict: c.buffers !== undefined });
  if (c.mode === "eval") layer.eval();
  for (const warmup of c.warmup_inputs ?? []) layer.forward(decode(warmup));

  const x = decode(c.input);
  expect(layer.outputShape(x.shape), "outputShape").toEqual(c.output.shape);
  const y = layer.forward(x);
  compare(y, decode(c.output), "output");
  if (c.indices) expect([...(layer as unknown as { indices: Tensor }).indices.data]).toEqual(c.indices.data);

  if (c.grad_output === null || c.grad_input === null) return; // PyTorch computed the forward only
  const dy = c.grad_output === "ones" ? new Tensor(new Float32Array(y.size).fill(1), y.shape) : decode(c.grad_output);
  compare(layer.backward(dy), decode(c.grad_input), "input gradient");
  for (const [key, parameter] of layer.namedParameters()) {
    const want = c.grad_params?.[key];
    if (want) compare(parameter.grad, decode(want), `gradient of ${key}`);
  }
  const after = layer.stateDict();
  for (const [key, want] of Object.entries(c.buffers_after ?? {})) {
    const got = after[key];
    if (!got) expect.fail(`no buffer ${key}`);
    compare(got, decode(want), `${key} afterwards`);
  }
}

/** Where all terms cancel, and PyTorch's numbers are what its rounding left of them. */
const CANCELED = ["batchnorm2d_const", "groupnorm_g2_nc"];

eachBackend("layers", () => {
  describe("PyTorch's modules", () => {
    for (const c of readFixture<ModuleCase[]>("torch_modules.json")) {
      test(c.name, () => check(c, CANCELED.includes(c.name) ? expectClose : expectNear));
    }
  });

  describe("PyTorch's modules on NaN, infinities, −0, denormals and huge values", () => {
    for (const c of readFixture<ModuleCase[]>("torch_special.json")) test(c.name, () => check(c, expectClose));
  });
});
