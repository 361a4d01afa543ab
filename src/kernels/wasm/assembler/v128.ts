/** Instructions on vectors of 128 bits, whatever their lanes. */
import { type Expr, expression, type Operand, operand, statement } from "./expression.js";
import { access, loading, SIMD, simd, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("v128", 0, SIMD);
export const load32Splat = /* @__PURE__ */ loading("v128", 9, SIMD);
export const load32Zero = /* @__PURE__ */ loading("v128", 92, SIMD);
export const load64Zero = /* @__PURE__ */ loading("v128", 93, SIMD);
export const store = /* @__PURE__ */ storing("v128", 11, SIMD);
export const and = /* @__PURE__ */ simd("vv:v", 78);
export const andnot = /* @__PURE__ */ simd("vv:v", 79);
export const or = /* @__PURE__ */ simd("vv:v", 80);
/** Bits of the first where the mask (third) is 1, else of the second. */
export const bitselect = /* @__PURE__ */ simd("vvv:v", 82);
export const anyTrue = /* @__PURE__ */ simd("v:i", 83);
/** Replaces one 32-bit lane by what memory holds. */
export const load32Lane = (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): Expr<"v128"> =>
  expression("v128", [operand("i32", address), vector], [...access(86, offset, SIMD), lane]);
/** Statement: stores one 32-bit lane. */
export const store32Lane = (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): void =>
  statement([operand("i32", address), vector], [...access(90, offset, SIMD), lane]);
/** Statement: stores two neighboring 32-bit lanes, the lower (0) or the upper (1). */
export const store64Lane = (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): void =>
  statement([operand("i32", address), vector], [...access(91, offset, SIMD), lane]);
