/** Kernels that move channels into pixels and back: small (planes · r², H, W), large (planes, H·r, W·r). */
import type { PixelShuffleGeometry } from "../../shape/pixelshuffle.js";
import type { FloatArray } from "../../tensor/tensor.js";

export interface PixelShuffleKernels {
  /** large[p, y·r + i, x·r + j] = small[p·r² + i·r + j, y, x]. Overwrites large. Inverse and adjoint: {@link unshuffle}. */
  shuffle(g: PixelShuffleGeometry, small: FloatArray, large: FloatArray): void;
  /** small[p·r² + i·r + j, y, x] = large[p, y·r + i, x·r + j]. Overwrites small. Inverse and adjoint: {@link shuffle}. */
  unshuffle(g: PixelShuffleGeometry, large: FloatArray, small: FloatArray): void;
}
