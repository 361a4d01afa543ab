/** Instructions on float64 numbers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("f64", 0x2b);
export const store = /* @__PURE__ */ storing("f64", 0x39);
export const add = /* @__PURE__ */ instruction("dd:d", 0xa0);
export const mul = /* @__PURE__ */ instruction("dd:d", 0xa2);
export const div = /* @__PURE__ */ instruction("dd:d", 0xa3);
export const promoteF32 = /* @__PURE__ */ instruction("f:d", 0xbb);
