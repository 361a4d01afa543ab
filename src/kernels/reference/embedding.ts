import type { FloatArray } from "../../tensor/tensor.js";
import type { EmbeddingKernels } from "../embedding.js";

export const referenceEmbedding: EmbeddingKernels<FloatArray> = {
  forward(width, indices, weight, y) {
    let to = 0;
    for (let i = 0; i < indices.length; i++) {
      const row = indices[i]! * width;
      for (let j = 0; j < width; j++) y[to++] = weight[row + j]!;
    }
  },

  weightGradient(width, indices, dy, dweight, skipped) {
    // Rows that are used very often have their sums in double precision: in float32 those would stop at 2²⁴.
    const sums = indices.length > OFTEN ? oftenUsed(indices, width) : undefined;
    for (let i = 0; i < indices.length; i++) {
      if (indices[i]! === skipped) continue;
      const row = indices[i]! * width;
      const sum = sums?.get(indices[i]!);
      for (let j = 0; j < width; j++) {
        if (sum) sum[j]! += dy[i * width + j]!;
        else dweight[row + j]! += dy[i * width + j]!;
      }
    }
    sums?.forEach((sum, index) => {
      for (let j = 0; j < width; j++) dweight[index * width + j]! += sum[j]!;
    });
  },
};

/** More uses of a row than this are often. */
const OFTEN = 1 << 14;

/** Zeros for the rows that are used more often. */
function oftenUsed(indices: Int32Array, width: number): Map<number, Float64Array> {
  const uses = new Map<number, number>();
  for (const index of indices) uses.set(index, (uses.get(index) ?? 0) + 1);
  const sums = new Map<number, Float64Array>();
  for (const [index, count] of uses) if (count > OFTEN) sums.set(index, new Float64Array(width));
  return sums;
}
