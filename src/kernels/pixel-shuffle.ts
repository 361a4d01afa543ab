/** Kernels of ops/pixel-shuffle.ts: small (planes · r², H, W), large (planes, H·r, W·r). */
import type { PixelShuffleGeometry } from "../shape/pixel-shuffle.js";
import type { Operand } from "../tensor/storage.js";

export interface PixelShuffleKernels<A = Operand> {
  /** Overwrites large. */
  shuffle(g: PixelShuffleGeometry, small: A, large: A): void;
  /** Overwrites small. */
  unshuffle(g: PixelShuffleGeometry, large: A, small: A): void;
}
