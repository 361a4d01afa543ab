/** The 128-bit multiply+add peak, which every speed is shown as a share of. */
export { peakKernel } from "../../src/kernels/wasm/roofline.js";
