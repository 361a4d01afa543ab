import type { DropoutKernels } from "../dropout.js";
import * as f32x4 from "./assembler/f32x4.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";
import { place, view } from "./memory.js";

const multiply = /* @__PURE__ */ rowKernel({ arrays: ["mask", "x", "y"] }, ({ mask, x, y }) =>
  y.set(f32x4.mul(mask.get(), x.get())),
);
const scale = /* @__PURE__ */ rowKernel({ arrays: ["x", "y"], numbers: ["by"] }, ({ x, y }, { by }) =>
  y.set(f32x4.mul(x.get(), by)),
);

export const wasmDropout: DropoutKernels = {
  scaleRows(outer, inner, mask, x, y) {
    if (inner === 1) {
      run(multiply, [mask, x, y]);
      return;
    }
    const [from, to, numbers] = place(x, y, mask);
    const factors = view(numbers, outer);
    for (let i = 0; i < outer; i++) scale()(1, 0, inner, from + 4 * i * inner, to + 4 * i * inner, factors[i]!);
  },
};
