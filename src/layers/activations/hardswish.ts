import * as scalar from "../../kernels/reference/select.js";
import { add, div, eq, gt, lt, mul } from "../../kernels/wasm/assembler/f32x4.js";
import { andnot } from "../../kernels/wasm/assembler/v128.js";
import { clamp, where } from "../../kernels/wasm/elementwise/math.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/**
 * x · (x + 3 clamped to [0, 6]) / 6. f′(−3) = −1/2. torch 1.13 takes 3 for the straight piece in whole vectors (16 floats)
 * and for the curved one in what is left over at the end, so f′(3) is 1 in the former and 3/2 in the latter; so it is here.
 */
export const hardswish = /* @__PURE__ */ activationFunction({
  numbers: ["slopeAt3"],
  remainder: { slopeAt3: 1.5 },
  f: (x, { round }) => round(x * scalar.clamp(x + 3, 0, 6)) / 6, // overflows in the array's precision, as in torch
  df(x, dy, { slopeAt3 }) {
    if (x < -3) return 0;
    if (x > 3) return dy;
    return dy * (x === 3 ? slopeAt3 : x / 3 + 0.5);
  },
  simd: {
    f: (x) => div(mul(x, clamp(add(x, 3), 0, 6)), 6),
    df(x, dy, { slopeAt3 }) {
      const slope = where(eq(x, 3), slopeAt3, add(div(x, 3), 0.5));
      return where(gt(x, 3), dy, andnot(mul(dy, slope), lt(x, -3)));
    },
  },
});

/**
 * SiLU with the sigmoid in straight pieces: `[…]` → `[…]`.
 *
 *     y = 0 for x ≤ −3, x for x ≥ 3, else x · (x + 3) / 6
 *
 * The slope at −3 is −1/2. At exactly 3 it is what torch 1.13 gives: 1, but 3/2 among the last (size modulo 16) elements.
 * Source: Howard et al. 2019, https://arxiv.org/abs/1905.02244
 *
 * @example
 * const act = new Hardswish();
 * act.forward(tensor([-4, 1, 4])); // [0, 0.6667, 4]
 */
export class Hardswish extends Activation<"slopeAt3"> {
  override readonly name: string = "Hardswish";

  constructor(...none: []) {
    super(hardswish, { slopeAt3: 1 });
    checkNone("Hardswish", none);
  }
}
