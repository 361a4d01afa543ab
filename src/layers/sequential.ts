import type { ChainArguments, ChainRule, Checked, InputSize, LayersOf, Signature } from "../shape/chain.js";
import { ArgumentError, neighbourMismatch, ShapeError } from "../shape/errors.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { Layer } from "./layer.js";

export interface Sequential<Signature extends string = string, Layers = readonly Layer[]>
  extends Layer<ChainRule<Layers>> {
  readonly layers: Layers;
  /** For the compiler: what goes in and what comes out. */
  readonly signature?: Signature;
}

export interface SequentialConstructor {
  new <const Args extends ChainArguments = readonly Layer[]>(
    ...args: Checked<Args>
  ): Sequential<Signature<Args>, LayersOf<Args>>;
  readonly prototype: Sequential;
}

/*
 * A class declares the type parameters that its instances have. Here they are computed from the constructor's
 * arguments, so the class is given to the world through an interface.
 */
class SequentialLayer extends Layer {
  override readonly name: string = "Sequential";
  readonly layers: readonly Layer[];

  constructor(...args: readonly (Layer | readonly InputSize[])[]) {
    super();
    const [first, ...rest] = args;
    const input = Array.isArray(first) ? (first as readonly InputSize[]) : undefined;
    const layers = input ? rest : args;
    layers.forEach((layer, i) => {
      if (!(layer instanceof Layer)) {
        throw new ArgumentError(
          `Sequential expects layers, but argument ${input ? i + 1 : i} is ${layer === null ? "null" : Array.isArray(layer) ? "an array" : typeof layer}. Usual cause: a missing "new", or a list that needs "..." before it.`,
        );
      }
    });
    this.layers = layers as readonly Layer[];
    // A batch of 1 stands for any.
    if (input) this.inferShape(input.map((size) => (size === "N" ? 1 : size)));
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
    let shape = inputShape;
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

/**
 * Runs layers one after another: the output of each is the input of the next. Keys in the state dict are their
 * places: `"0.weight"`. With no layers at all it is the identity.
 *
 * The compiler checks each layer against the one before it: a wrong channel count or Linear width is an error on that
 * layer, with the sentence that the run-time error has. With an input shape before the layers (`"N"` for any batch)
 * every size in between is checked as well, and hovering over the model shows `[N, 1, 28, 28] → [N, 10]`.
 *
 * @throws ArgumentError for something that is no layer; ShapeError (from forward, or at once where the input shape is given) that
 *   says which layer does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 *
 * @example
 * const model = new Sequential(["N", 1, 28, 28], new Conv2d(1, 6, 5), new ReLU(), new Flatten(), new Linear(3456, 10));
 * model.forward(randn([32, 1, 28, 28])).shape; // [32, 10]
 */
export const Sequential = SequentialLayer as unknown as SequentialConstructor;

function learns(layer: Layer): boolean {
  return layer.parameters().some((parameter) => parameter.requiresGrad);
}
