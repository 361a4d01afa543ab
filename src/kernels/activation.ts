/** f(x) of every activation; f′ at a kink and at NaN is what torch 1.13 gives and is told where it is no limit of f′. */
import type { Backends } from "./backend.js";
import type { ActivationKernel } from "./interface/activation.js";
import * as piecewise from "./reference/piecewise.js";
import * as smooth from "./reference/smooth.js";
import * as wasm from "./wasm/activation.js";

/** A function and its derivative. Each is a family of its own, so that a program bundles those that it uses. */
export interface ActivationFunction extends Backends<ActivationKernel> {
  /** Whether backward reads y, not x. */
  readonly readsOutput: boolean;
}

/** max(x, 0). f′(0) = 0, f′(NaN) = 1. */
export const relu: ActivationFunction = {
  reference: piecewise.relu,
  wasm: () => wasm.relu,
  readsOutput: true,
};

/** x for x > 0, else p·x. f′(0) = f′(NaN) = p. */
export const leakyRelu: ActivationFunction = {
  reference: piecewise.leakyRelu,
  wasm: () => wasm.leakyRelu,
  readsOutput: false,
};

/** q·x for x > 0, else q·p·(eˣ − 1). f′(0) = q·p. */
export const elu: ActivationFunction = {
  reference: piecewise.elu,
  wasm: () => wasm.elu,
  readsOutput: false,
};

/** x clamped to [p, q]. f′(p) = f′(q) = f′(NaN) = 0. */
export const hardtanh: ActivationFunction = {
  reference: piecewise.hardtanh,
  wasm: () => wasm.hardtanh,
  readsOutput: false,
};

/** (x + 3) / 6 clamped to [0, 1]. f′(±3) = f′(NaN) = 0. */
export const hardsigmoid: ActivationFunction = {
  reference: piecewise.hardsigmoid,
  wasm: () => wasm.hardsigmoid,
  readsOutput: false,
};

/** x · (x + 3 clamped to [0, 6]) / 6. f′(−3) = −1/2; f′(3) is 1 or 3/2, see the reference kernel. */
export const hardswish: ActivationFunction = {
  reference: piecewise.hardswish,
  wasm: () => wasm.hardswish,
  readsOutput: false,
};

/** x for |x| > p, else 0. f′(±p) = f′(NaN) = 0. */
export const hardshrink: ActivationFunction = {
  reference: piecewise.hardshrink,
  wasm: () => wasm.hardshrink,
  readsOutput: false,
};

/** x − p for x > p, x + p for x < −p, else 0, also for NaN. f′(±p) = f′(NaN) = 0. */
export const softshrink: ActivationFunction = {
  reference: piecewise.softshrink,
  wasm: () => wasm.softshrink,
  readsOutput: false,
};

/** 1 / (1 + e⁻ˣ). */
export const sigmoid: ActivationFunction = {
  reference: smooth.sigmoid,
  wasm: () => wasm.sigmoid,
  readsOutput: true,
};

/** (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) */
export const tanh: ActivationFunction = {
  reference: smooth.tanh,
  wasm: () => wasm.tanh,
  readsOutput: true,
};

/** x · Φ(x) with the normal distribution function Φ(x) = ½ (1 + erf(x/√2)). */
export const gelu: ActivationFunction = {
  reference: smooth.gelu,
  wasm: () => wasm.gelu,
  readsOutput: false,
};

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) */
export const geluTanh: ActivationFunction = {
  reference: smooth.geluTanh,
  wasm: () => wasm.geluTanh,
  readsOutput: false,
};

/** x / (1 + e⁻ˣ) */
export const silu: ActivationFunction = {
  reference: smooth.silu,
  wasm: () => wasm.silu,
  readsOutput: false,
};

/** log(1 + e^px) / p for px ≤ q, else x. */
export const softplus: ActivationFunction = {
  reference: smooth.softplus,
  wasm: () => wasm.softplus,
  readsOutput: false,
};

/** x · tanh(log(1 + eˣ)) */
export const mish: ActivationFunction = {
  reference: smooth.mish,
  wasm: () => wasm.mish,
  readsOutput: false,
};

/** x / (1 + |x|) */
export const softsign: ActivationFunction = {
  reference: smooth.softsign,
  wasm: () => wasm.softsign,
  readsOutput: false,
};

/** x − tanh x */
export const tanhshrink: ActivationFunction = {
  reference: smooth.tanhshrink,
  wasm: () => wasm.tanhshrink,
  readsOutput: false,
};

/** −log(1 + e⁻ˣ) */
export const logSigmoid: ActivationFunction = {
  reference: smooth.logSigmoid,
  wasm: () => wasm.logSigmoid,
  readsOutput: false,
};
