/** Arrays in the engine's memory for tests of wasm kernels. */
import { free, take, trouble, view } from "../../src/kernels/wasm/memory.js";
import type { ConvGeometry } from "../../src/shape/conv.js";
import { Random } from "../../src/tensor/random.js";

/** Arrays of these lengths in the engine's memory, valid until the next call; NaN lies around each. */
export function arrays<const Lengths extends readonly number[]>(
  ...lengths: Lengths
): { [K in keyof Lengths]: Float32Array } {
  const room = 32;
  const total = lengths.reduce((sum, length) => sum + length + room, room);
  const start = block(4 * total);
  view(start, total).fill(NaN);
  let at = start + 4 * room;
  return lengths.map((length) => {
    const array = view(at, length);
    at += 4 * (length + room);
    return array;
  }) as { [K in keyof Lengths]: Float32Array };
}

/** Where the arrays of the last call lie, and how much there is. */
let last = { at: 0, bytes: 0 };

/** What kernels need for themselves, in tests. */
const SCRATCH = 2 ** 28;

function block(bytes: number): number {
  if (last.bytes < bytes) {
    // Where memory is not shared, growing takes these arrays away: it grows before, and not while a kernel runs on them.
    // Kernels whose call grows it are tested in wasm-unshared.test.ts.
    trouble.growsAlways = false;
    free(take(SCRATCH + bytes)!, SCRATCH + bytes);
    if (last.bytes > 0) free(last.at, last.bytes);
    last = { at: take(bytes)!, bytes };
  }
  return last.at;
}

/** Fills an array with normal numbers from a seed. */
export function normals(array: Float32Array, seed: number): Float32Array {
  const random = new Random(seed >>> 0);
  for (let i = 0; i < array.length; i++) array[i] = random.normal();
  return array;
}

/**
 * ‖actual − expected‖ / ‖expected‖, in double precision; 0 for two empty or zero arrays. Where every number is a sum of
 * `terms` products of normal numbers, one that happens to cancel counts as large as such sums are: √terms.
 */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>, terms = 0): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / Math.max(norm, terms * expected.length));
}

/** Products in a sum of each direction of a convolution, at most. */
export function terms(g: ConvGeometry): { forward: number; inputGradient: number; weightGradient: number } {
  const window = (g.kernelHeight * g.kernelWidth) / g.groups;
  return {
    forward: window * g.inChannels,
    inputGradient: window * g.outChannels,
    weightGradient: g.batch * g.outHeight * g.outWidth,
  };
}
