import { Composed } from "../graph/composed.js";
import { checkLayer, Layer, membersOf } from "../graph/layer.js";
import { recordLayer } from "../graph/recording.js";
import { ifKnown } from "../graph/shapes.js";
import type { Value } from "../graph/value.js";
import type { ChainRule, InputSize } from "../shape/chain.js";

/** The class that sequential.ts gives to the world with a constructor that knows what it builds. */
export class Sequential<Signature extends string = string, Layers = readonly Layer[]> extends Composed<
  ChainRule<Layers>
> {
  override readonly name: string = "Sequential";
  readonly layers: Layers;
  /** What goes in, where that has other names than `"N"`. */
  readonly #input: readonly (readonly InputSize[])[] | undefined;
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
    if (!input) return;
    const sizes = input.map((size) => (size === "N" ? 1 : size));
    // A batch of 1 stands for any; other names are sizes that a forward tells.
    if (sizes.every((size) => typeof size === "number")) ifKnown(() => this.outputShape(sizes));
    else this.#input = [input];
  }

  /** @internal */
  protected override get pattern() {
    return this.ownSelf.#input;
  }

  get #layers(): readonly Layer[] {
    return this.layers as readonly Layer[];
  }

  /** @internal */
  override ownLayers(): [string, Layer][] {
    const { ownSelf: own } = this;
    const layers = own.#layers.map((layer, i): [string, Layer] => [String(i), layer]);
    return [...layers, ...membersOf(own, Layer, "", [own.#layers])];
  }

  override compose(x: Value): Value {
    return this.#layers.reduce((y, layer) => recordLayer(layer, y), x);
  }
}

function isShape(value: unknown): value is readonly InputSize[] {
  return Array.isArray(value) && value.every((size) => typeof size === "string" || Number.isInteger(size));
}
