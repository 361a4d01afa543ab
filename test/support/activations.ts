import type { ActivationFunction, ActivationKernel } from "../../src/kernels/activation.js";
/** The functions of all activations, and of values, each with numbers of its own to try it with. */
import { elu } from "../../src/layers/activations/elu.js";
import { gelu, geluTanh } from "../../src/layers/activations/gelu.js";
import { hardshrink } from "../../src/layers/activations/hardshrink.js";
import { hardsigmoid } from "../../src/layers/activations/hardsigmoid.js";
import { hardswish } from "../../src/layers/activations/hardswish.js";
import { hardtanh } from "../../src/layers/activations/hardtanh.js";
import { leakyRelu } from "../../src/layers/activations/leaky-relu.js";
import { logSigmoid } from "../../src/layers/activations/log-sigmoid.js";
import { mish } from "../../src/layers/activations/mish.js";
import { silu } from "../../src/layers/activations/silu.js";
import { softplus } from "../../src/layers/activations/softplus.js";
import { softshrink } from "../../src/layers/activations/softshrink.js";
import { softsign } from "../../src/layers/activations/softsign.js";
import { tanhshrink } from "../../src/layers/activations/tanhshrink.js";
import { clip, FUNCTIONS } from "../../src/ops/elementary.js";
import { relu } from "../../src/ops/relu.js";
import { sigmoid } from "../../src/ops/sigmoid.js";
import { tanh } from "../../src/ops/tanh.js";

const f = Math.fround;

type OnWasm<N extends string> = ActivationFunction<N> & { readonly wasm: () => ActivationKernel<N> };
type Tried<N extends string> = readonly [OnWasm<N>, ...(readonly Readonly<Record<N, number>>[])];
const tried = <N extends string>(...[f, ...numbers]: Tried<N>) => ({ f: f as OnWasm<string>, numbers });

export const ACTIVATIONS = {
  relu: tried(relu, {}),
  leakyRelu: tried(leakyRelu, { negativeSlope: f(0.01) }, { negativeSlope: 2 }, { negativeSlope: 0 }),
  elu: tried(elu, { alpha: 1, scale: 1 }, { alpha: f(1.6732632), scale: f(1.050701) }, { alpha: -0.5, scale: 2 }),
  hardtanh: tried(hardtanh, { min: -1, max: 1 }, { min: 0, max: 6 }, { min: -3, max: -0.5 }),
  hardsigmoid: tried(hardsigmoid, {}),
  hardswish: tried(hardswish, { slopeAt3: 1 }),
  hardshrink: tried(hardshrink, { lambd: 0.5 }, { lambd: 3 }),
  softshrink: tried(softshrink, { lambd: 0.5 }, { lambd: 3 }),
  sigmoid: tried(sigmoid, {}),
  tanh: tried(tanh, {}),
  gelu: tried(gelu, {}),
  geluTanh: tried(geluTanh, {}),
  silu: tried(silu, {}),
  softplus: tried(softplus, { beta: 1, threshold: 20 }, { beta: 2, threshold: 5 }, { beta: -1, threshold: 20 }),
  mish: tried(mish, {}),
  softsign: tried(softsign, {}),
  tanhshrink: tried(tanhshrink, {}),
  logSigmoid: tried(logSigmoid, {}),
  abs: tried(FUNCTIONS.abs, {}),
  sqrt: tried(FUNCTIONS.sqrt, {}),
  exp: tried(FUNCTIONS.exp, {}),
  log: tried(FUNCTIONS.log, {}),
  clip: tried(
    clip,
    { low: 0, high: 6 },
    { low: -1, high: Infinity },
    { low: -Infinity, high: 0.5 },
    { low: 3, high: -3 },
  ),
} as const;
