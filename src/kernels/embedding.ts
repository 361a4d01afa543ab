import type { Backends } from "./backend.js";
import type { EmbeddingKernels } from "./interface/embedding.js";
import { referenceEmbedding } from "./reference/embedding.js";

export const embeddingKernels: Backends<EmbeddingKernels> = {
  reference: referenceEmbedding,
  wasm: () => referenceEmbedding,
};
