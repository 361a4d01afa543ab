/** Kernels that move channels into pixels and back: small (planes · r², H, W), large (planes, H·r, W·r). */
import type { PixelShuffleGeometry } from "../../shape/pixelshuffle.js";
import type { Operand } from "../../tensor/storage.js";

export interface PixelShuffleKernels<A = Operand> {
  /** large[p, y·r + i, x·r + j] = small[p·r² + i·r + j, y, x]. Overwrites large. Inverse and adjoint: {@link unshuffle}. */
  shuffle(g: PixelShuffleGeometry, small: A, large: A): void;
  /** small[p·r² + i·r + j, y, x] = large[p, y·r + i, x·r + j]. Overwrites small. Inverse and adjoint: {@link shuffle}. */
  unshuffle(g: PixelShuffleGeometry, large: A, small: A): void;
}
