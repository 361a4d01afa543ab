import { Cache } from "../graph/cache.js";
import { Layer } from "../graph/layer.js";
import { Parameter } from "../graph/parameter.js";
import { embedding, embeddingIndices, embeddingWeightGradient } from "../ops/embedding.js";
import { checkInteger, readOptions } from "../shape/check.js";
import { type EmbeddingRule, embeddingShape } from "../shape/embedding.js";
import { ArgumentError } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { type InitOptions, normal, zeroWeight } from "./initializers.js";
import { reprOf } from "./repr.js";

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends InitOptions {
  /** An index whose row starts at zero and never learns; negative counts from the end. Default: none. */
  readonly paddingIdx?: number;
}

/**
 * Looks up a learned vector for each index: `[…]` of integers from 0 to numEmbeddings − 1 → `[…, embeddingDim]`.
 *
 *     y[…, j] = weight[x[…], j]
 *
 * Parameter: `weight` `[numEmbeddings, embeddingDim]`, normal with mean 0 and variance 1. The gradient of the input is
 * zero: indices do not vary.
 *
 * @throws ArgumentError for sizes that are not positive integers, a paddingIdx that is not an index, and (from forward)
 *   indices that are fractional or out of range.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 *
 * @example
 * const words = new Embedding(1000, 16);
 * words.forward(tensor([3, 14, 159])).shape; // [3, 16]
 */
export class Embedding<const D extends number = number> extends Layer<EmbeddingRule<D>> {
  override readonly name: string = "Embedding";
  readonly weight: Parameter;
  readonly numEmbeddings: number;
  readonly embeddingDim: D;
  readonly paddingIdx: number | undefined;
  readonly #cache = new Cache<{ indices: Int32Array; inputShape: Shape }>();

  constructor(numEmbeddings: number, embeddingDim: D, options: EmbeddingOptions = {}) {
    super();
    const { paddingIdx, random } = readOptions("Embedding", options, { paddingIdx: undefined, random: undefined });
    this.numEmbeddings = checkInteger("Embedding", "numEmbeddings", numEmbeddings, 1);
    this.embeddingDim = checkInteger("Embedding", "embeddingDim", embeddingDim, 1);
    this.paddingIdx = resolvePaddingIdx(paddingIdx, numEmbeddings);
    const weight = zeroWeight("Embedding", [numEmbeddings, embeddingDim]);
    normal(weight, 0, 1, random ? { random } : {});
    if (this.paddingIdx !== undefined) {
      weight.view().fill(0, this.paddingIdx * embeddingDim, (this.paddingIdx + 1) * embeddingDim);
    }
    this.weight = new Parameter("weight", weight);
  }

  protected compute(x: Tensor): Tensor {
    const indices = embeddingIndices(this.name, x, this.numEmbeddings);
    this.#cache.push({ indices, inputShape: x.shape });
    return embedding(indices, x, this.weight.value, this.numEmbeddings, this.embeddingDim);
  }

  protected computeBackward(dy: Tensor): Tensor {
    const { indices, inputShape } = this.#cache.pop(this.name);
    const { weight, numEmbeddings, embeddingDim, paddingIdx } = this;
    if (weight.requiresGrad) {
      embeddingWeightGradient(indices, dy, weight.grad, numEmbeddings, embeddingDim, paddingIdx);
    }
    return allocate(inputShape, dy.dtype);
  }

  protected override inferShape(inputShape: Shape): number[] {
    return embeddingShape(this.embeddingDim, inputShape);
  }

  protected override extraRepr(): string {
    return reprOf(this, "numEmbeddings, embeddingDim, paddingIdx=false");
  }
}

function resolvePaddingIdx(index: number | undefined, entries: number): number | undefined {
  if (index === undefined) return undefined;
  checkInteger("Embedding", "paddingIdx", index, -Infinity);
  if (index < -entries || index >= entries) {
    throw new ArgumentError(
      `Embedding expects paddingIdx from ${-entries} to ${entries - 1}, but got ${index}. Usual cause: an index meant for a larger vocabulary.`,
    );
  }
  return index < 0 ? index + entries : index;
}
