/** Instructions on vectors of sixteen 8-bit integers. */
import { type Expr, expression } from "./expression.js";
import { SIMD } from "./instructions.js";

/** Sixteen bytes of a (0–15) and b (16–31), chosen by constants. */
export const shuffle = (a: Expr<"v128">, b: Expr<"v128">, bytes: readonly number[]): Expr<"v128"> =>
  expression("v128", [a, b], [SIMD, 13, ...bytes]);
