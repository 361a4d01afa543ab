import type { FloatArray } from "../../tensor/tensor.js";

let single = /* @__PURE__ */ new Float32Array(0);
let double = /* @__PURE__ */ new Float64Array(0);

/**
 * Working memory of a kernel, in the precision of `like`; its contents are whatever was left there.
 * One buffer per precision, grown to the largest request and reused: kernels never nest.
 */
export function scratch(like: FloatArray, length: number): FloatArray {
  if (like instanceof Float64Array) {
    if (double.length < length) double = new Float64Array(length);
    return double;
  }
  if (single.length < length) single = new Float32Array(length);
  return single;
}
