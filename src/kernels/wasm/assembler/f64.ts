/** Instructions on float64 numbers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("f64", 0x2b);
export const store = /* @__PURE__ */ storing("f64", 0x39);
export const eq = /* @__PURE__ */ instruction("dd:i", 0x61);
export const ne = /* @__PURE__ */ instruction("dd:i", 0x62);
export const lt = /* @__PURE__ */ instruction("dd:i", 0x63);
export const gt = /* @__PURE__ */ instruction("dd:i", 0x64);
export const le = /* @__PURE__ */ instruction("dd:i", 0x65);
export const ge = /* @__PURE__ */ instruction("dd:i", 0x66);
export const abs = /* @__PURE__ */ instruction("d:d", 0x99);
export const neg = /* @__PURE__ */ instruction("d:d", 0x9a);
export const ceil = /* @__PURE__ */ instruction("d:d", 0x9b);
export const floor = /* @__PURE__ */ instruction("d:d", 0x9c);
export const trunc = /* @__PURE__ */ instruction("d:d", 0x9d);
export const nearest = /* @__PURE__ */ instruction("d:d", 0x9e);
export const sqrt = /* @__PURE__ */ instruction("d:d", 0x9f);
export const add = /* @__PURE__ */ instruction("dd:d", 0xa0);
export const sub = /* @__PURE__ */ instruction("dd:d", 0xa1);
export const mul = /* @__PURE__ */ instruction("dd:d", 0xa2);
export const div = /* @__PURE__ */ instruction("dd:d", 0xa3);
export const min = /* @__PURE__ */ instruction("dd:d", 0xa4);
export const max = /* @__PURE__ */ instruction("dd:d", 0xa5);
export const copysign = /* @__PURE__ */ instruction("dd:d", 0xa6);
export const convertI32S = /* @__PURE__ */ instruction("i:d", 0xb7);
export const convertI32U = /* @__PURE__ */ instruction("i:d", 0xb8);
export const promoteF32 = /* @__PURE__ */ instruction("f:d", 0xbb);
