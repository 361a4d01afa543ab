/** The two flavours of SIMD that kernels are generated in. */
import type { Flavour } from "../../interface/flavour.js";
import type { Expr, Operand } from "./expression.js";
import * as f32x4 from "./f32x4.js";
import { instance, ModuleBuilder } from "./module.js";

export type { Flavour };

/** acc + a·b of four float32 lanes. */
export function multiplyAdd(
  flavour: Flavour,
): (acc: Operand<"v128">, a: Operand<"v128">, b: Operand<"v128">) => Expr<"v128"> {
  if (flavour === "relaxed") return (acc, a, b) => f32x4.relaxedMadd(a, b, acc);
  return (acc, a, b) => f32x4.add(acc, f32x4.mul(a, b));
}

/** Whether this platform knows the flavour; by asking it, never by its version. It may forbid compiling all the same. */
export function supports(flavour: Flavour): boolean {
  return WebAssembly.validate(probe(flavour));
}

/** Makes an instance of a tiny module. @throws what the platform throws where it does not know the flavour, or forbids it. */
export function runProbe(flavour: Flavour, memory: WebAssembly.Memory, shared: boolean): void {
  instance(probe(flavour, shared), memory);
}

function probe(flavour: Flavour, shared = false): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder({ shared });
  builder.function({ a: "v128" }, ({ a }) => multiplyAdd(flavour)(a, a, a));
  return builder.bytes();
}
