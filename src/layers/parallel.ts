import { add, concatenate, part } from "../ops/merge.js";
import { resolveAxis } from "../shape/axis.js";
import { refuseForeign } from "../shape/brand.js";
import { checkInteger, checkOneOf, readOptions } from "../shape/check.js";
import { ArgumentError, StateError } from "../shape/errors.js";
import type { ParallelRule } from "../shape/merge.js";
import { addShape, concatShape, multiplyShape } from "../shape/merge.js";
import type { DefaultOptions, OnlyOptions } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { Layer, membersOf } from "./layer.js";
import { reprOf } from "./repr.js";

export interface ParallelOptions {
  /**
   * Lay the branches' outputs side by side (`"concat"`, default), sum them (`"add"`), or multiply them (`"multiply"`), where
   * shapes broadcast: a gate.
   */
  readonly merge?: "concat" | "add" | "multiply";
  /** The axis to concatenate along; negative counts from the end. Default 1, the channels. */
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
> extends Layer<ParallelRule<Branches, O>> {
  override readonly name: string = "Parallel";
  readonly branches: Branches;
  readonly merge: "concat" | "add" | "multiply";
  readonly dim: number;
  readonly #cache = new Cache<readonly Shape[]>();

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

  override children(): [string, Layer][] {
    const branches = this.branches.map((branch, i): [string, Layer] => [String(i), branch]);
    return [...branches, ...membersOf(this, Layer, "", [this.branches])];
  }

  protected compute(x: Tensor): Tensor {
    const outputs = this.branches.map((branch): Tensor => branch.forward(x));
    if (this.merge === "add") return outputs.reduce((a, b) => add(a, b));
    if (this.merge === "multiply") throw new StateError(`${this.name} cannot multiply yet.`);
    const shapes = outputs.map(({ shape }) => shape);
    this.#cache.push(shapes);
    const shape = concatShape(this.name, shapes, this.dim);
    return concatenate(outputs, resolveAxis(this.name, this.dim, shape), shape);
  }

  /** dx = Σ branchᵀ(dy's part), where a sum's part is all of dy; last branch first, for layers that several of them run. */
  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const parts =
      this.merge === "concat"
        ? part(dy, resolveAxis(this.name, this.dim, dy.shape), this.#cache.pop(this.name))
        : undefined;
    const gradients: Tensor[] = [];
    for (let i = this.branches.length - 1; i >= 0; i--) {
      const gradient = this.branches[i]?.backward(parts?.[i] ?? dy, { inputGradient });
      if (gradient) gradients.unshift(gradient);
    }
    return inputGradient ? gradients.reduce((a, b) => add(a, b)) : undefined;
  }

  protected override inferShape(inputShape: Shape): number[] {
    const shapes = this.branches.map((branch) => branch.outputShape(inputShape));
    if (this.merge === "multiply") return multiplyShape(this.name, shapes);
    return this.merge === "add"
      ? addShape(this.name, shapes, "a branch with other channels or another stride")
      : concatShape(this.name, shapes, this.dim);
  }

  protected override extraRepr(): string {
    return reprOf(this, "merge=concat, dim=1");
  }
}
