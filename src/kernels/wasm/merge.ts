/** Sum of branches. Copies are the reference's: the engine's own copy of bytes is as fast. */
import type { MergeKernels } from "../interface/merge.js";
import { referenceMerge } from "../reference/merge.js";
import { f32x4 } from "./assembler/instructions.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";

const add = rowKernel({ arrays: ["a", "b", "y"] }, ({ a, b, y }) => y.set(f32x4.add(a.get(), b.get())));

export const wasmMerge: MergeKernels = {
  add(a, b, y) {
    run(add, [a, b, y]);
  },
  copy: referenceMerge.copy,
};
