/** What the compiler knows of networks for images: the channels that they take, the classes that they tell apart. */
import type { Input, Value } from "../graph/value.js";
import type { Conv2d } from "../layers/conv2d.js";
import type { ChainRule } from "../shape/chain.js";
import type { Named } from "../shape/named.js";
import type { Apply, AsNumber, Option, OptionsOf, ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";

/** `[N, numClasses, H, W]` for images of the right channels, or the sentence that says why not; else any shape. */
type PixelScores<Options, In, Channels extends number, Classes extends number> = In extends readonly [
  number,
  number,
  number,
  number,
]
  ? Apply<
      ChainRule<
        readonly [
          Conv2d<
            AsNumber<Option<Options, "inChannels", Channels>>,
            AsNumber<Option<Options, "numClasses", Classes>>,
            1
          >,
        ]
      >,
      In
    >
  : Shape;

/** Of a classifier: `[N, inChannels, H, W]` → `[N, numClasses]`, whatever the size of the images. */
export interface ClassifierRule<Options extends readonly unknown[]> extends ShapeRule {
  readonly of?: Options;
  readonly natural: readonly [number, number, number, number];
  readonly out: unknown extends this["in"]
    ? unknown
    : PixelScores<OptionsOf<Options>, this["in"], 3, 1000> extends infer Scores
      ? Scores extends readonly [infer N, infer K, number, number]
        ? readonly [N, K]
        : Scores
      : never;
}

/** Of a network that scores each pixel: `[N, inChannels, H, W]` → `[N, numClasses, H, W]`. */
export interface SegmentationRule<Options extends readonly unknown[], Channels extends number, Classes extends number>
  extends ShapeRule {
  readonly of?: Options;
  readonly natural: readonly [number, number, number, number];
  readonly out: unknown extends this["in"] ? unknown : PixelScores<OptionsOf<Options>, this["in"], Channels, Classes>;
}

/**
 * Of a classifier with auxiliary ones: its scores under `logits` and theirs under these names, or its scores alone where
 * the option `auxLogits` is false.
 */
export interface AuxiliaryRule<Who extends string, Options extends readonly unknown[], Names extends string> {
  readonly name: Who;
  compose(
    x: Input<["N", AsNumber<Option<OptionsOf<Options>, "inChannels", 3>>, "H", "W"]>,
  ): Option<OptionsOf<Options>, "auxLogits", true> extends false
    ? Scores<Options>
    : { readonly [Name in Names | "logits"]: Scores<Options> };
}

type Scores<Options extends readonly unknown[]> = Value<
  Named<["N", AsNumber<Option<OptionsOf<Options>, "numClasses", 1000>>]>
>;

/** {@link SegmentationRule}; where the option `auxLoss` is true, two such scores, `out` and those of an auxiliary classifier. */
export type AuxiliaryPixelRule<Who extends string, Options extends readonly unknown[]> =
  Option<OptionsOf<Options>, "auxLoss", false> extends true
    ? {
        readonly name: Who;
        compose(x: Input<["N", AsNumber<Option<OptionsOf<Options>, "inChannels", 3>>, "H", "W"]>): {
          readonly [Name in "out" | "aux"]: Value<
            Named<["N", AsNumber<Option<OptionsOf<Options>, "numClasses", 21>>, "H", "W"]>
          >;
        };
      }
    : SegmentationRule<Options, 3, 21>;
