/** What every other library offers to the benchmarks: some of these jobs, each with an output that is checked before it is timed. */
import type { Contestant } from "../lib/measure.js";
import type { Network, Training } from "../lib/networks.js";
import type { ConvWork } from "../lib/shapes.js";

export interface Job {
  /** What is checked against this library's: the output, the gradients one after the other, or the first losses. */
  readonly output: Float32Array;
  readonly sample: Contestant["sample"];
}

export interface ConvNumbers {
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** Gradient of the output. */
  readonly dy: Float32Array;
}

export type Part = "forward" | "backward" | "forward + backward";

export interface Peer {
  /** By this the bars know it. */
  readonly name: string;
  readonly version: string;
  /** Works that take longer than this (in floating-point operations) are omitted. */
  readonly most?: number;
  /** Whether its convolutions have backwards here. */
  readonly gradients?: true;
  /** Output: y of a forward, else dx, dweight and dbias. Undefined where the peer does not offer it. */
  readonly conv?: (work: ConvWork, numbers: ConvNumbers, part: Part) => Promise<Job | undefined>;
  /** Output: the network's, for one input. `weights` are in the order of the layers. */
  readonly inference?: (
    network: Network,
    weights: readonly Float32Array[],
    x: Float32Array,
    input: readonly number[],
  ) => Promise<Job>;
  /** Output: the losses of the first steps, as many as the peer can take in bearable time. */
  readonly training?: (training: Training, weights: readonly Float32Array[], losses: number) => Promise<Job>;
  readonly close?: () => void;
}

/** A package of bench/peers/node_modules, as the part of it that is used; the root install has none of them. */
export async function load<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}

export async function versionOf(name: string): Promise<string> {
  const url = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  const { readFile } = await import("node:fs/promises");
  return (JSON.parse(await readFile(url, "utf8")) as { version: string }).version;
}

export function concatenated(...parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Swaps the axes of a row-major array: `permuted(x, [N, C, H, W], [0, 2, 3, 1])` is x in NHWC. */
export function permuted(x: ArrayLike<number>, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const y = new Float32Array(x.length);
  for (let i = 0; i < y.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += (rest % sizes[axis]!) * steps[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    y[i] = x[from]!;
  }
  return y;
}
