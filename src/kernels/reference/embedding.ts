import type { FloatArray } from "../../tensor/tensor.js";
import type { EmbeddingKernels } from "../interface/embedding.js";

export const referenceEmbedding: EmbeddingKernels<FloatArray> = {
  forward(width, indices, weight, y) {
    let to = 0;
    for (let i = 0; i < indices.length; i++) {
      const row = indices[i]! * width;
      for (let j = 0; j < width; j++) y[to++] = weight[row + j]!;
    }
  },

  weightGradient(width, indices, dy, dweight, skipped) {
    for (let i = 0; i < indices.length; i++) {
      if (indices[i]! === skipped) continue;
      const row = indices[i]! * width;
      for (let j = 0; j < width; j++) dweight[row + j]! += dy[i * width + j]!;
    }
  },
};
