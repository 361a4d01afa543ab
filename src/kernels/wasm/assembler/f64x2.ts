/** Instructions on vectors of two float64 numbers. */
import { type Expr, expression } from "./expression.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("d:v", 20);
export const add = /* @__PURE__ */ simd("vv:v", 240, "f64");
export const sub = /* @__PURE__ */ simd("vv:v", 241, "f64");
export const mul = /* @__PURE__ */ simd("vv:v", 242, "f64");
export const div = /* @__PURE__ */ simd("vv:v", 243, "f64");
export const promoteLowF32x4 = /* @__PURE__ */ simd("v:v", 95, "f32");
export const extractLane = (lane: number, vector: Expr<"v128">): Expr<"f64"> =>
  expression("f64", [vector], [SIMD, 33, lane]);
