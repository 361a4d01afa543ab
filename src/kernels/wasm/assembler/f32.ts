/** Instructions on float32 numbers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("f32", 0x2a);
export const store = /* @__PURE__ */ storing("f32", 0x38);
export const ne = /* @__PURE__ */ instruction("ff:i", 0x5c);
export const gt = /* @__PURE__ */ instruction("ff:i", 0x5e);
export const add = /* @__PURE__ */ instruction("ff:f", 0x92);
export const mul = /* @__PURE__ */ instruction("ff:f", 0x94);
export const demoteF64 = /* @__PURE__ */ instruction("d:f", 0xb6);
