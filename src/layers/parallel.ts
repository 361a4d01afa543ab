import { Composed } from "../graph/composed.js";
import { Layer, membersOf } from "../graph/layer.js";
import { concatenationOf, productOf, sumOf } from "../graph/merges.js";
import { recordLayer, recordOperation } from "../graph/recording.js";
import type { Value } from "../graph/value.js";
import { refuseForeign } from "../shape/brand.js";
import { checkInteger, checkOneOf, readOptions } from "../shape/check.js";
import { ArgumentError } from "../shape/errors.js";
import type { ParallelRule } from "../shape/merge.js";
import { addShape, concatShape, multiplyShape } from "../shape/merge.js";
import type { DefaultOptions, OnlyOptions } from "../shape/rule.js";
import { reprOf } from "./repr.js";

export interface ParallelOptions {
  /**
   * Lay the branches' outputs side by side (`"concat"`, default), sum them (`"add"`), or multiply them (`"multiply"`), where
   * shapes broadcast: a gate.
   */
  readonly merge?: "concat" | "add" | "multiply";
  /** The dimension to concatenate along; negative counts from the end. Default 1, the channels. */
  readonly dim?: number;
}

/**
 * Gives the same input to several branches and joins their outputs: by concatenation along the channels
 * (`[N, C₁, H, W]`, `[N, C₂, H, W]` → `[N, C₁ + C₂, H, W]`), by sum, or by product. Keys are the branches' places: `"0.weight"`.
 *
 * @throws ArgumentError without branches; ShapeError (from forward) when the outputs do not fit together.
 * Source: the Inception module, Szegedy et al. 2015, https://arxiv.org/abs/1409.4842
 *
 * @example
 * const fire = new Parallel([new Conv2d(16, 64, 1), new Conv2d(16, 64, 3, { padding: 1 })]);
 * fire.forward(randn([1, 16, 8, 8])).shape; // [1, 128, 8, 8]
 */
export class Parallel<
  const Branches extends readonly Layer[] = readonly Layer[],
  const O extends ParallelOptions | undefined = DefaultOptions<Branches["length"], ParallelOptions>,
> extends Composed<ParallelRule<Branches, O>> {
  override readonly name: string = "Parallel";
  readonly branches: Branches;
  readonly merge: "concat" | "add" | "multiply";
  readonly dim: number;

  constructor(branches: Branches);
  constructor(branches: Branches, options: O & OnlyOptions<"Parallel", O, ParallelOptions>);
  constructor(branches: Branches, options: ParallelOptions = {}) {
    super();
    const { merge, dim } = readOptions("Parallel", options, { merge: "concat", dim: 1 });
    if (Array.isArray(branches)) refuseForeign("Parallel", ...branches);
    if (!Array.isArray(branches) || branches.length === 0 || !branches.every((branch) => branch instanceof Layer)) {
      throw new ArgumentError(
        "Parallel expects a list of at least one layer as its first argument. Usual cause: branches that are not in an array.",
      );
    }
    this.branches = branches.map((branch) => branch.ownSelf) as readonly Layer[] as Branches;
    this.merge = checkOneOf("Parallel", "merge", merge, ["concat", "add", "multiply"]);
    this.dim = checkInteger("Parallel", "dim", dim, -Infinity);
  }

  /** @internal */
  override ownLayers(): [string, Layer][] {
    const branches = this.branches.map((branch, i): [string, Layer] => [String(i), branch]);
    return [...branches, ...membersOf(this, Layer, "", [this.branches])];
  }

  override compose(x: Value): Value {
    const outputs = this.branches.map((branch) => recordLayer(branch, x));
    const { name, merge, dim } = this;
    const [only, ...others] = outputs;
    if (only && others.length === 0 && merge !== "concat") return only;
    if (merge === "concat") {
      const concatenation = concatenationOf(dim, (shapes) => concatShape(name, shapes, dim));
      return recordOperation(concatenation, ...outputs);
    }
    if (merge === "add") {
      const sum = sumOf((shapes) => addShape(name, shapes, "a branch with other channels or another stride"));
      return recordOperation(sum, ...outputs);
    }
    const product = productOf((shapes) => multiplyShape(name, shapes));
    return outputs.reduce((total, each) => recordOperation(product, total, each));
  }

  protected override extraRepr(): string {
    return reprOf(this, "merge=concat, dim=1");
  }
}
