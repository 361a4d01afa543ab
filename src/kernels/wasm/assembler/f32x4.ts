/** Instructions on vectors of four float32 numbers. */
import { littleEndian } from "./encoding.js";
import { type Expr, expression } from "./expression.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("f:v", 19);
export const eq = /* @__PURE__ */ simd("vv:v", 65, "f32");
export const ne = /* @__PURE__ */ simd("vv:v", 66, "f32");
export const lt = /* @__PURE__ */ simd("vv:v", 67, "f32");
export const gt = /* @__PURE__ */ simd("vv:v", 68, "f32");
export const le = /* @__PURE__ */ simd("vv:v", 69, "f32");
export const abs = /* @__PURE__ */ simd("v:v", 224, "f32");
export const neg = /* @__PURE__ */ simd("v:v", 225, "f32");
export const sqrt = /* @__PURE__ */ simd("v:v", 227, "f32");
export const add = /* @__PURE__ */ simd("vv:v", 228, "f32");
export const sub = /* @__PURE__ */ simd("vv:v", 229, "f32");
export const mul = /* @__PURE__ */ simd("vv:v", 230, "f32");
export const div = /* @__PURE__ */ simd("vv:v", 231, "f32");
export const min = /* @__PURE__ */ simd("vv:v", 232, "f32");
export const max = /* @__PURE__ */ simd("vv:v", 233, "f32");
export const pmin = /* @__PURE__ */ simd("vv:v", 234, "f32");
export const pmax = /* @__PURE__ */ simd("vv:v", 235, "f32");
export const convertI32x4S = /* @__PURE__ */ simd("v:v", 250, "i32");
export const demoteF64x2Zero = /* @__PURE__ */ simd("v:v", 94, "f64");
/** a·b + c, rounded once or twice as the machine likes. Relaxed SIMD. */
export const relaxedMadd = /* @__PURE__ */ simd("vvv:v", 0x105, "f32");
const constant = (a: number, b: number, c: number, d: number): Expr<"v128"> =>
  expression("v128", [], [SIMD, 12, ...littleEndian("f32", a, b, c, d)]);

export { constant as const };
export const extractLane = (lane: number, vector: Expr<"v128">): Expr<"f32"> =>
  expression("f32", [vector], [SIMD, 31, lane]);
