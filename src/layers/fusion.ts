/**
 * Passes over memory that neighbours in a Sequential share. It offers each layer what it knows of the ones beside it,
 * and a layer says of its output whether it is its own. Layers that know nothing of this are never touched by it: their
 * outputs may be kept by somebody.
 */
import { engine } from "../tensor/engine.js";
import type { Tensor } from "../tensor/tensor.js";

/** What a layer may do in one forward. */
interface Offer {
  /** A ReLU follows, and nobody else reads the output: it can be rectified while it is written. */
  readonly rectify: boolean;
  /** Nobody else reads the input, now or in a backward: the output can take its place. */
  readonly overwrite: boolean;
  /** The input has been rectified already. */
  readonly rectified: boolean;
}

const NOTHING: Offer = { rectify: false, overwrite: false, rectified: false };

let offered: { readonly to: object; readonly offer: Offer } | undefined;
/** The last output that its layer gave away. */
let given: { readonly by: object; readonly y: Tensor; readonly rectified: boolean } | undefined;

/** What the Sequential that runs `layer` offers it; asked at the start of its compute. */
export function offerTo(layer: object): Offer {
  return offered?.to === layer ? offered.offer : NOTHING;
}

/** Gives away an output that `layer` has just made and does not read again, in no backward either unless it keeps it whole. */
export function give(layer: object, y: Tensor, rectified = false): Tensor {
  if (offered?.to === layer) given = { by: layer, y, rectified };
  return y;
}

/** The output, if it is this layer's and was given away. */
function givenBy(layer: object, y: Tensor) {
  return given?.by === layer && given.y === y ? given : undefined;
}

/** Runs the layers one after the other, for the container `chain`. `isReLU` tells the layers that rectify and no more. */
export function forwardInChain<L extends { forward(x: Tensor): Tensor }>(
  chain: object,
  layers: readonly L[],
  isReLU: (layer: L | undefined) => boolean,
  x: Tensor,
): Tensor {
  const outer = offered;
  let y = x;
  let own: ReturnType<typeof givenBy>;
  try {
    for (const [i, layer] of layers.entries()) {
      const offer = {
        rectify: isReLU(layers[i + 1]),
        overwrite: own !== undefined && !engine().caching,
        rectified: own?.rectified === true,
      };
      offered = { to: layer, offer };
      y = layer.forward(y);
      own = givenBy(layer, y);
    }
  } finally {
    offered = outer;
    given = undefined;
  }
  return own ? give(chain, y) : y;
}
