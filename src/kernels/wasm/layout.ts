/** Moving numbers by the kernels that lay out the operands of products: in rows, or four by four where two dimensions change places. */
import { eachRound, type Loops, splitLoops } from "../../tensor/loops.js";
import type { LayoutKernels } from "../layout.js";
import { rowKernel } from "./elementwise/rows.js";
import { run } from "./elementwise/run.js";
import * as gemm from "./gemm/kernels.js";
import { addressesOf } from "./memory.js";

const fill = /* @__PURE__ */ rowKernel({ arrays: ["y"], numbers: ["value"] }, ({ y }, { value }) => y.set(value));

/** Rows of this many numbers are transposed at a time: what is read stays in the first-level cache for four of them. */
const COLUMNS = 128;

export const wasmLayout: LayoutKernels = {
  copy(loops, from, fromAt, to, toAt) {
    if (loops.sizes.includes(0)) return;
    const [read, write] = addressesOf(from, to);
    const starts = [read + 4 * fromAt, write + 4 * toAt];
    const bytes = { sizes: loops.sizes, strides: loops.strides.map((own) => own.map((stride) => 4 * stride)) };
    const transposed = exchanged(bytes);
    const [outer, { sizes, strides }] = splitLoops(transposed ?? bytes, transposed ? 2 : 3);
    const [reads = [], writes = []] = strides;
    if (!transposed) {
      const [planes = 1, rows = 1, count = 1] = sizes;
      const steps = (at: number, [plane = 0, row = 0, step = 0]: readonly number[]) => [at, plane, row, step] as const;
      eachRound(outer, starts, ([source = 0, target = 0]) =>
        gemm.copy(steps(source, reads), steps(target, writes), planes, rows, count),
      );
      return;
    }
    const [rows = 1, columns = 1] = sizes;
    const [[, fromRow = 0], [toRow = 0]] = [reads, writes];
    eachRound(outer, starts, ([source = 0, target = 0]) => {
      for (let column = 0; column < columns; column += COLUMNS) {
        const read = { at: source + column * fromRow, row: fromRow };
        gemm.transpose(read, { at: target + 4 * column, row: toRow }, rows, Math.min(COLUMNS, columns - column));
      }
    });
  },

  fill(y, value) {
    run(fill, [y], value);
  },
};

/** The loops with the dimension that is contiguous in `from` right before the last, which is in `to`; undefined where it is the same one, or none. */
function exchanged({ sizes, strides }: Loops): Loops | undefined {
  const [reads = [], writes = []] = strides;
  const last = sizes.length - 1;
  const dim = reads.indexOf(4);
  if (dim < 0 || dim === last || writes[last] !== 4) return undefined;
  const moved = (list: readonly number[]) => list.toSpliced(dim, 1).toSpliced(last - 1, 0, list[dim]!);
  return { sizes: moved(sizes), strides: strides.map(moved) };
}
