import type { PixelShuffleGeometry } from "../../shape/pixel-shuffle.js";
import type { FloatArray } from "../../tensor/tensor.js";
import type { PixelShuffleKernels } from "../pixel-shuffle.js";

export const referencePixelShuffle: PixelShuffleKernels<FloatArray> = {
  shuffle(g, small, large) {
    let at = 0;
    eachSmallRow(g, (to) => {
      for (let x = 0; x < g.width; x++) large[to + x * g.factor] = small[at++]!;
    });
  },

  unshuffle(g, large, small) {
    let at = 0;
    eachSmallRow(g, (from) => {
      for (let x = 0; x < g.width; x++) small[at++] = large[from + x * g.factor]!;
    });
  },
};

/** Visits the rows of the small side in order with the place of their first pixel in the large side. */
function eachSmallRow({ planes, factor, height, width }: PixelShuffleGeometry, visit: (large: number) => void): void {
  for (let p = 0; p < planes; p++) {
    for (let i = 0; i < factor; i++) {
      for (let j = 0; j < factor; j++) {
        for (let y = 0; y < height; y++) visit(((p * height + y) * factor + i) * width * factor + j);
      }
    }
  }
}
