/** PReLU, channel by channel over the batch. */
import type { DimGeometry } from "../../shape/dim.js";
import type { Operand } from "../../tensor/storage.js";
import type { PReLUKernels } from "../prelu.js";
import { gt, mul } from "./assembler/f32x4.js";
import * as v128 from "./assembler/v128.js";
import { keep, where } from "./elementwise/math.js";
import { rowKernel } from "./elementwise/rows.js";

import { addressesOf, view } from "./memory.js";

/** to = from · (x > 0 ? 1 : slope) */
const bend = /* @__PURE__ */ rowKernel(
  { arrays: ["x", "from", "to"], numbers: ["slope"] },
  ({ x, from, to }, { slope }) => to.set(mul(from.get(), where(gt(x.get(), 0), 1, slope))),
);
const slopeGradient = /* @__PURE__ */ rowKernel({ arrays: ["x", "dy"], sums: 1 }, ({ x, dy }, _, addUp) => {
  const value = keep(x.get());
  addUp(v128.andnot(mul(value, dy.get()), gt(value, 0)));
});

export const wasmPReLU: PReLUKernels = {
  forward: (g, x, weight, y) => bendAll(g, x, weight, x, y),
  inputGradient: bendAll,

  weightGradient({ outer, size, inner }, x, dy, dweight) {
    const [input, from, to] = addressesOf(x, dy, dweight);
    const dslopes = view(to, size);
    for (let c = 0; c < size; c++) {
      const skip = 4 * c * inner;
      dslopes[c]! += slopeGradient()(outer, 4 * size * inner, inner, input + skip, from + skip);
    }
  },
};

function bendAll(g: DimGeometry, x: Operand, weight: Operand, from: Operand, to: Operand): void {
  const { outer, size, inner } = g;
  const [numbers, ...offsets] = addressesOf(weight, x, from, to);
  const slopes = view(numbers, size);
  for (let c = 0; c < size; c++) {
    bend()(outer, 4 * size * inner, inner, ...offsets.map((offset) => offset + 4 * c * inner), slopes[c]!);
  }
}
