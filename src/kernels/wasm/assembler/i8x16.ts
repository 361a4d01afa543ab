/** Instructions on vectors of sixteen 8-bit integers. */
import { type Expr, expression } from "./expression.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("i:v", 15);
export const allTrue = /* @__PURE__ */ simd("v:i", 99);
export const bitmask = /* @__PURE__ */ simd("v:i", 100);
export const eq = /* @__PURE__ */ simd("vv:v", 35);
export const add = /* @__PURE__ */ simd("vv:v", 110);
export const sub = /* @__PURE__ */ simd("vv:v", 113);
export const swizzle = /* @__PURE__ */ simd("vv:v", 14);
/** Sixteen bytes of a (0–15) and b (16–31), chosen by constants. */
export const shuffle = (a: Expr<"v128">, b: Expr<"v128">, bytes: readonly number[]): Expr<"v128"> =>
  expression("v128", [a, b], [SIMD, 13, ...bytes]);
