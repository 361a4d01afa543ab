/** Instructions on vectors of four 32-bit integers. */
import { littleEndian } from "./encoding.js";
import { type Expr, expression } from "./expression.js";
import * as i8x16 from "./i8x16.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("i:v", 17);
export const eq = /* @__PURE__ */ simd("vv:v", 55);
export const allTrue = /* @__PURE__ */ simd("v:i", 163);
export const shl = /* @__PURE__ */ simd("vi:v", 171);
export const shrS = /* @__PURE__ */ simd("vi:v", 172);
export const add = /* @__PURE__ */ simd("vv:v", 174);
export const sub = /* @__PURE__ */ simd("vv:v", 177);
export const minU = /* @__PURE__ */ simd("vv:v", 183);
export const maxU = /* @__PURE__ */ simd("vv:v", 185);
const constant = (a: number, b: number, c: number, d: number): Expr<"v128"> =>
  expression("v128", [], [SIMD, 12, ...littleEndian("i32", a, b, c, d)]);

export { constant as const };
export const extractLane = (lane: number, vector: Expr<"v128">): Expr<"i32"> =>
  expression("i32", [vector], [SIMD, 27, lane]);
/** Four 32-bit lanes of a (0–3) and b (4–7), chosen by constants. */
export const shuffle = (
  a: Expr<"v128">,
  b: Expr<"v128">,
  lanes: readonly [number, number, number, number],
): Expr<"v128"> =>
  i8x16.shuffle(
    a,
    b,
    lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
  );
