/** A pass over numbers at the speed of the memory. */
import { forRange } from "../assembler/control.js";
import { type Expr, local, locals } from "../assembler/expression.js";
import * as f32x4 from "../assembler/f32x4.js";
import * as i32 from "../assembler/i32.js";
import * as i32x4 from "../assembler/i32x4.js";
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import * as v128 from "../assembler/v128.js";
import { isShared, memory } from "../memory.js";

let compiled: Kernel | undefined;

/** The kernel `largest(x, bytes)`: the largest magnitude; NaN where there is a NaN, 0 for no numbers. */
export function largestOf(): Kernel {
  if (!compiled) {
    const builder = new ModuleBuilder({ shared: isShared() });
    largestKernel(builder);
    compiled = builder.instantiate<"largest">(memory()).largest;
  }
  return compiled;
}

/** Vectors that are read side by side. */
const VECTORS = 8;
const BLOCK = 16 * VECTORS;

function largestKernel(builder: ModuleBuilder): void {
  // Without their sign, floats and their bits have the same order, with NaN behind infinity.
  const positive = 0x7fffffff;
  builder.kernel("largest", { x: "i32", bytes: "i32" }, ({ x, bytes }) => {
    const blocks = local("i32", i32.and(bytes, -BLOCK));
    const most = locals("v128", VECTORS);
    const mask = local("v128", i32x4.splat(positive));
    forRange(0, blocks, BLOCK, (at) => {
      const from = local("i32", i32.add(x, at));
      for (const [i, vector] of most.entries()) {
        vector.set(i32x4.maxU(vector, v128.and(v128.load(from, 16 * i), mask)));
      }
    });
    const single = local("v128", i32x4.splat(0));
    forRange(blocks, bytes, 4, (at) =>
      single.set(i32x4.maxU(single, v128.and(v128.load32Splat(i32.add(x, at)), mask))),
    );
    const all = local(
      "v128",
      most.reduce<Expr<"v128">>((all, next) => i32x4.maxU(all, next), single),
    );
    const halves = local("v128", i32x4.maxU(all, i32x4.shuffle(all, all, [2, 3, 2, 3])));
    return f32x4.extractLane(0, i32x4.maxU(halves, i32x4.shuffle(halves, halves, [1, 1, 1, 1])));
  });
}
