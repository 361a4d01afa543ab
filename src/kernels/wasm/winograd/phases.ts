/**
 * A convolution of stride 2 is one of stride 1 by filters of half the size over the four phases of its padded input:
 * pixels and taps of even and of odd rows and columns are channels of their own,
 *
 *     y[o] = Σ over taps of w[tap]·x[2·o + tap] = Σ over phases p, Σ over i of w[2·i + p]·x[2·(o + i) + p]
 *
 * (and the same along the other dimension). Where a filter has an odd number of taps, the odd phases have one fewer: the last
 * of them is 0, and so is all of the transformed filter's last row or column. The order of the phases is such that those
 * which count there are neighbors.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { advance, forRange, when } from "../assembler/control.js";
import { type Expr, type Local, local } from "../assembler/expression.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import * as v128 from "../assembler/v128.js";
import { lazy } from "../elementwise/compile.js";
import { memory, scratch } from "../memory.js";
import type { Task } from "../task.js";
import { TAP_BYTES } from "./filter.js";
import type { Problem } from "./plan.js";

/** Rows and columns of a phase are the even (0) or the odd ones (1). */
export const PHASES = [
  [0, 1],
  [0, 0],
  [1, 0],
  [1, 1],
] as const;

/** Channels of a phase where some have fewer taps than others, else 0: `partial` of product.ts. */
export function partialChannels({ channels, kernel, stride }: Problem): number {
  return stride === 2 && kernel % 2 === 1 ? channels / PHASES.length : 0;
}

/** Where in scratch it stands which weights are the taps of a strided problem's filters, phase by phase; 0 for others. */
export function tapsTable({ kernel, stride, taps }: Problem): number {
  if (stride === 1) return 0;
  const table = scratch(TAP_BYTES * PHASES.length * taps * taps);
  const words = new Int32Array(memory().buffer, table);
  let at = 0;
  for (const [row, column] of PHASES) {
    for (let i = row; i < row + 2 * taps; i += 2) {
      for (let j = column; j < column + 2 * taps; j += 2) {
        const there = i < kernel && j < kernel;
        words[at++] = there ? 4 * (i * kernel + j) : 0;
        words[at++] = there ? -1 : 0;
      }
    }
  }
  return table;
}

/** `split` of one map into its phases, with zeros around. Rows and columns beyond those of the phases are not given. */
const splitKernel = /* @__PURE__ */ lazy(
  () => (x, height, rowBytes, bytes, top, left, to, phase, planeBytes, outBytes) => {
    const start = local(to);
    const last = local(i32.sub(planeBytes, 16));
    for (let i = 0; i < PHASES.length; i++) {
      forRange(0, last, 16, (at) => v128.store(i32.add(start, at), i32x4.splat(0)));
      v128.store(i32.add(start, last), i32x4.splat(0));
      advance(start, phase);
    }
    const whole = local(i32.and(bytes, -32));
    forRange(0, height, 1, (i) => {
      const row = local(i32.add(i, top));
      const odd = local(i32.and(row, 1));
      const line = i32.add(i32.mul(phase, i32.shl(odd, 1)), i32.mul(outBytes, i32.shrU(row, 1)));
      const first = local(i32.add(to, line));
      /** Where every second column goes, from this one of the padded image on. */
      const columns = (column: Expr<"i32">): Local<"i32"> => {
        const at = local(column);
        // PHASES: of even rows the odd columns come first, of odd rows the even ones.
        const second = i32.eq(i32.and(at, 1), odd);
        return local(i32.add(first, i32.add(i32.mul(phase, second), i32.shl(i32.shrU(at, 1), 2))));
      };
      const [evens, odds] = [columns(left), columns(i32.add(left, 1))];
      const from = local(x);
      forRange(0, whole, 32, () => {
        const [a, b] = [local(v128.load(from)), local(v128.load(from, 16))];
        v128.store(evens, i32x4.shuffle(a, b, [0, 2, 4, 6]));
        v128.store(odds, i32x4.shuffle(a, b, [1, 3, 5, 7]));
        advance(from, 32);
        advance(evens, 16);
        advance(odds, 16);
      });
      forRange(whole, bytes, 8, (at) => {
        i32.store(evens, i32.load(from));
        when(i32.ltU(i32.add(at, 4), bytes), () => i32.store(odds, i32.load(from, 4)));
        advance(from, 8);
        advance(evens, 4);
        advance(odds, 4);
      });
      advance(x, rowBytes);
    });
  },
);

/** Writes the phases of x with their padding, as the images of the problem: [image, phase, channel, row, column]. A part is a map. */
export function splitTask(problem: Problem, g: ConvGeometry, x: number, phases: number): Task {
  const { inChannels, height, width, paddingTop: top, paddingLeft: left } = g;
  const { height: outHeight, width: outWidth } = problem;
  const plane = 4 * outHeight * outWidth;
  const rows = Math.min(height, 2 * outHeight - top);
  const columns = Math.min(width, 2 * outWidth - left);
  return {
    parts: g.batch * inChannels,
    run(from, to) {
      for (let map = from; map < to; map++) {
        const channel = map % inChannels;
        splitKernel()(
          ...[x + 4 * map * height * width, rows, 4 * width, 4 * columns, top, left],
          ...[phases + plane * (PHASES.length * (map - channel) + channel), plane * inChannels, plane, 4 * outWidth],
        );
      }
    },
  };
}
