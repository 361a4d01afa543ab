/** The roofline: a loop that does nothing but multiply and add four float32 lanes at a time. */
import { advance, block, brIf, loop } from "../src/kernels/wasm/assembler/control.js";
import { local, locals } from "../src/kernels/wasm/assembler/expression.js";
import { type Flavour, multiplyAdd } from "../src/kernels/wasm/assembler/flavour.js";
import { i32, v128 } from "../src/kernels/wasm/assembler/instructions.js";
import { ModuleBuilder } from "../src/kernels/wasm/assembler/module.js";
import { TILE } from "../src/kernels/wasm/gemm/multiply.js";

/** One run of the loop, and its floating-point operations. Its sums are a tile of the product, so that none waits for another. */
export function peakKernel(flavour: Flavour): { readonly run: () => void; readonly flops: number } {
  const madd = multiplyAdd(flavour);
  const { rows, vectors } = TILE[flavour];
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("peak", { rounds: "i32", at: "i32" }, ({ rounds, at }) => {
    const left = locals("v128", vectors);
    const sums = locals("v128", rows * vectors);
    const never = local("i32", i32.eqz(at));
    for (const [i, vector] of left.entries()) vector.set(v128.load(at, 16 * i));
    block((exit) =>
      loop((again) => {
        for (let step = 0; step < 2 * rows; step++) {
          const right = local("v128", v128.load(at, 16 * step));
          for (const [i, vector] of left.entries()) {
            const sum = sums[vectors * (step % rows) + i]!;
            sum.set(madd(sum, vector, right));
          }
          if (step < 2 * rows - 1) brIf(exit, i32.and(never, 1 << step));
        }
        advance(rounds, -1);
        brIf(again, rounds);
      }),
    );
    for (const [i, sum] of sums.entries()) v128.store(at, sum, 256 + 16 * i);
  });
  const { peak } = builder.instantiate<"peak">(new WebAssembly.Memory({ initial: 1 }));
  const rounds = 20_000;
  return { run: () => peak(rounds, 1024), flops: rounds * 2 * rows * vectors * 8 };
}
