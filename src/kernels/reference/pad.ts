import type { FloatArray } from "../../tensor/tensor.js";
import type { PadKernels } from "../pad.js";

export const referencePad: PadKernels<FloatArray> = {
  forward({ planes, height, width, rows, columns }, x, y) {
    let to = 0;
    for (let n = 0; n < planes; n++) {
      for (let i = 0; i < rows.length; i++) {
        const row = (n * height + rows[i]!) * width;
        for (let j = 0; j < columns.length; j++) {
          const column = columns[j]!;
          y[to++] = x[row + column]!;
        }
      }
    }
  },

  backward({ planes, height, width, rows, columns }, dy, dx) {
    let from = 0;
    for (let n = 0; n < planes; n++) {
      for (let i = 0; i < rows.length; i++) {
        const row = (n * height + rows[i]!) * width;
        for (let j = 0; j < columns.length; j++, from++) {
          const column = columns[j]!;
          dx[row + column]! += dy[from]!;
        }
      }
    }
  },
};
