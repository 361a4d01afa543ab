/** Rows of a table by their numbers, and the adjoint in the table. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { EmbeddingKernels } from "../kernels/embedding.js";
import { referenceEmbedding } from "../kernels/reference/embedding.js";
import { ArgumentError } from "../shape/errors.js";
import { allocate, type Tensor } from "../tensor/tensor.js";

const embeddingKernels: KernelSet<EmbeddingKernels> = { reference: referenceEmbedding };

/** The indices in `x`. @throws ArgumentError for the first that is fractional or names no row of the table. */
export function embeddingIndices(layer: string, x: Tensor, entries: number): Int32Array {
  const data = x.view();
  for (let i = 0; i < data.length; i++) {
    const index = data[i] ?? 0;
    if (!Number.isInteger(index) || index < 0 || index >= entries) {
      throw new ArgumentError(
        `${layer} expects indices that are integers from 0 to ${entries - 1}, but element ${i} of its input is ${index}. Usual cause: numEmbeddings smaller than the vocabulary, or numbers that are not indices.`,
      );
    }
  }
  return Int32Array.from(data);
}

/** y[…, j] = weight[x[…], j] */
export function embedding(indices: Int32Array, x: Tensor, weight: Tensor, entries: number, width: number): Tensor {
  const y = allocate([...x.shape, width], weight.dtype);
  run(embeddingKernels, [weight.operand(entries * width), y], (kernels, weight, y) =>
    kernels.forward(width, indices, weight, y),
  );
  return y;
}

/** dweight[x[…], j] += dy[…, j], except for the padding index. */
export function embeddingWeightGradient(
  indices: Int32Array,
  dy: Tensor,
  dweight: Tensor,
  entries: number,
  width: number,
  paddingIdx: number | undefined,
): void {
  run(embeddingKernels, [dy, dweight.operand(entries * width)], (kernels, dy, dweight) =>
    kernels.weightGradient(width, indices, dy, dweight, paddingIdx ?? -1),
  );
}
