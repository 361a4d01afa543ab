import type { FloatArray } from "../../tensor/tensor.js";
import type { MaxoutKernels } from "../maxout.js";

export const referenceMaxout: MaxoutKernels<FloatArray> = {
  forward({ outer, channels, pieces, inner }, x, y, winners) {
    let to = 0;
    for (let group = 0; group < outer * channels; group++) {
      for (let i = 0; i < inner; i++) {
        const first = group * pieces * inner + i;
        let winner = first;
        let best = x[first]!;
        for (let k = 1; k < pieces; k++) {
          const at = first + k * inner;
          const v = x[at]!;
          if (v > best || (Number.isNaN(v) && !Number.isNaN(best))) {
            best = v;
            winner = at;
          }
        }
        y[to] = best;
        winners[to++] = winner;
      }
    }
  },

  backward(winners, dy, dx) {
    dx.fill(0);
    for (let i = 0; i < dy.length; i++) dx[winners[i]!] = dy[i]!;
  },
};
