import type { Layer } from "../graph/layer.js";
import type { ChainArguments, Checked, LayersOf, Signature } from "../shape/chain.js";
import { Sequential as SequentialClass } from "./sequential-class.js";

/**
 * What `new Sequential` takes: layers, or an input's shape before them. A class declares the type parameters that its
 * instances have. Here they are computed from the constructor's arguments, which only an interface can say.
 */
export interface SequentialConstructor {
  new <const Args extends ChainArguments = readonly Layer[]>(
    ...args: Checked<Args>
  ): Sequential<Signature<Args>, LayersOf<Args>>;
  readonly prototype: Sequential;
}

/**
 * Runs layers one after another: the output of each is the input of the next. Keys in the state dict are their
 * places: `"0.weight"`. With no layers at all it is the identity.
 *
 * The compiler checks each layer against the one before it: a wrong channel count or Linear width is an error on that
 * layer, with the sentence that the run-time error has. With an input shape before the layers (`"N"` for any batch, other
 * names for any size, equal names the same one)
 * every size in between is checked as well, and hovering over the model shows `[N, 1, 28, 28] → [N, 10]`.
 *
 * @throws ArgumentError for something that is not a layer; ShapeError (from forward, or at once where the input shape is given) that
 *   says which layer does not fit; ShapeError (from forward) for another input than one with names says.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 *
 * @example
 * const model = new Sequential(["N", 1, 28, 28], new Conv2d(1, 6, 5), new ReLU(), new Flatten(), new Linear(3456, 10));
 * model.forward(randn([32, 1, 28, 28])).shape; // [32, 10]
 */
export const Sequential = SequentialClass as unknown as SequentialConstructor;

/** An interface, which inferred declarations can name, as they could not name the class itself. */
export interface Sequential<Signature extends string = string, Layers = readonly Layer[]>
  extends SequentialClass<Signature, Layers> {}
