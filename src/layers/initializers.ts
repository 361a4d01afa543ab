/**
 * Initializers: each fills a parameter's tensor in place and returns it, as torch.nn.init does.
 * Source: https://pytorch.org/docs/stable/nn.init.html
 */
import { Parameter } from "../graph/parameter.js";
import { ownZeros } from "../kernels/residency.js";
import { checkFinite, checkNumber, checkOneOf, checkSize, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { defaultRandom, type Random } from "../tensor/random.js";
import { checkTensor, type Tensor } from "../tensor/tensor.js";

/** Options of every initializer. */
export interface InitOptions {
  /** Where the numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly random?: Random;
}

/** The activation that follows the layer; decides the gain. */
export type Nonlinearity = (typeof NONLINEARITIES)[number];

const NONLINEARITIES = ["linear", "conv2d", "sigmoid", "tanh", "relu", "leakyRelu", "selu"] as const;

/** Options of `kaimingUniform` and `kaimingNormal`. */
export interface KaimingOptions extends InitOptions {
  /** Keep the variance of the forward pass (`"fanIn"`, default) or of the backward pass (`"fanOut"`). */
  readonly mode?: "fanIn" | "fanOut";
  /** Default `"leakyRelu"`. */
  readonly nonlinearity?: Nonlinearity;
  /** Negative slope of the Leaky ReLU that follows. Default 0, which is ReLU. */
  readonly a?: number;
}

/** Options of `xavierUniform` and `xavierNormal`. */
export interface XavierOptions extends InitOptions {
  /** Scales the standard deviation. Default 1. */
  readonly gain?: number;
}

/** The functions of {@link initializers}. */
export interface Initializers {
  /** Recommended gain for an activation: √2 for ReLU, 5/3 for tanh, 3/4 for SELU, √(2/(1 + slope²)) for Leaky ReLU (default slope 0.01). */
  readonly calculateGain: (nonlinearity: Nonlinearity, slope?: number) => number;
  /**
   * Connections into and out of one unit, for weights `[out, in, …kernel]`.
   * @throws ArgumentError for fewer than two dimensions.
   */
  readonly fans: (weight: Tensor) => { readonly fanIn: number; readonly fanOut: number };
  /** Fills `weight` with numbers uniform in `[low, high)`, by default `[0, 1)`. */
  readonly uniform: (weight: Tensor, low?: number, high?: number, options?: InitOptions) => Tensor;
  /** Fills `weight` with normal numbers, by default of mean 0 and standard deviation 1. */
  readonly normal: (weight: Tensor, mean?: number, std?: number, options?: InitOptions) => Tensor;
  /** Fills `weight` with one number. */
  readonly constant: (weight: Tensor, value: number) => Tensor;
  /** Uniform in ±gain·√(3/fan): He et al. 2015, https://arxiv.org/abs/1502.01852 */
  readonly kaimingUniform: (weight: Tensor, options?: KaimingOptions) => Tensor;
  /** Normal with standard deviation gain/√fan: He et al. 2015, https://arxiv.org/abs/1502.01852 */
  readonly kaimingNormal: (weight: Tensor, options?: KaimingOptions) => Tensor;
  /** Uniform in ±gain·√(6/(fanIn + fanOut)): Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html */
  readonly xavierUniform: (weight: Tensor, options?: XavierOptions) => Tensor;
  /** Normal with standard deviation gain·√(2/(fanIn + fanOut)): Glorot & Bengio 2010. */
  readonly xavierNormal: (weight: Tensor, options?: XavierOptions) => Tensor;
}

export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  checkOneOf("calculateGain", "nonlinearity", nonlinearity, NONLINEARITIES);
  checkFinite("calculateGain", "slope", slope);
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope * slope));
    case "selu":
      return 3 / 4;
    default:
      return 1;
  }
}

export function fans(weight: Tensor): { readonly fanIn: number; readonly fanOut: number } {
  checkTensor("Initializers", weight);
  const [outputs, inputs, ...kernel] = weight.shape;
  if (outputs === undefined || inputs === undefined) {
    throw new ArgumentError(
      `Initializers expect a weight of at least two dimensions, but got ${showShape(weight.shape)}. Usual cause: a bias; fill it with constant.`,
    );
  }
  const taps = sizeOf(kernel);
  return { fanIn: inputs * taps, fanOut: outputs * taps };
}

export function uniform(weight: Tensor, low = 0, high = 1, options: InitOptions = {}): Tensor {
  checkTensor("uniform", weight);
  checkFinite("uniform", "low", low);
  checkFinite("uniform", "high", high);
  const { random = defaultRandom() } = readOptions("uniform", options, { random: undefined });
  return filled(weight, () => random.uniform(low, high));
}

export function normal(weight: Tensor, mean = 0, std = 1, options: InitOptions = {}): Tensor {
  checkTensor("normal", weight);
  checkFinite("normal", "mean", mean);
  checkFinite("normal", "std", std);
  const { random = defaultRandom() } = readOptions("normal", options, { random: undefined });
  return filled(weight, () => mean + std * random.normal());
}

/** Draws piece by piece: weights begin in arrays whose buffers can shrink, where a number by itself takes 70 ns. */
function filled(weight: Tensor, draw: () => number): Tensor {
  const data = weight.view();
  const piece = data.slice(0, 4096);
  for (let at = 0; at < data.length; at += piece.length) {
    const count = Math.min(piece.length, data.length - at);
    for (let i = 0; i < count; i++) piece[i] = draw();
    data.set(piece.subarray(0, count), at);
  }
  return weight;
}

export function constant(weight: Tensor, value: number): Tensor {
  checkTensor("constant", weight);
  checkNumber("constant", "value", value);
  weight.view().fill(value);
  return weight;
}

/** gain/√fan, and the generator. */
function kaiming(who: string, weight: Tensor, options: KaimingOptions): readonly [std: number, InitOptions] {
  const defaults = { mode: "fanIn", nonlinearity: "leakyRelu", a: 0, random: undefined } as const;
  const { mode, nonlinearity, a, random } = readOptions(who, options, defaults);
  checkOneOf(who, "mode", mode, ["fanIn", "fanOut"]);
  return [calculateGain(nonlinearity, a) / Math.sqrt(fans(weight)[mode]), random ? { random } : {}];
}

export function kaimingUniform(weight: Tensor, options: KaimingOptions = {}): Tensor {
  const [std, init] = kaiming("kaimingUniform", weight, options);
  const bound = Math.sqrt(3) * std;
  return uniform(weight, -bound, bound, init);
}

export function kaimingNormal(weight: Tensor, options: KaimingOptions = {}): Tensor {
  const [std, init] = kaiming("kaimingNormal", weight, options);
  return normal(weight, 0, std, init);
}

/** gain·√(2/(fanIn + fanOut)), and the generator. */
function xavier(who: string, weight: Tensor, options: XavierOptions): readonly [std: number, InitOptions] {
  const { gain, random } = readOptions(who, options, { gain: 1, random: undefined });
  const { fanIn, fanOut } = fans(weight);
  return [checkFinite(who, "gain", gain) * Math.sqrt(2 / (fanIn + fanOut)), random ? { random } : {}];
}

export function xavierUniform(weight: Tensor, options: XavierOptions = {}): Tensor {
  const [std, init] = xavier("xavierUniform", weight, options);
  const bound = Math.sqrt(3) * std;
  return uniform(weight, -bound, bound, init);
}

export function xavierNormal(weight: Tensor, options: XavierOptions = {}): Tensor {
  const [std, init] = xavier("xavierNormal", weight, options);
  return normal(weight, 0, std, init);
}

/** What torch.nn.init has. An object, since bundlers keep a namespace that a build has put together. */
export const initializers: Initializers = {
  calculateGain,
  fans,
  uniform,
  normal,
  constant,
  kaimingUniform,
  kaimingNormal,
  xavierUniform,
  xavierNormal,
};

/** Zeros for a parameter of `layer`. @throws ArgumentError for a shape that no tensor can have. */
export function zeroWeight<const S extends Shape>(layer: string, shape: S): Tensor<S> {
  checkSize(layer, "a weight", shape);
  return ownZeros(shape);
}

/** torch's default for convolutions and Linear: weight and bias uniform in ±1/√fanIn (Kaiming uniform with a = √5). */
function initializeLike(weight: Tensor, bias: Tensor | undefined, fanIn: number, random?: Random): void {
  const bound = 1 / Math.sqrt(fanIn);
  const options = random ? { random } : {};
  uniform(weight, -bound, bound, options);
  if (bias) uniform(bias, -bound, bound, options);
}

/**
 * The parameters of a layer whose weight has a filter for each entry of its first dimension: weight and bias as torch's
 * convolutions and Linear begin.
 */
export function learned(
  layer: string,
  [count, ...filter]: readonly [number, ...number[]],
  outputs: number,
  hasBias: boolean,
  random: Random | undefined,
): { readonly weight: Parameter; readonly bias: Parameter | undefined } {
  const weight = zeroWeight(layer, [count, ...filter]);
  const bias = hasBias ? zeroWeight(layer, [outputs]) : undefined;
  initializeLike(weight, bias, sizeOf(filter), random);
  return { weight: new Parameter("weight", weight), bias: bias && new Parameter("bias", bias) };
}
