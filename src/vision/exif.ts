/** What EXIF says about a picture: which way up the camera was held. */

/**
 * The tag 0112 of the first directory of the TIFF file that starts at byte `tiff` of `block`: 1 upright, 2–8 turned or
 * mirrored; 1 where there is none.
 */
export function readOrientation(block: DataView, tiff: number): number {
  if (block.byteLength < tiff + 8) return 1;
  const little = block.getUint16(tiff) === 0x4949; // "II"
  const short = (at: number) => (at + 2 <= block.byteLength ? block.getUint16(at, little) : 0);
  const directory = tiff + block.getUint32(tiff + 4, little);
  for (let entry = directory + 2, left = short(directory); left > 0; entry += 12, left--) {
    if (short(entry) !== 0x0112) continue;
    const value = short(entry + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
