/** Instructions on vectors of eight 16-bit integers. */
import { simd } from "./instructions.js";

export const splat = /* @__PURE__ */ simd("i:v", 16);
export const extendLowI8x16S = /* @__PURE__ */ simd("v:v", 135);
export const extendHighI8x16S = /* @__PURE__ */ simd("v:v", 136);
export const extendLowI8x16U = /* @__PURE__ */ simd("v:v", 137);
export const extendHighI8x16U = /* @__PURE__ */ simd("v:v", 138);
export const add = /* @__PURE__ */ simd("vv:v", 142);
export const sub = /* @__PURE__ */ simd("vv:v", 145);
export const mul = /* @__PURE__ */ simd("vv:v", 149);
