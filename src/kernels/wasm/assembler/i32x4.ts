/** Instructions on vectors of four 32-bit integers. */
import { littleEndian } from "./encoding.js";
import { type Expr, expression, type Operand, operand } from "./expression.js";
import * as i8x16 from "./i8x16.js";
import { SIMD, simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("i:v", 17);
export const eq = /* @__PURE__ */ simd("vv:v", 55);
export const ne = /* @__PURE__ */ simd("vv:v", 56);
export const ltS = /* @__PURE__ */ simd("vv:v", 57);
export const ltU = /* @__PURE__ */ simd("vv:v", 58);
export const gtS = /* @__PURE__ */ simd("vv:v", 59);
export const gtU = /* @__PURE__ */ simd("vv:v", 60);
export const leS = /* @__PURE__ */ simd("vv:v", 61);
export const leU = /* @__PURE__ */ simd("vv:v", 62);
export const geS = /* @__PURE__ */ simd("vv:v", 63);
export const geU = /* @__PURE__ */ simd("vv:v", 64);
export const abs = /* @__PURE__ */ simd("v:v", 160);
export const neg = /* @__PURE__ */ simd("v:v", 161);
export const extendLowI16x8S = /* @__PURE__ */ simd("v:v", 167);
export const extendHighI16x8S = /* @__PURE__ */ simd("v:v", 168);
export const extendLowI16x8U = /* @__PURE__ */ simd("v:v", 169);
export const extendHighI16x8U = /* @__PURE__ */ simd("v:v", 170);
export const allTrue = /* @__PURE__ */ simd("v:i", 163);
export const bitmask = /* @__PURE__ */ simd("v:i", 164);
export const shl = /* @__PURE__ */ simd("vi:v", 171);
export const shrS = /* @__PURE__ */ simd("vi:v", 172);
export const shrU = /* @__PURE__ */ simd("vi:v", 173);
export const add = /* @__PURE__ */ simd("vv:v", 174);
export const sub = /* @__PURE__ */ simd("vv:v", 177);
export const mul = /* @__PURE__ */ simd("vv:v", 181);
export const minS = /* @__PURE__ */ simd("vv:v", 182);
export const minU = /* @__PURE__ */ simd("vv:v", 183);
export const maxS = /* @__PURE__ */ simd("vv:v", 184);
export const maxU = /* @__PURE__ */ simd("vv:v", 185);
export const truncSatF32x4S = /* @__PURE__ */ simd("v:v", 248, "f32");
export const truncSatF32x4U = /* @__PURE__ */ simd("v:v", 249, "f32");
export const truncSatF64x2SZero = /* @__PURE__ */ simd("v:v", 252, "f32");
export const truncSatF64x2UZero = /* @__PURE__ */ simd("v:v", 253, "f32");
const constant = (a: number, b: number, c: number, d: number): Expr<"v128"> =>
  expression("v128", [], [SIMD, 12, ...littleEndian("i32", a, b, c, d)]);

export { constant as const };
export const extractLane = (lane: number, vector: Expr<"v128">): Expr<"i32"> =>
  expression("i32", [vector], [SIMD, 27, lane]);
export const replaceLane = (lane: number, vector: Expr<"v128">, value: Operand<"i32">): Expr<"v128"> =>
  expression("v128", [vector, operand("i32", value)], [SIMD, 28, lane]);
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
