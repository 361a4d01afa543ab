/**
 * Passes over memory that neighbours in a Sequential share. It offers each layer what it knows of the ones beside it,
 * and a layer says of its output whether it is its own. Layers that know nothing of this are never touched by it: their
 * outputs may be kept by somebody.
 */
import { type Epilogue, RELU } from "../kernels/interface/epilogue.js";
import type { Shape } from "../shape/shape.js";
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
  /** What follows an output of this shape, if the layer can do it while it writes; nobody keeps what comes between. */
  readonly epilogue: ((shape: Shape) => Following | undefined) | undefined;
}

/** What the next one or two layers do. */
type Following = Epilogue<never> & { readonly layers: number };

const NOTHING: Offer = { rectify: false, overwrite: false, rectified: false, epilogue: undefined };

interface Link {
  forward(x: Tensor): Tensor;
  /**
   * Of layers that a convolution can do while it writes: what they do to an output of this shape, if need be to one of
   * any shape; undefined where this one does more, as one that extends such a layer may. Throws what forward would.
   */
  epilogue?(shape?: Shape): Epilogue<never> | undefined;
  /** Whether it gives maxima of its input and no more. */
  readonly givesMaxima?: boolean;
}

let offered: { readonly to: object; readonly offer: Offer } | undefined;
/** The last output that its layer gave away. */
let given: Gift | undefined;

interface Gift {
  readonly by: object;
  readonly y: Tensor;
  readonly rectified: boolean;
  /** How many of the layers that follow have been done. */
  readonly done: number;
}

/**
 * What the Sequential that runs `layer` offers it; asked at the start of `compute`, its class's own. A class that extends
 * it and has another is offered nothing, for it may read, keep or change what its parent's computes.
 */
export function offerTo(layer: object, compute: unknown): Offer {
  return offered?.to === layer && isOwn(layer, compute) ? offered.offer : NOTHING;
}

function isOwn(layer: object, compute: unknown): boolean {
  return (layer as { readonly compute?: unknown }).compute === compute;
}

/**
 * Gives away an output that `layer` has just made in `compute`, its class's own, and does not read again, in no backward
 * either unless it keeps it whole. `rectified`: what the offer was; `done`: how many of the layers that follow.
 */
export function give(
  layer: object,
  compute: unknown,
  y: Tensor,
  { rectified = false, done = 0 }: { readonly rectified?: boolean; readonly done?: number } = {},
): Tensor {
  if (offered?.to === layer && isOwn(layer, compute)) given = { by: layer, y, rectified, done };
  return y;
}

/** The output, if it is this layer's and was given away. */
function givenBy(layer: object, y: Tensor): Gift | undefined {
  return given?.by === layer && given.y === y ? given : undefined;
}

/** Runs the layers one after the other, for the container `chain` in its class's own `compute`. */
export function forwardInChain(chain: object, compute: unknown, layers: readonly Link[], x: Tensor): Tensor {
  const outer = offered;
  const { caching } = engine();
  let y = x;
  let own: Gift | undefined;
  try {
    for (let i = 0; i < layers.length; i += 1 + (own?.done ?? 0)) {
      const layer = layers[i] as Link;
      const offer = {
        rectify: rectifies(layers[i + 1]),
        overwrite: own !== undefined && !caching,
        rectified: own?.rectified === true,
        epilogue: caching ? undefined : (shape: Shape) => epilogueOf(layers[i + 1], layers[i + 2], shape),
      };
      offered = { to: layer, offer };
      y = layer.forward(y);
      own = givenBy(layer, y);
    }
  } finally {
    offered = outer;
    given = undefined;
  }
  return own ? give(chain, compute, y) : y;
}

/**
 * The layers as they run where a backward follows: a ReLU comes behind the max pooling that it is before. Output and
 * gradient have the same bits as in the other order, and the ReLU looks at fewer numbers, twice.
 */
export function trainingOrder<L extends Link>(layers: readonly L[]): readonly L[] {
  const order = [...layers];
  for (const [i, pooling] of layers.entries()) {
    const before = layers[i - 1];
    if (before && pooling.givesMaxima && rectifies(before)) order.splice(i - 1, 2, pooling, before);
  }
  return order;
}

/** Whether the layer is a ReLU and no more. */
function rectifies(layer: Link | undefined): boolean {
  return layer?.epilogue?.()?.activation === RELU;
}

/** What the next two layers do where one pass can do it: a norm, an activation, or both in this order. */
function epilogueOf(first: Link | undefined, second: Link | undefined, shape: Shape): Following | undefined {
  const start = first?.epilogue?.(shape);
  if (!start) return undefined;
  const end = start.norm && second?.epilogue?.();
  return { ...start, ...end, layers: end ? 2 : 1 };
}
