/**
 * A convolution of stride 2 is one of stride 1 by filters of half the size over the four phases of its padded input:
 * pixels and taps of even and of odd rows and columns are channels of their own,
 *
 *     y[o] = Σ over taps of w[tap]·x[2·o + tap] = Σ over phases p, Σ over i of w[2·i + p]·x[2·(o + i) + p]
 *
 * (and the same along the other axis). Where a filter has an odd number of taps, the odd phases have one fewer: the last
 * of them is 0, and so is all of the transformed filter's last row or column. The order of the phases is such that those
 * which count there are neighbours.
 */
import type { ConvGeometry } from "../../../shape/conv.js";
import { advance, brIf, forRange, loop, when } from "../assembler/control.js";
import { local } from "../assembler/expression.js";
import { i32, i32x4, v128 } from "../assembler/instructions.js";
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";
import type { Task } from "../task.js";
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

/** Writes which weights are the taps of a problem's filters, phase by phase, for filter-table.ts. */
export function writeTaps({ kernel, stride, taps, turned }: Problem, words: Int32Array): void {
  let at = 0;
  for (const [row, column] of stride === 2 ? PHASES : ([[0, 0]] as const)) {
    for (let i = row; i < row + stride * taps; i += stride) {
      for (let j = column; j < column + stride * taps; j += stride) {
        const tap = i * kernel + j;
        const there = i < kernel && j < kernel;
        words[at++] = there ? 4 * (turned ? kernel * kernel - 1 - tap : tap) : 0;
        words[at++] = there ? -1 : 0;
      }
    }
  }
}

let compiled: Kernel | undefined;

/** `split`: every second row of an image, cut into its columns of even and of odd index. */
function splitKernel(): Kernel {
  if (!compiled) {
    const builder = new ModuleBuilder({ shared: isShared() });
    builder.kernel(
      "split",
      {
        ...({ x: "i32", rowBytes: "i32", rows: "i32", bytes: "i32", even: "i32", odd: "i32" } as const),
        outBytes: "i32",
      },
      ({ x, rowBytes, rows, bytes, even, odd, outBytes }) => {
        const whole = local("i32", i32.and(bytes, -32));
        loop((again) => {
          const [from, evens, odds] = [local("i32", x), local("i32", even), local("i32", odd)];
          forRange(0, whole, 32, () => {
            const [a, b] = [local("v128", v128.load(from)), local("v128", v128.load(from, 16))];
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
          advance(even, outBytes);
          advance(odd, outBytes);
          advance(rows, -1);
          brIf(again, rows);
        });
      },
    );
    compiled = builder.instantiate<"split">(memory()).split;
  }
  return compiled;
}

/** Writes the phases of x with their padding, as the images of the problem: [image, phase, channel, row, column]. A part is a map. */
export class Split implements Task {
  readonly parts: number;

  constructor(
    private readonly problem: Problem,
    private readonly g: ConvGeometry,
    private readonly x: number,
    private readonly phases: number,
  ) {
    this.parts = (problem.batch * problem.channels) / PHASES.length;
  }

  run(from: number, to: number): void {
    const { height, width, paddingTop: top, paddingLeft: left } = this.g;
    const channels = this.problem.channels / PHASES.length;
    const [outHeight, outWidth] = [this.problem.height, this.problem.width];
    const floats = new Float32Array(memory().buffer);
    const plane = outHeight * outWidth;
    const split = splitKernel();
    /** Where the map's phase lies. */
    const at = (map: number, row: number, column: number): number => {
      const phase = PHASES.findIndex(([i, j]) => i === row && j === column);
      const channel = map % channels;
      return this.phases + 4 * plane * ((map - channel) * PHASES.length + phase * channels + channel);
    };
    const columns = Math.min(width, 2 * outWidth - left);
    for (let map = from; map < to; map++) {
      for (let row = 0; row < 2; row++) {
        // Pixel (i, j) of x is pixel (i + top, j + left) of the padded one.
        const first = (row + top) % 2;
        const rows = Math.ceil((Math.min(height, 2 * outHeight - top) - first) / 2);
        const [even, odd] = [left, left + 1].map((column) => {
          const phase = at(map, row, column % 2);
          floats.fill(0, phase / 4, phase / 4 + plane);
          return phase + 4 * (((first + top) >> 1) * outWidth + (column >> 1));
        }) as [number, number];
        const x = this.x + 4 * (map * height + first) * width;
        if (rows > 0) split(x, 8 * width, rows, 4 * columns, even, odd, 4 * outWidth);
      }
    }
  }
}
