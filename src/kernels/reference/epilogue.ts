/** An epilogue, step by step: each is rounded to the precision of y, as the layers that it stands for round. */
import type { FloatArray } from "../../tensor/storage.js";
import type { Epilogue } from "../epilogue.js";
import { select } from "./select.js";

export function keepSum({ sum }: Epilogue<FloatArray>, y: FloatArray): FloatArray | undefined {
  return sum?.buffer === y.buffer && sum.byteOffset === y.byteOffset ? sum.slice() : sum;
}

export function applyEpilogue(
  { norm, activation }: Epilogue<FloatArray>,
  sum: FloatArray | undefined,
  channels: number,
  inner: number,
  y: FloatArray,
): void {
  if (norm) {
    for (let at = 0, c = 0; at < y.length; c = (c + 1) % channels) {
      const scale = (1 / Math.sqrt(norm.variance[c]! + norm.eps)) * (norm.weight?.[c] ?? 1);
      const shift = norm.bias?.[c] ?? 0;
      for (const end = at + inner; at < end; at++) y[at] = (y[at]! - norm.mean[c]!) * scale + shift;
    }
  }
  if (sum) for (let i = 0; i < y.length; i++) y[i]! += sum[i]!;
  if (activation) {
    // Numbers that the layer would hand to its kernel in the precision of its input.
    const round = y instanceof Float32Array ? Math.fround : Number;
    const [slope, min, max] = [round(activation.slope), round(activation.min), round(activation.max)];
    for (let i = 0; i < y.length; i++) {
      y[i]! *= select(y[i]! > 0, 1, slope);
      const v = y[i]!;
      y[i] = select(v < min, min, select(v > max, max, v));
    }
  }
}
