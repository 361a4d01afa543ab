/** What the processor and the memory give at most, as the kernels can have it: measured by loops that do nothing else. */
import type { Roofline } from "../roofline.js";
import { advance, block, brIf, doWhile, forRange } from "./assembler/control.js";
import { local, locals } from "./assembler/expression.js";
import * as i32 from "./assembler/i32.js";
import { ModuleBuilder } from "./assembler/module.js";
import { multiplyAdd, type Simd } from "./assembler/simd.js";
import * as v128 from "./assembler/v128.js";
import { TILE } from "./gemm/multiply.js";

/** One run of a loop of multiply-adds, and its floating-point operations. Its sums are a tile of the product, so that none waits for another. */
export function peakKernel(simd: Simd): { readonly run: () => void; readonly flops: number } {
  const madd = multiplyAdd(simd);
  const { rows, vectors } = TILE[simd];
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("peak", (rounds, at) => {
    const left = locals("v128", vectors);
    const sums = locals("v128", rows * vectors);
    const never = local(i32.eqz(at));
    for (const [i, vector] of left.entries()) vector.set(v128.load(at, 16 * i));
    block((exit) =>
      doWhile(() => {
        for (let step = 0; step < 2 * rows; step++) {
          const right = local(v128.load(at, 16 * step));
          for (const [i, vector] of left.entries()) {
            const sum = sums[vectors * (step % rows) + i]!;
            sum.set(madd(sum, vector, right));
          }
          if (step < 2 * rows - 1) brIf(exit, i32.and(never, 1 << step));
        }
        advance(rounds, -1);
        return rounds;
      }),
    );
    for (const [i, sum] of sums.entries()) v128.store(at, sum, 256 + 16 * i);
  });
  const { peak } = builder.instantiate<"peak">(new WebAssembly.Memory({ initial: 1 }));
  const rounds = 20_000;
  return { run: () => peak(rounds, 1024), flops: rounds * 2 * rows * vectors * 8 };
}

/** Bytes that are read once: more than most caches hold. */
const READ = 16 << 20;

/** One run that reads {@link READ} bytes. */
function readKernel(): () => void {
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("read", (bytes) => {
    const some = locals("v128", 8);
    forRange(0, bytes, 16 * some.length, (at) => {
      for (const [i, vector] of some.entries()) vector.set(v128.or(vector, v128.load(at, 16 * i)));
    });
    for (const vector of some) v128.store(0, vector);
  });
  const memory = new WebAssembly.Memory({ initial: READ >> 16 });
  new Uint8Array(memory.buffer).fill(1);
  const { read } = builder.instantiate<"read">(memory);
  return () => read(READ);
}

const measured = new Map<Simd, Roofline>();

/** Measured once in a process, which takes about 0.1 s and, for as long, 16 MiB. */
export function measureRoofline(simd: Simd): Roofline {
  let roofline = measured.get(simd);
  if (!roofline) {
    const { run, flops } = peakKernel(simd);
    roofline = { peak: flops / best(run), bandwidth: READ / best(readKernel()) };
    measured.set(simd, roofline);
  }
  return roofline;
}

/** Seconds that a run takes at least, once it is compiled for speed. */
function best(run: () => void): number {
  const started = performance.now();
  let min = Infinity;
  for (let now = started; now - started < 20; ) {
    run();
    const end = performance.now();
    min = Math.min(min, end - now);
    now = end;
  }
  return min / 1000;
}
