/** Instructions on 32-bit integers. */
import { instruction, loading, storing } from "./instructions.js";

export const load = /* @__PURE__ */ loading("i32", 0x28);
export const load8U = /* @__PURE__ */ loading("i32", 0x2d);
export const store = /* @__PURE__ */ storing("i32", 0x36);
export const eqz = /* @__PURE__ */ instruction("i:i", 0x45);
export const eq = /* @__PURE__ */ instruction("ii:i", 0x46);
export const ne = /* @__PURE__ */ instruction("ii:i", 0x47);
export const ltS = /* @__PURE__ */ instruction("ii:i", 0x48);
export const ltU = /* @__PURE__ */ instruction("ii:i", 0x49);
export const gtS = /* @__PURE__ */ instruction("ii:i", 0x4a);
export const leU = /* @__PURE__ */ instruction("ii:i", 0x4d);
export const geS = /* @__PURE__ */ instruction("ii:i", 0x4e);
export const geU = /* @__PURE__ */ instruction("ii:i", 0x4f);
export const add = /* @__PURE__ */ instruction("ii:i", 0x6a);
export const sub = /* @__PURE__ */ instruction("ii:i", 0x6b);
export const mul = /* @__PURE__ */ instruction("ii:i", 0x6c);
export const divU = /* @__PURE__ */ instruction("ii:i", 0x6e);
export const remU = /* @__PURE__ */ instruction("ii:i", 0x70);
export const and = /* @__PURE__ */ instruction("ii:i", 0x71);
export const or = /* @__PURE__ */ instruction("ii:i", 0x72);
export const shl = /* @__PURE__ */ instruction("ii:i", 0x74);
export const shrU = /* @__PURE__ */ instruction("ii:i", 0x76);
