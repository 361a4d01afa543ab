/** Weights and images by the formula that test/fixtures/torchvision_outputs.py has too. */
import { type Network, type Shape, Tensor } from "../../src/index.js";

/** Numbers offset + scale · u with u in [−1, 1): MurmurHash3's last step over the counted FNV-1a hash of the key. */
export function numbers(data: Float32Array, key: string, scale: number, offset = 0): void {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) seed = Math.imul(seed ^ byte, 0x01000193);
  for (let i = 0; i < data.length; i++) {
    let h = (seed + Math.imul(i, 0x9e3779b9)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    data[i] = ((h >>> 8) / 2 ** 23 - 1) * scale + offset;
  }
}

export function tensorBy(key: string, shape: Shape, scale: number): Tensor {
  const x = new Tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  numbers(x.data, key, scale);
  return x;
}

/** Images of variance 1. */
export function imagesBy(shape: Shape, key: string): Tensor {
  return tensorBy(key, shape, Math.sqrt(3));
}

/** Gives the network weights of variance gain² / fan-in, batch norms near the identity, small biases and running means. */
export function fillBy(model: Network, gain: number): void {
  const state = model.stateDict();
  for (const [key, { shape, data, size }] of Object.entries(state)) {
    const fanIn = size / (shape[0] ?? 1);
    if (shape.length > 1) numbers(data, key, gain * Math.sqrt(3 / fanIn));
    else if (key.endsWith("weight") || key.endsWith("running_var")) numbers(data, key, 0.25, 1);
    else if (!key.endsWith("num_batches_tracked")) numbers(data, key, 0.1);
  }
  model.loadStateDict(state);
}
