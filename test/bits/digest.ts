/** What a run leaves behind, as a checksum of its bits. */
import type { Layer } from "../../src/graph/layer.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

export class Digest {
  readonly #parts: BlobPart[] = [];

  /** Numbers: their bits in double precision. */
  number(...values: readonly number[]): void {
    this.#add(Float64Array.from(values));
  }

  tensor(...tensors: readonly Tensor[]): void {
    for (const { data } of tensors) this.#add(data);
  }

  /** Output, input gradient, parameters' gradients and buffers of a forward and a backward on normal numbers. */
  layer(layer: Layer, shape: Shape, seed = 1): void {
    const y = layer.forward(normal(shape, seed));
    this.tensor(y, layer.backward(normal(y.shape, seed + 1)));
    this.tensor(...layer.parameters().map(({ grad }) => grad), ...Object.values(layer.stateDict()));
  }

  /** The first 16 digits of the SHA-256 of all that was added. */
  async hex(): Promise<string> {
    const bytes = await new Blob(this.#parts).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...hash.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #add(data: Float32Array | Float64Array): void {
    // The bits of a NaN are the engine's to choose: a checksum of one would say nothing.
    if (!data.every((value) => !Number.isNaN(value))) throw new Error("A result to be checked holds a NaN.");
    this.#parts.push(data.slice());
  }
}

/** Normal numbers from a seed. */
export function normal(shape: Shape, seed: number): Tensor {
  const random = new Random(seed);
  return new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );
}
