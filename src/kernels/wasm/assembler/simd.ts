/** The two kinds of SIMD that kernels are generated in. */
import type { Simd } from "../../simd.js";
import type { Expr, Operand } from "./expression.js";
import * as f32x4 from "./f32x4.js";
import { instance, ModuleBuilder } from "./module.js";

export type { Simd };

/** acc + a·b of four float32 lanes. */
export function multiplyAdd(
  simd: Simd,
): (acc: Operand<"v128">, a: Operand<"v128">, b: Operand<"v128">) => Expr<"v128"> {
  if (simd === "relaxed") return (acc, a, b) => f32x4.relaxedMadd(a, b, acc);
  return (acc, a, b) => f32x4.add(acc, f32x4.mul(a, b));
}

/** Whether this platform has this kind of SIMD; by asking it, never by its version. It may forbid compiling all the same. */
export function supports(simd: Simd): boolean {
  return WebAssembly.validate(probe(simd));
}

/** Makes an instance of a tiny module. @throws what the platform throws where it lacks this kind of SIMD, or forbids it. */
export function runProbe(simd: Simd, memory: WebAssembly.Memory, shared: boolean): void {
  instance(probe(simd, shared), memory);
}

function probe(simd: Simd, shared = false): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder({ shared });
  builder.function({ a: "v128" }, ({ a }) => multiplyAdd(simd)(a, a, a));
  return builder.bytes();
}
