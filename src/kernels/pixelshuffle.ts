import type { Backends } from "./backend.js";
import type { PixelShuffleKernels } from "./interface/pixelshuffle.js";
import { referencePixelShuffle } from "./reference/pixelshuffle.js";

export const pixelShuffleKernels: Backends<PixelShuffleKernels> = {
  reference: referencePixelShuffle,
  wasm: () => referencePixelShuffle,
};
