import { checkInteger, checkList, isPlainObject, refuse } from "../shape/check.js";
import type { Named, NamedSize } from "../shape/named.js";
import type { AnyLayer } from "../shape/rule.js";
import type { Outputs } from "./call.js";
import { Composite } from "./composite.js";
import { Layer, membersOf } from "./layer.js";
import { type Parameter, State, type StateBuffer } from "./parameter.js";
import { otherInputs } from "./plan.js";
import type { Value } from "./value.js";

/** The shape of an input as it is written: `["N", 3, 32, 32]`, where a name is any size; or a list of several. */
export type GraphInputs = readonly NamedSize[] | readonly (readonly NamedSize[])[];

/** Layers by name, and lists and objects of layers. */
export type Layers = {
  readonly [name: string]: AnyLayer | Parameter | readonly (AnyLayer | Parameter | Layers)[] | Layers;
};

/** The values that stand for the inputs. */
export type GraphValues<Inputs> = Inputs extends readonly NamedSize[]
  ? readonly [Value<Named<Inputs>>]
  : Inputs extends infer Several extends readonly (readonly NamedSize[])[]
    ? { readonly [I in keyof Several]: Value<Named<Several[I]>> }
    : never;

/** What {@link graph} makes. */
export class Graph<
  const Values extends readonly Value[],
  const L extends Layers,
  const O extends Outputs,
> extends Composite<Graph<Values, L, O>> {
  override readonly name = "Graph";
  /** The layers, under the names that they have in the state dict. */
  readonly layers: L;
  readonly #inputs: readonly (readonly NamedSize[])[];
  readonly #compose: (layers: L, ...inputs: Values) => O;

  constructor(inputs: readonly (readonly NamedSize[])[], layers: L, compose: (layers: L, ...inputs: Values) => O) {
    super();
    this.#inputs = inputs;
    this.layers = layers;
    this.#compose = compose;
  }

  /** @internal */
  override ownLayers(): [string, Layer][] {
    return membersOf(this.layers, Layer);
  }

  protected override ownState(): [string, Parameter | StateBuffer][] {
    return membersOf(this.layers, State) as [string, Parameter | StateBuffer][];
  }

  /** @internal */
  protected override get pattern() {
    return this.ownSelf.#inputs;
  }

  /** @internal */
  protected override get arity(): number {
    return this.ownSelf.#inputs.length;
  }

  compose(...inputs: Values): O {
    if (inputs.length !== this.arity) throw otherInputs(this.name, this.arity, inputs.length);
    return this.#compose(this.layers, ...inputs);
  }
}

/**
 * A network without a class: the shape of its input, its layers by name, and how values flow through them. Several inputs
 * are a list of shapes; several outputs are a list, or an object by name. In a shape, `"N"` or any other name is any size,
 * equal names the same one.
 *
 * @throws ArgumentError for shapes that are not lists of sizes and names, or layers that are not layers.
 * @throws ShapeError (from forward) for inputs of other shapes, and for one name that would be two sizes
 *
 * @example
 * const net = graph(
 *   ["N", 3, 32, 32],
 *   { conv: new Conv2d(3, 16, 3), pool: new GlobalAvgPool2d(), flatten: new Flatten(), head: new Linear(16, 10) },
 *   ({ conv, pool, flatten, head }, x) => x.through(conv, pool, flatten, head),
 * );
 * net.forward(randn([8, 3, 32, 32])).shape; // [8, 10]
 */
export function graph<const Inputs extends GraphInputs, const L extends Layers, const O extends Outputs>(
  inputs: Inputs,
  layers: L,
  compose: (layers: L, ...inputs: GraphValues<Inputs>) => O,
): Graph<GraphValues<Inputs>, L, O> {
  checkInputs(inputs);
  if (!isPlainObject(layers)) refuse("graph", "its layers", "an object of layers by name", layers);
  checkMembers(layers, "layers");
  if (typeof compose !== "function") refuse("graph", "compose", "a function", compose);
  const shapes = (inputs.every((each) => Array.isArray(each)) ? inputs : [inputs]) as readonly (readonly NamedSize[])[];
  return new Graph(shapes, layers, compose);
}

function checkInputs(inputs: GraphInputs): void {
  checkList("graph", "its input", inputs);
  for (const size of inputs.flat()) {
    if (typeof size !== "string") checkInteger("graph", "a size of its input", size, 0);
  }
}

/** @throws ArgumentError for what is neither a layer nor a parameter, nor a list or an object of them. */
function checkMembers(value: unknown, where: string): void {
  if (value instanceof Layer || value instanceof State) return;
  if (!Array.isArray(value) && !isPlainObject(value))
    refuse("graph", where, "a layer, a parameter, or a list or an object of them", value);
  for (const [key, member] of Object.entries(value)) checkMembers(member, `${where}.${key}`);
}
