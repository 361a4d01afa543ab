import { ArgumentError, neighbourMismatch, ShapeError } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Layer } from "./layer.js";

/**
 * Runs layers one after another: the output of each is the input of the next. Keys in the state dict are their
 * places: `"0.weight"`. With no layers at all it is the identity.
 *
 * @throws ArgumentError for something that is no layer; ShapeError (from forward) that says which layer does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 *
 * @example
 * const model = new Sequential(new Conv2d(1, 6, 5), new ReLU(), new Flatten(), new Linear(3456, 10));
 * model.forward(randn([32, 1, 28, 28])).shape; // [32, 10]
 */
export class Sequential extends Layer {
  override readonly name: string = "Sequential";
  readonly layers: readonly Layer[];

  constructor(...layers: readonly Layer[]) {
    super();
    layers.forEach((layer, i) => {
      if (!(layer instanceof Layer)) {
        throw new ArgumentError(
          `Sequential expects layers, but argument ${i} is ${layer === null ? "null" : Array.isArray(layer) ? "an array" : typeof layer}. Usual cause: a missing "new", or a list that needs "..." before it.`,
        );
      }
    });
    this.layers = layers;
  }

  override children(): [string, Layer][] {
    return this.layers.map((layer, i) => [String(i), layer]);
  }

  protected compute(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.forward(y), x);
  }

  /** dx = layer₀ᵀ(layer₁ᵀ(… dy)): stops at the first layer that learns when nobody wants the input's gradient. */
  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    const { layers } = this;
    const first = inputGradient ? 0 : layers.findIndex(learns);
    if (first < 0) return undefined;
    let gradient: Tensor | undefined = dy;
    for (let i = layers.length - 1; i >= first && gradient; i--) {
      gradient = layers[i]?.backward(gradient, { inputGradient: inputGradient || i > first });
    }
    return gradient;
  }

  protected override inferShape(inputShape: Shape): number[] {
    let shape: Shape = inputShape;
    let factors: Shape = [];
    this.layers.forEach((layer, i) => {
      const before = shape;
      try {
        shape = layer.outputShape(shape);
      } catch (error) {
        // The first layer's input is the caller's; every other one's is what the layer before it gives.
        if (i > 0 && error instanceof ShapeError && error.mismatch) throw neighbourMismatch(error.mismatch, factors);
        throw error;
      }
      factors = layer.name === "Flatten" ? before.slice(1) : [];
    });
    return [...shape];
  }
}

function learns(layer: Layer): boolean {
  return layer.parameters().some((parameter) => parameter.requiresGrad);
}
