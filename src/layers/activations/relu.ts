import { select } from "../../kernels/reference/select.js";
import { le, pmax } from "../../kernels/wasm/assembler/f32x4.js";
import { andnot } from "../../kernels/wasm/assembler/v128.js";
import { activationFunction } from "../../ops/activation.js";
import { checkNone } from "../../shape/check.js";
import { Activation } from "../activation.js";

/** max(x, 0). f′(0) = 0, f′(NaN) = 1, as torch 1.13 has them here and in the other files. */
export const relu = /* @__PURE__ */ activationFunction({
  readsOutput: true,
  f: (x) => select(x < 0, 0, x),
  df: (y, dy) => select(y <= 0, 0, dy),
  simd: {
    f: (x) => pmax(x, 0),
    df: (y, dy) => andnot(dy, le(y, 0)),
  },
});

/**
 * The rectifier: `[…]` → `[…]`.
 *
 *     y = max(x, 0)        dx = dy where y > 0, else 0 (also at 0)
 *
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 *
 * @example
 * const relu = new ReLU();
 * relu.forward(tensor([-1, 0, 2])); // [0, 0, 2]
 */
export class ReLU extends Activation {
  override readonly name: string = "ReLU";

  constructor(...none: []) {
    super(relu, {});
    checkNone("ReLU", none);
  }

  /** @internal What a convolution before it can do in its stead. */
  finishing() {
    return this.constructor === ReLU ? { least: 0 } : undefined;
  }
}
