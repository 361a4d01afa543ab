/** Runs what is timed as it runs inside a model: tensors lie in the engine's memory, nothing is copied in or out. */

import type { Layer } from "../../src/graph/layer.js";
import { Arena, own, within } from "../../src/kernels/residency.js";
import { memory, take, view } from "../../src/kernels/wasm/memory.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { engine } from "../../src/tensor/engine.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { normals } from "./shapes.js";

/** An inner layer's forward, of a model in eval mode where `caching` is false. */
export function innerForward(layer: Layer, x: Tensor, caching = false): Tensor {
  const state = engine();
  state.run = { waiting: caching };
  state.caching = caching;
  const { forward } = memoryOf(layer);
  forward.restart();
  return inner(() => within(forward, () => layer.forward(x)));
}

/** The backward that follows {@link innerForward}. */
export function innerBackward(layer: Layer, dy: Tensor): Tensor {
  const state = engine();
  state.backwardRun = state.run;
  const { backward } = memoryOf(layer);
  backward.restart();
  return inner(() => within(backward, () => layer.backward(dy)));
}

/** Where a layer's results lie, call after call. */
function memoryOf(layer: Layer) {
  const known = memories.get(layer) ?? { forward: new Arena(), backward: new Arena() };
  memories.set(layer, known);
  return known;
}

const memories = new WeakMap<Layer, { readonly forward: Arena; readonly backward: Arena }>();

/** Calls of ops whose results take the same places every time. */
export function innerOps(run: () => unknown): () => unknown {
  const arena = new Arena();
  return () => {
    arena.restart();
    return inner(() => within(arena, run));
  };
}

function inner<T>(action: () => T): T {
  const state = engine();
  state.depth++;
  try {
    return action();
  } finally {
    state.depth--;
  }
}

/** A tensor of these numbers that keeps a place in the engine's memory. */
export function residentTensor(data: Float32Array, shape: Shape): Tensor {
  return own(new Tensor(data, shape));
}

export function residentNormals<const Shapes extends readonly Shape[]>(
  ...shapes: Shapes
): { [K in keyof Shapes]: Tensor } {
  return shapes.map((shape, i) => residentTensor(normals(sizeOf(shape), i + 1), shape)) as {
    [K in keyof Shapes]: Tensor;
  };
}

/** Normal numbers in the engine's memory, for kernels; never given back. */
export function floats(length: number, seed = 1): Float32Array {
  const array = view(take(4 * length)!, length);
  array.set(normals(length, seed));
  return array;
}

export function integers(length: number, below: number): Int32Array {
  const random = new Random(1);
  // First the place: the memory may grow for it.
  const at = take(4 * length);
  const array = new Int32Array(memory().buffer, at, length);
  for (let i = 0; i < length; i++) array[i] = random.integer(below);
  return array;
}
