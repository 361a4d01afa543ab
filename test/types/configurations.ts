/** Random layers, each as an object and as the TypeScript that makes it, with inputs that mostly fit. */

import type { Layer } from "../../src/graph/layer.js";
import * as faltung from "../../src/index.js";
import { Random } from "../../src/tensor/random.js";

/** A constructor call: `new Conv2d(1, 6, 5, { padding: 2 })`. */
export interface Call {
  readonly layer: string;
  readonly args: readonly unknown[];
}

/** A layer and an input shape. */
export interface Configuration {
  readonly call: Call;
  readonly shape: readonly number[];
}

const isCall = (value: unknown): value is Call => typeof value === "object" && value !== null && "layer" in value;

/** The TypeScript of a call or one of its arguments. */
export function written(value: unknown): string {
  if (isCall(value)) return `new f.${value.layer}(${value.args.map(written).join(", ")})`;
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${written(entry)}`)
      .join(", ")} }`;
  }
  return JSON.stringify(value);
}

/** The layer that a call makes. @throws what its constructor throws. */
export function made(call: Call): Layer {
  const build = (value: unknown): unknown =>
    isCall(value) ? made(value) : Array.isArray(value) ? value.map(build) : value;
  const Class = (faltung as unknown as Record<string, new (...args: unknown[]) => Layer>)[call.layer];
  if (!Class) throw new Error(`faltung exports no ${call.layer}`);
  return new Class(...call.args.map(build));
}

/** Layers and inputs from one seed: the same ones every time. */
export class Configurations {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** From `low` to `high`, both included. */
  #from(low: number, high: number): number {
    return low + this.#random.integer(high - low + 1);
  }

  #chance(probability: number): boolean {
    return this.#random.uniform() < probability;
  }

  #of<T>(...choices: readonly T[]): T {
    return choices[this.#random.integer(choices.length)] as T;
  }

  #list(length: number, low: number, high: number): number[] {
    return Array.from({ length }, () => this.#from(low, high));
  }

  #pair(low: number, high: number): number | number[] {
    return this.#chance(0.7) ? this.#from(low, high) : this.#list(2, low, high);
  }

  /** The options that were drawn, each with a chance of one half; nothing at all if none was. */
  #options(all: Record<string, () => unknown>): [] | [Record<string, unknown>] {
    const drawn = Object.entries(all).filter(() => this.#chance(0.5));
    return drawn.length > 0 ? [Object.fromEntries(drawn.map(([key, draw]) => [key, draw()]))] : [];
  }

  /** Sizes after the channels, batched or not; seldom of another rank, or of other channels. */
  #input(channels: number, ...sizes: readonly number[]): number[] {
    const c = this.#chance(0.06) ? channels + this.#from(1, 3) : channels;
    if (this.#chance(0.05)) return this.#list(this.#from(0, 5), 1, 9);
    return this.#chance(0.75) ? [this.#from(1, 8), c, ...sizes] : [c, ...sizes];
  }

  /** As {@link #input}, always with a batch dimension. */
  #batch(channels: number, ...sizes: readonly number[]): number[] {
    const c = this.#chance(0.06) ? channels + this.#from(1, 3) : channels;
    return this.#chance(0.05) ? this.#list(this.#from(0, 5), 1, 9) : [this.#from(2, 8), c, ...sizes];
  }

  /** Options that go with padding `"same"`: seldom a stride, which it refuses. */
  #withSame(options: [] | [Record<string, unknown>]): [] | [Record<string, unknown>] {
    const [given] = options;
    if (given?.padding === "same" && this.#chance(0.9)) delete given.stride;
    return options;
  }

  #size(): number {
    return this.#chance(0.15) ? this.#of(32, 55, 112, 223, 224, 1025) : this.#from(1, 20);
  }

  #channels(groups: number): [number, number] {
    const off = this.#chance(0.1) ? 1 : 0;
    return [groups * this.#from(1, 4) + off, groups * this.#from(1, 5) + (this.#chance(0.05) ? 1 : 0)];
  }

  Conv2d(): Configuration {
    const groups = this.#of(1, 1, 2, 3);
    const [ci, co] = this.#channels(groups);
    const options = this.#options({
      ...(groups > 1 && { groups: () => groups }),
      stride: () => this.#pair(1, 3),
      padding: () => (this.#chance(0.4) ? this.#of("same", "valid") : this.#pair(0, 2)),
      dilation: () => this.#pair(1, 3),
      bias: () => this.#chance(0.5),
    });
    const call = { layer: "Conv2d", args: [ci, co, this.#pair(1, 5), ...this.#withSame(options)] };
    return { call, shape: this.#input(ci, this.#size(), this.#size()) };
  }

  Conv1d(): Configuration {
    const groups = this.#of(1, 1, 2);
    const [ci, co] = this.#channels(groups);
    const options = this.#options({
      ...(groups > 1 && { groups: () => groups }),
      stride: () => this.#from(1, 4),
      padding: () => this.#of<unknown>("same", "valid", 0, 1, 3),
      dilation: () => this.#from(1, 3),
    });
    const call = { layer: "Conv1d", args: [ci, co, this.#from(1, 7), ...this.#withSame(options)] };
    return { call, shape: this.#input(ci, this.#size()) };
  }

  ConvTranspose2d(): Configuration {
    const groups = this.#of(1, 1, 2);
    const [ci, co] = this.#channels(groups);
    const options = this.#options({
      ...(groups > 1 && { groups: () => groups }),
      stride: () => this.#pair(2, 3),
      padding: () => this.#pair(0, 3),
      dilation: () => this.#pair(1, 2),
      outputPadding: () => this.#pair(0, 1),
    });
    const call = { layer: "ConvTranspose2d", args: [ci, co, this.#pair(1, 4), ...options] };
    return { call, shape: this.#input(ci, this.#from(1, 9), this.#from(1, 9)) };
  }

  #pool(layer: string, more: Record<string, () => unknown>): Configuration {
    const options = this.#options({
      stride: () => this.#pair(1, 4),
      padding: () => this.#pair(0, 1),
      ceilMode: () => this.#chance(0.7),
      ...more,
    });
    const call = { layer, args: [this.#chance(0.2) ? this.#pair(1, 9) : this.#pair(2, 4), ...options] };
    return { call, shape: this.#input(this.#from(1, 8), this.#size(), this.#size()) };
  }

  MaxPool2d(): Configuration {
    return this.#pool("MaxPool2d", { dilation: () => this.#pair(1, 3) });
  }

  AvgPool2d(): Configuration {
    return this.#pool("AvgPool2d", { countIncludePad: () => false });
  }

  AdaptivePool2d(): Configuration {
    const size = () => (this.#chance(0.3) ? null : this.#from(1, 9));
    const layer = this.#of("AdaptiveAvgPool2d", "AdaptiveMaxPool2d");
    const call = { layer, args: [this.#chance(0.4) ? this.#from(1, 9) : [size(), size()]] };
    return { call, shape: this.#input(this.#from(1, 8), this.#size(), this.#size()) };
  }

  GlobalPool2d(): Configuration {
    const call = { layer: this.#of("GlobalAvgPool2d", "GlobalMaxPool2d"), args: [] };
    return { call, shape: this.#input(this.#from(1, 8), this.#size(), this.#size()) };
  }

  Linear(): Configuration {
    const features = this.#of(this.#from(1, 9), 400, 1176, 25_088, 3_211_264);
    const layer = features < 10 ? this.#of("Linear", "MaxoutLinear") : "Linear";
    const call = { layer, args: [features < 1e4 ? features : 1, this.#from(1, 9)] };
    if (this.#chance(0.06)) return { call, shape: [] };
    const last = this.#chance(0.15) ? features + 1 : Number(call.args[0]);
    return { call, shape: [...this.#list(this.#from(0, 4), 1, 9), last] };
  }

  Flatten(): Configuration {
    const options = this.#options({ startDim: () => this.#from(-4, 3), endDim: () => this.#from(-4, 3) });
    const shape = this.#chance(0.2)
      ? this.#of([2, 512, 7, 7], [1, 64, 224, 224], [8, 256, 6, 6], [3, 1, 28, 28])
      : this.#list(this.#from(0, 5), 1, 40);
    return { call: { layer: "Flatten", args: options }, shape };
  }

  Unflatten(): Configuration {
    const sizes: number[] = this.#list(this.#from(1, 3), 1, 9);
    const shape = this.#list(this.#from(1, 4), 1, 9);
    const dim = this.#from(-shape.length, shape.length - 1);
    const extent = sizes.reduce((a, b) => a * b, 1) + (this.#chance(0.1) ? 1 : 0);
    shape.splice(dim < 0 ? dim + shape.length : dim, 1, extent);
    if (this.#chance(0.4)) sizes[this.#random.integer(sizes.length)] = -1;
    return { call: { layer: "Unflatten", args: [this.#chance(0.05) ? 4 : dim, sizes] }, shape };
  }

  PixelShuffle(): Configuration {
    const r = this.#from(1, 4);
    const layer = this.#of("PixelShuffle", "PixelUnshuffle");
    const [c, side] = layer === "PixelShuffle" ? [r * r * this.#from(1, 5), 1] : [this.#from(1, 5), r];
    const shape = this.#input(c, side * this.#from(1, 9), side * this.#from(1, 9));
    return { call: { layer, args: [r] }, shape: this.#chance(0.1) ? [this.#from(1, 3), ...shape] : shape };
  }

  ZeroPad2d(): Configuration {
    const padding = this.#chance(0.5) ? this.#from(0, 4) : this.#list(4, this.#chance(0.3) ? -1 : 0, 4);
    const shape = this.#chance(0.2) ? this.#list(2, 2, 9) : this.#input(this.#from(1, 4), this.#size(), this.#size());
    return { call: { layer: "ZeroPad2d", args: [padding] }, shape };
  }

  Upsample(): Configuration {
    const mode = this.#of(undefined, "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear");
    const dims = mode === "linear" ? 1 : mode === "trilinear" ? 3 : mode?.startsWith("bi") ? 2 : this.#from(1, 3);
    const value = () => (this.#chance(0.5) ? this.#from(1, 9) : this.#list(dims, 1, 9));
    const scale = () => (this.#chance(0.3) ? this.#of(0.5, 1.5) : value());
    const options = { ...(this.#chance(0.5) ? { size: value() } : { scaleFactor: scale() }), ...(mode && { mode }) };
    const shape = this.#batch(this.#from(1, 4), ...this.#list(dims, 2, 12));
    return { call: { layer: "Upsample", args: [options] }, shape };
  }

  Embedding(): Configuration {
    const call = { layer: "Embedding", args: [this.#from(1, 9), this.#from(1, 64)] };
    return { call, shape: this.#list(this.#from(0, 4), 1, 9) };
  }

  Norm(): Configuration {
    const c = this.#from(1, 9);
    const [h, w] = [this.#from(1, 9), this.#from(2, 9)];
    switch (this.#from(1, 6)) {
      case 1:
        return { call: { layer: "BatchNorm1d", args: [c] }, shape: this.#batch(c, ...(this.#chance(0.5) ? [w] : [])) };
      case 2:
        return { call: { layer: "BatchNorm2d", args: [c, { momentum: 0.2 }] }, shape: this.#batch(c, h, w) };
      case 3:
        return { call: { layer: "InstanceNorm2d", args: [c] }, shape: this.#input(c, h, w) };
      case 4: {
        const groups = this.#of(1, 2, 3);
        return {
          call: { layer: "GroupNorm", args: [groups, groups * c + (this.#chance(0.1) ? 1 : 0)] },
          shape: this.#batch(groups * c, ...this.#list(this.#from(0, 3), 2, 9)),
        };
      }
      case 5: {
        const dims = this.#list(this.#from(1, 3), 1, 9);
        const last = this.#chance(0.8) ? dims : dims.map((size) => size + this.#from(0, 1));
        const shape = this.#chance(0.1) ? last.slice(1) : [...this.#list(this.#from(0, 3), 1, 9), ...last];
        return { call: { layer: "LayerNorm", args: [dims.length > 1 || this.#chance(0.5) ? dims : dims[0]] }, shape };
      }
      default:
        return { call: { layer: "LocalResponseNorm", args: [5] }, shape: this.#list(this.#from(0, 5), 1, 9) };
    }
  }

  Elementwise(): Configuration {
    const shape = this.#list(this.#from(0, 5), 1, 9);
    const p = this.#from(1, 3);
    const call = this.#of<Call>(
      { layer: "ReLU", args: [] },
      { layer: "LeakyReLU", args: [0.1] },
      { layer: "GELU", args: [] },
      { layer: "Identity", args: [] },
      { layer: "Dropout", args: [0.5] },
      { layer: "Dropout2d", args: [] },
      { layer: "StochasticDepth", args: [0.5, "row"] },
      { layer: "ChannelShuffle", args: [p] },
      { layer: "Softmax", args: [this.#from(-3, 3)] },
      { layer: "LogSoftmax", args: [this.#from(-3, 3)] },
      { layer: "PReLU", args: [] },
      { layer: "PReLU", args: [p] },
      { layer: "PReLU", args: [shape[1] ?? 2] },
    );
    return { call, shape };
  }

  Maxout(): Configuration {
    const pieces = this.#from(1, 4);
    const shape = this.#list(this.#from(1, 4), 1, 9);
    const dim = this.#from(-3, 3);
    const at = dim < 0 ? dim + shape.length : dim;
    if (this.#chance(0.8) && at in shape) shape[at] = pieces * this.#from(1, 9);
    const args = dim === 1 && this.#chance(0.7) ? [pieces] : [pieces, { dim }];
    return { call: { layer: "Maxout", args }, shape };
  }

  /** A convolution that keeps an image's size (or halves it), and its output channels. */
  #conv(ci: number, co: number, stride = 1): Call {
    const k = this.#of(1, 3, 5);
    const padding = this.#chance(0.04) ? 0 : (k - 1) / 2;
    return { layer: "Conv2d", args: [this.#chance(0.04) ? ci + 1 : ci, co, k, { stride, padding }] };
  }

  Residual(): Configuration {
    const [ci, co] = [this.#from(1, 6), this.#from(1, 6)];
    const stride = this.#of(1, 1, 2);
    const inner = {
      layer: "Sequential",
      args: [this.#conv(ci, co), { layer: "ReLU", args: [] }, this.#conv(co, co, stride)],
    };
    const body = this.#chance(0.5) ? inner : this.#conv(ci, co, stride);
    const projected = this.#chance(0.9) ? ci !== co || stride > 1 : this.#chance(0.5);
    const args = projected ? [body, { layer: "Conv2d", args: [ci, co, 1, { stride }] }] : [body];
    return { call: { layer: "Residual", args }, shape: this.#input(ci, this.#from(4, 16), this.#from(4, 16)) };
  }

  Parallel(): Configuration {
    const ci = this.#from(1, 6);
    const add = this.#chance(0.4);
    const co = this.#from(1, 6);
    const branches = Array.from({ length: this.#from(1, 3) }, () => {
      const stride = this.#chance(0.05) ? 2 : 1;
      return this.#conv(ci, add && this.#chance(0.95) ? co : this.#from(1, 6), stride);
    });
    const options = add ? [{ merge: "add" }] : this.#chance(0.3) ? [{ dim: this.#from(0, 4) }] : [];
    return {
      call: { layer: "Parallel", args: [branches, ...options] },
      shape: this.#input(ci, this.#from(4, 16), this.#from(4, 16)),
    };
  }

  Sequential(): Configuration {
    const sizes = this.#list(2, 8, 24);
    const first = this.#from(1, 4);
    const shape = [this.#from(1, 8), this.#chance(0.04) ? first + 1 : first, ...sizes];
    const layers: Call[] = [];
    let [c, h, w] = [first, ...sizes] as [number, number, number];
    for (let block = this.#from(0, 3); block > 0; block--) {
      const co = this.#from(1, 6);
      layers.push(this.#conv(c, co), { layer: this.#of("ReLU", "Tanh"), args: [] });
      c = co;
      if (this.#chance(0.3)) layers.push({ layer: "BatchNorm2d", args: [this.#chance(0.1) ? c + 1 : c] });
      if (this.#chance(0.2)) layers.push({ layer: "Residual", args: [this.#conv(c, c)] });
      if (this.#chance(0.5)) {
        layers.push({ layer: "MaxPool2d", args: [this.#chance(0.05) ? 30 : 2] });
        [h, w] = [Math.floor(h / 2), Math.floor(w / 2)];
      }
    }
    if (this.#chance(0.7)) {
      const features = c * h * w + (this.#chance(0.15) ? 1 : 0);
      const hidden = this.#from(2, 9);
      const head: Call[] = [
        { layer: "Linear", args: [features, hidden] },
        { layer: "ReLU", args: [] },
        { layer: "Linear", args: [this.#chance(0.1) ? hidden + 1 : hidden, 10] },
      ];
      layers.push({ layer: "Flatten", args: [] });
      layers.push(...(this.#chance(0.3) ? [{ layer: "Sequential", args: head }] : head));
    }
    return { call: { layer: "Sequential", args: this.#chance(0.5) ? [shape, ...layers] : layers }, shape };
  }
}
