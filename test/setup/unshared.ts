/**
 * An ordinary page in Node: SharedArrayBuffer is missing, and the engine's memory grows at every allocation, so that each
 * detaches all views that were taken before it. Where it grows only now and then, as it does for users, a view that is
 * kept too long goes unnoticed.
 */
import { memory, trouble } from "../../src/kernels/wasm/memory.js";

Reflect.deleteProperty(globalThis, "SharedArrayBuffer");

/** Growing takes milliseconds from about here on: a larger memory grows at every 64th allocation. */
const LARGE = 2 ** 26;
let allocations = 0;
let isOn = true;

Object.defineProperty(trouble, "growsAlways", {
  get: () => isOn && (memory().buffer.byteLength <= LARGE || allocations++ % 64 === 0),
  set: (value: boolean) => {
    isOn = value;
  },
});
