/** Instructions on vectors of two float64 numbers. */
import { type Expr, expression } from "./expression.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("d:v", 20);
export const eq = /* @__PURE__ */ simd("vv:v", 71, "f64");
export const ne = /* @__PURE__ */ simd("vv:v", 72, "f64");
export const lt = /* @__PURE__ */ simd("vv:v", 73, "f64");
export const gt = /* @__PURE__ */ simd("vv:v", 74, "f64");
export const le = /* @__PURE__ */ simd("vv:v", 75, "f64");
export const ge = /* @__PURE__ */ simd("vv:v", 76, "f64");
export const ceil = /* @__PURE__ */ simd("v:v", 116, "f64");
export const floor = /* @__PURE__ */ simd("v:v", 117, "f64");
export const trunc = /* @__PURE__ */ simd("v:v", 122, "f64");
export const nearest = /* @__PURE__ */ simd("v:v", 148, "f64");
export const abs = /* @__PURE__ */ simd("v:v", 236, "f64");
export const neg = /* @__PURE__ */ simd("v:v", 237, "f64");
export const sqrt = /* @__PURE__ */ simd("v:v", 239, "f64");
export const add = /* @__PURE__ */ simd("vv:v", 240, "f64");
export const sub = /* @__PURE__ */ simd("vv:v", 241, "f64");
export const mul = /* @__PURE__ */ simd("vv:v", 242, "f64");
export const div = /* @__PURE__ */ simd("vv:v", 243, "f64");
export const min = /* @__PURE__ */ simd("vv:v", 244, "f64");
export const max = /* @__PURE__ */ simd("vv:v", 245, "f64");
export const pmin = /* @__PURE__ */ simd("vv:v", 246, "f64");
export const pmax = /* @__PURE__ */ simd("vv:v", 247, "f64");
export const promoteLowF32x4 = /* @__PURE__ */ simd("v:v", 95, "f32");
export const convertLowI32x4S = /* @__PURE__ */ simd("v:v", 254, "i32");
export const convertLowI32x4U = /* @__PURE__ */ simd("v:v", 255, "i32");
export const extractLane = (lane: number, vector: Expr<"v128">): Expr<"f64"> =>
  expression("f64", [vector], [SIMD, 33, lane]);
