import { type ChainRule, factorsOf, type InputSize } from "../shape/chain.js";
import { neighbourMismatch, ShapeError } from "../shape/errors.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import type { Tensor } from "../tensor/tensor.js";
import { forwardInChain, trainingOrder } from "./fusion.js";
import { checkLayer, knownShape, Layer, membersOf } from "../graph/layer.js";

/** The class that sequential.ts gives to the world with a constructor that knows what it builds. */
export class Sequential<Signature extends string = string, Layers = readonly Layer[]> extends Layer<ChainRule<Layers>> {
  override readonly name: string = "Sequential";
  readonly layers: Layers;
  /** For the compiler: what goes in and what comes out. */
  declare readonly signature?: Signature;

  constructor(...args: readonly (Layer | readonly InputSize[])[]) {
    super();
    const [first, ...rest] = args;
    const input = isShape(first) ? first : undefined;
    const layers = input ? rest : args;
    layers.forEach((layer, i) => {
      checkLayer(`Sequential expects argument ${input ? i + 1 : i}`, layer);
    });
    this.layers = (layers as readonly Layer[]).map((layer) => layer.ownSelf) as Layers;
    // A batch of 1 stands for any.
    if (input) {
      knownShape(
        this as unknown as Layer,
        input.map((size) => (size === "N" ? 1 : size)),
      );
    }
  }

  get #layers(): readonly Layer[] {
    return this.layers as readonly Layer[];
  }

  override children(): [string, Layer][] {
    const { ownSelf: own } = this;
    const layers = own.#layers.map((layer, i): [string, Layer] => [String(i), layer]);
    return [...layers, ...membersOf(own, Layer, "", [own.#layers])];
  }

  protected compute(x: Tensor): Tensor {
    return forwardInChain(this, Sequential.prototype.compute, engine().caching ? this.#order : this.#layers, x);
  }

  /** In what order a backward finds that they ran; a class of one's own may have run them by itself. */
  get #order(): readonly Layer[] {
    const { compute, computeBackward } = Sequential.prototype;
    const isOwn = this.compute === compute && this.computeBackward === computeBackward;
    return isOwn ? trainingOrder(this.#layers) : this.#layers;
  }

  /** dx = layer₀ᵀ(layer₁ᵀ(… dy)): stops at the first layer that learns when nobody wants the input's gradient. */
  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const layers = this.#order;
    const first = inputGradient ? 0 : layers.findIndex(learns);
    if (first < 0) return undefined;
    let gradient: Tensor | undefined = dy;
    for (let i = layers.length - 1; i >= first && gradient; i--) {
      gradient =
        inputGradient || i > first
          ? layers[i]?.backward(gradient)
          : layers[i]?.backward(gradient, { inputGradient: false });
    }
    return gradient;
  }

  protected override inferShape(inputShape: Shape): number[] {
    let shape = inputShape;
    let flattened: Shape = [];
    this.#layers.forEach((layer, i) => {
      const before = shape;
      try {
        shape = layer.outputShape(shape);
      } catch (error) {
        // The first layer's input is the caller's; every other one's is what the layer before it gives.
        if (i === 0 || !(error instanceof ShapeError) || !error.mismatch) throw error;
        const { mismatch } = error;
        // A Flatten that keeps the first axis for the batch took the channels for it.
        const batchless = flattened.length > 0 && mismatch.expected.startsWith(`${sizeOf(flattened)} `);
        const told = batchless ? { ...mismatch, cause: "a missing batch axis, which unsqueeze(0) adds" } : mismatch;
        throw neighbourMismatch(told, factorsOf(flattened, shape, error.mismatch.got));
      }
      flattened = layer.name === "Flatten" ? before : [];
    });
    return [...shape];
  }
}

function isShape(value: unknown): value is readonly InputSize[] {
  return Array.isArray(value) && value.every((size) => size === "N" || Number.isInteger(size));
}

function learns(layer: Layer): boolean {
  return layer.parameters().some((parameter) => parameter.requiresGrad);
}
