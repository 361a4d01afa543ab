/** Instructions on 64-bit integers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("i64", 0x29);
export const store = /* @__PURE__ */ storing("i64", 0x37);
export const eq = /* @__PURE__ */ instruction("ll:i", 0x51);
export const ne = /* @__PURE__ */ instruction("ll:i", 0x52);
export const ltS = /* @__PURE__ */ instruction("ll:i", 0x53);
export const ltU = /* @__PURE__ */ instruction("ll:i", 0x54);
export const add = /* @__PURE__ */ instruction("ll:l", 0x7c);
export const sub = /* @__PURE__ */ instruction("ll:l", 0x7d);
export const mul = /* @__PURE__ */ instruction("ll:l", 0x7e);
export const and = /* @__PURE__ */ instruction("ll:l", 0x83);
export const or = /* @__PURE__ */ instruction("ll:l", 0x84);
export const xor = /* @__PURE__ */ instruction("ll:l", 0x85);
export const shl = /* @__PURE__ */ instruction("ll:l", 0x86);
export const shrS = /* @__PURE__ */ instruction("ll:l", 0x87);
export const shrU = /* @__PURE__ */ instruction("ll:l", 0x88);
export const extendI32S = /* @__PURE__ */ instruction("i:l", 0xac);
export const extendI32U = /* @__PURE__ */ instruction("i:l", 0xad);
