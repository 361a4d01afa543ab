/** Instructions on float32 numbers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("f32", 0x2a);
export const store = /* @__PURE__ */ storing("f32", 0x38);
export const eq = /* @__PURE__ */ instruction("ff:i", 0x5b);
export const ne = /* @__PURE__ */ instruction("ff:i", 0x5c);
export const lt = /* @__PURE__ */ instruction("ff:i", 0x5d);
export const gt = /* @__PURE__ */ instruction("ff:i", 0x5e);
export const le = /* @__PURE__ */ instruction("ff:i", 0x5f);
export const ge = /* @__PURE__ */ instruction("ff:i", 0x60);
export const abs = /* @__PURE__ */ instruction("f:f", 0x8b);
export const neg = /* @__PURE__ */ instruction("f:f", 0x8c);
export const ceil = /* @__PURE__ */ instruction("f:f", 0x8d);
export const floor = /* @__PURE__ */ instruction("f:f", 0x8e);
export const trunc = /* @__PURE__ */ instruction("f:f", 0x8f);
export const nearest = /* @__PURE__ */ instruction("f:f", 0x90);
export const sqrt = /* @__PURE__ */ instruction("f:f", 0x91);
export const add = /* @__PURE__ */ instruction("ff:f", 0x92);
export const sub = /* @__PURE__ */ instruction("ff:f", 0x93);
export const mul = /* @__PURE__ */ instruction("ff:f", 0x94);
export const div = /* @__PURE__ */ instruction("ff:f", 0x95);
export const min = /* @__PURE__ */ instruction("ff:f", 0x96);
export const max = /* @__PURE__ */ instruction("ff:f", 0x97);
export const copysign = /* @__PURE__ */ instruction("ff:f", 0x98);
export const convertI32S = /* @__PURE__ */ instruction("i:f", 0xb2);
export const convertI32U = /* @__PURE__ */ instruction("i:f", 0xb3);
export const reinterpretI32 = /* @__PURE__ */ instruction("i:f", 0xbe);
export const demoteF64 = /* @__PURE__ */ instruction("d:f", 0xb6);
