/** What a model's convolutions and matrix products cost, how they are computed, and how fast they can be at most. */

import { Layer, type Network } from "../graph/layer.js";
import { backendName, backendReason } from "../kernels/backend.js";
import type { Direction } from "../kernels/conv.js";
import type { Roofline } from "../kernels/roofline.js";
import type { Describe, Described } from "../kernels/wasm/conv/algorithm.js";
import { describeWinograd } from "../kernels/wasm/conv/winograd.js";
import { describeWinogradRows } from "../kernels/wasm/conv/winograd-rows.js";
import { algorithmOf } from "../kernels/wasm/conv.js";
import { measureRoofline } from "../kernels/wasm/roofline.js";
import { checkInstance, checkPositive, readOptions } from "../shape/check.js";
import { type ConvGeometry, type ConvSettings, convGeometry, paddedGeometry } from "../shape/conv.js";
import { convTransposeGeometry } from "../shape/conv-transpose.js";
import { checkExtents } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { ConvTranspose2d } from "./conv-transpose2d.js";
import { Convolution } from "./convolution.js";
import { type InputShapes, type Leaf, leavesOf, listOf, printed, showShapes, showTable } from "./report.js";

/** One direction of one layer. */
export interface ExplainedPass {
  /**
   * `"im2col"`: products with patches that are packed; `"winograd 4×4"` (or 2×2, 3×3, 5×5): Winograd's minimal
   * filtering by tiles of this many outputs; `"winograd 1×5, chwn"`: by tiles of a row, in the layout CHWN, where the same
   * pixel of all images of a batch lies side by side; `"direct, chwn"`: in that layout without packing;
   * `"direct, sliding filters"`: in place without packing;
   * `"matrix product"`; `"reference"`: plain loops.
   */
  readonly algorithm: string;
  /** Floating-point operations of the definition, two a multiply-add, whichever algorithm computes it. */
  readonly flop: number;
  /** Bytes that are read or written at least: both operands and the result, each once. */
  readonly bytes: number;
  /** flop / bytes */
  readonly intensity: number;
  /**
   * The roofline: flop per second at most, the lesser of peak · saving and intensity · bandwidth. Winograd saves
   * multiplications, for 3×3 kernels 4 (by 4×4) or 2.25 (by 2×2) to one, for 5×5 at most 2.8 along rows, which lifts its
   * roof above the peak.
   */
  readonly bound: number;
  /** Which of the two it is. */
  readonly limit: "arithmetic" | "memory";
  /** bound / peak */
  readonly share: number;
}

/** One layer of an {@link Explanation}. */
export interface ExplainedLayer extends Readonly<Record<Direction, ExplainedPass>> {
  /** The layer's key in the state dict: `"layer1.0.conv1"`. */
  readonly key: string;
  /** The class's name: `Conv2d`. */
  readonly layer: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

/** What {@link explain} returns. */
export interface Explanation extends Roofline {
  readonly backend: ReturnType<typeof backendName>;
  /** Why the backend is the reference, in words; undefined where it is not. */
  readonly reason: string | undefined;
  readonly layers: readonly ExplainedLayer[];
  /** Keys of the layers whose shapes are not known, from a layer of your own without `inferShape` on; if there are any. */
  readonly unknown?: readonly string[];
  /** The table. */
  toString(): string;
}

type KnownLeaf = Leaf & { readonly inputs: readonly Shape[]; readonly output: Shape };

/** What the reference backend is taken to reach: about one multiply-add a nanosecond. */
const REFERENCE: Roofline = { peak: 2e9, bandwidth: 1e10 };

/**
 * For every layer in `model` that multiplies (convolutions, Linear): which algorithm runs for an input of this shape in
 * forward, input gradient and weight gradient, what it costs, and its share of the roofline. Nothing is computed but
 * sizes. `console.log(explain(…))` shows a table; so does `String(explain(…))`.
 *
 * The peak of one core and the bandwidth of the memory are measured by the first call, in about 0.1 s, unless they are
 * given; for the reference backend they are assumed.
 *
 * @param roofline.peak floating-point operations per second
 * @param roofline.bandwidth bytes per second
 * @throws ShapeError when the input does not fit the model; ArgumentError for a peak or bandwidth that is not above 0
 * @example
 * console.log(explain(new Conv2d(64, 64, 3, { padding: 1 }), [1, 64, 56, 56]));
 * explain(model, [1, 3, 224, 224]).layers[0]?.forward.algorithm; // "winograd 4×4"
 */
export function explain(model: Network, inputShape: InputShapes, roofline: Partial<Roofline> = {}): Explanation {
  checkInstance("explain", "its model", model, Layer);
  const inputs = listOf(inputShape);
  for (const shape of inputs) checkExtents("explain", shape);
  const given = readOptions("explain", roofline, { peak: undefined, bandwidth: undefined });
  for (const option of ["peak", "bandwidth"] as const) {
    if (given[option] !== undefined) checkPositive("explain", option, given[option]);
  }
  const backend = backendName();
  const { leaves } = leavesOf(model, inputs);
  const { peak, bandwidth } = { ...(isWhole(roofline) ? roofline : standard(backend)), ...roofline };
  const layers = leaves
    .filter(isKnown)
    .filter(({ multiplyAdds }) => multiplyAdds > 0)
    .map((leaf) => explained(leaf, backend === "reference", { peak, bandwidth }));
  const unknown = leaves.filter((leaf) => !isKnown(leaf)).map(({ key }) => key);
  const reason = backendReason();
  const facts = { backend, reason, peak, bandwidth, layers, ...(unknown.length > 0 && { unknown }) };
  return printed(facts, () => render(`${model.name}, input ${showShapes(inputShape)}`, facts));
}

function isKnown(leaf: Leaf): leaf is KnownLeaf {
  return leaf.inputs !== undefined && leaf.output !== undefined;
}

function isWhole(roofline: Partial<Roofline>): roofline is Roofline {
  return roofline.peak !== undefined && roofline.bandwidth !== undefined;
}

function standard(backend: Explanation["backend"]): Roofline {
  return backend === "reference" ? REFERENCE : measureRoofline(backend === "wasm-simd" ? "plain" : "relaxed");
}

function explained(leaf: KnownLeaf, reference: boolean, { peak, bandwidth }: Roofline) {
  const { key, name, layer, inputs, output } = leaf;
  const [input = []] = inputs;
  const flop = 2 * leaf.multiplyAdds;
  const weights = layer && new Map(layer.namedParameters()).get("weight")?.value.shape;
  // Whichever direction: two of the three are read, the third is written.
  const bytes = 4 * [...inputs, output, weights ?? []].reduce((sum, shape) => sum + sizeOf(shape), 0);
  const pass = (direction: Direction): ExplainedPass => {
    const { algorithm, saving } = reference
      ? { algorithm: "reference", saving: 1 }
      : described(layer, input, direction);
    const [arithmetic, memory] = [peak * saving, (flop / bytes) * bandwidth];
    const bound = Math.min(arithmetic, memory);
    const limit = memory < arithmetic ? "memory" : "arithmetic";
    return { algorithm, flop, bytes, intensity: flop / bytes, bound, limit, share: bound / peak };
  };
  return {
    key,
    layer: name,
    inputShape: input,
    outputShape: output,
    forward: pass("forward"),
    inputGradient: pass("inputGradient"),
    weightGradient: pass("weightGradient"),
  };
}

function described(layer: Layer | undefined, input: Shape, direction: Direction): Described {
  if (layer instanceof Convolution) {
    return describe(geometryOf(layer, input), direction);
  }
  if (layer instanceof ConvTranspose2d) {
    const adjoint = { forward: "inputGradient", inputGradient: "forward", weightGradient: "weightGradient" } as const;
    return describe(convTransposeGeometry(layer, input), adjoint[direction]);
  }
  return { algorithm: "matrix product", saving: 1 };
}

/** Algorithms whose names do not say all. */
const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  winograd: describeWinograd,
  "winograd rows": describeWinogradRows,
};

const describe: Describe = (g, direction) => {
  const { name } = algorithmOf(g, direction);
  return DESCRIPTIONS[name]?.(g, direction) ?? { algorithm: name, saving: 1 };
};

/** As the layer's compute has it: other modes than zeros are padded before. */
function geometryOf(settings: ConvSettings, input: Shape): ConvGeometry {
  const g = convGeometry(settings, input);
  return settings.paddingMode === "zeros" ? g : paddedGeometry(g, settings);
}

function render(title: string, facts: Omit<Explanation, "toString">): string {
  const { backend, reason, peak, bandwidth, layers, unknown } = facts;
  const header = ["key", "layer", "output shape", "direction", "algorithm"];
  const numbers = ["Mflop", "MB", "flop/byte", "GFLOP/s at most", "of the peak"];
  const rows = layers.flatMap((layer) =>
    alike(layer).map(([directions, { algorithm, flop, bytes, intensity, bound, limit, share }], i) => [
      ...(i === 0 ? [layer.key, layer.layer, showShape(layer.outputShape)] : ["", "", ""]),
      ...[directions, algorithm],
      ...[(flop / 1e6).toFixed(1), (bytes / 1e6).toFixed(2), intensity.toFixed(1), (bound / 1e9).toFixed(0)],
      `${(100 * share).toFixed(0)} %${limit === "memory" ? ", memory" : ""}`,
    ]),
  );
  const roof = `${(peak / 1e9).toFixed(0)} GFLOP/s, ${(bandwidth / 1e9).toFixed(0)} GB/s`;
  return [
    `${title}, ${backend}: at most ${roof}`,
    ...(reason === undefined ? [] : [`reference, for ${reason}.`]),
    ...showTable([...header, ...numbers], rows, header.length),
    ...(unknown
      ? [`not explained, because a layer without inferShape has no shape before it runs: ${unknown.join(", ")}`]
      : []),
  ].join("\n");
}

/** Directions with the same algorithm are one line. */
function alike({ forward, inputGradient, weightGradient }: ExplainedLayer): [directions: string, ExplainedPass][] {
  const [y, dx, dw] = [forward, inputGradient, weightGradient].map(({ algorithm }) => algorithm);
  if (dx === dw)
    return y === dx
      ? [["all", forward]]
      : [
          ["forward", forward],
          ["gradients", inputGradient],
        ];
  const last: [string, ExplainedPass] = ["weight gradient", weightGradient];
  if (y === dx) return [["forward, input gradient", forward], last];
  return [["forward", forward], ["input gradient", inputGradient], last];
}
