/** Small label maps and masks, drawn and written out. */
import fc from "fast-check";
import type { LabelMap, Mask } from "../../src/vision.js";

/** The sizes of a picture. */
export const size = fc.record({ width: fc.integer({ min: 1, max: 6 }), height: fc.integer({ min: 1, max: 6 }) });

/** A map of this size with labels from 0 to `most`. */
export function mapOf({ width, height }: { width: number; height: number }, most: number): fc.Arbitrary<LabelMap> {
  const length = width * height;
  return fc
    .array(fc.nat(most), { minLength: length, maxLength: length })
    .map((labels) => ({ width, height, data: Int32Array.from(labels) }));
}

/** The map that a picture in words shows: one digit a pixel, "." for 0. */
export function drawn(...rows: readonly string[]): LabelMap {
  const digits = rows.join("").replaceAll(".", "0");
  return { width: rows[0]!.length, height: rows.length, data: Int32Array.from(digits, Number) };
}

/** A mask in words: "#" is inside. */
export function drawnMask(...rows: readonly string[]): Mask {
  const data = Uint8Array.from(rows.join(""), (pixel) => (pixel === "#" ? 1 : 0));
  return { width: rows[0]!.length, height: rows.length, data };
}
