/** Measuring and bounding gradients. From the reference: norms other than the Euclidean one. */

import { arrayOf } from "../../tensor/storage.js";
import type { GradientKernels } from "../gradient.js";
import { referenceGradient } from "../reference/gradient.js";
import { mul, neg, pmax, pmin } from "./assembler/f32x4.js";
import * as f64x2 from "./assembler/f64x2.js";
import { doubles, rowKernel } from "./elementwise/rows.js";
import { run, runSum } from "./elementwise/run.js";

/** In double precision, where no square overflows. */
const squares = /* @__PURE__ */ rowKernel({ arrays: ["g"], sums: 1 }, ({ g }, _, addUp) => {
  const [low, high] = doubles(g.get());
  addUp([f64x2.mul(low, low), f64x2.mul(high, high)]);
});
const scale = /* @__PURE__ */ rowKernel({ arrays: ["g"], numbers: ["by"] }, ({ g }, { by }) => g.set(mul(g.get(), by)));
const clamp = /* @__PURE__ */ rowKernel({ arrays: ["g"], numbers: ["limit"] }, ({ g }, { limit }) =>
  g.set(pmin(pmax(g.get(), neg(limit)), limit)),
);

export const wasmGradient: GradientKernels = {
  powerSum: (g, exponent) => (exponent === 2 ? runSum(squares, [g]) : referenceGradient.powerSum(arrayOf(g), exponent)),
  maxAbs: (g) => referenceGradient.maxAbs(arrayOf(g)),
  scale(g, factor) {
    run(scale, [g], factor);
  },
  clamp(g, limit) {
    run(clamp, [g], limit);
  },
};
