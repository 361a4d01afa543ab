/** Sum of branches. */
import type { MergeKernels } from "../merge.js";
import * as f32x4 from "./assembler/f32x4.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";

const add = /* @__PURE__ */ rowKernel({ arrays: ["a", "b", "y"], numbers: ["min"] }, ({ a, b, y }, { min }) =>
  y.set(f32x4.max(f32x4.add(a.get(), b.get()), min)),
);

export const wasmMerge: MergeKernels = {
  add(a, b, y, relu) {
    run(add, [a, b, y], relu ? 0 : -Infinity);
  },
};
