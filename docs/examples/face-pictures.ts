/** Boxes, landmarks and names drawn on photographs. */
import { type Box, type Colour, type Pixels, type Point, toChannels } from "faltung/vision";

/** What to draw of one face. */
export interface MarkedFace {
  readonly box: Box;
  readonly landmarks: readonly Point[];
  readonly label: string;
  readonly colour: Colour;
}

/** Capital letters and digits of 3×5 pixels: an octal digit a row, from the top. */
const GLYPHS = new Map(
  Object.entries({
    ...{ A: "25755", B: "65656", C: "34443", D: "65556", E: "74647", F: "74644", G: "34553", H: "55755", I: "72227" },
    ...{ J: "11152", K: "55655", L: "44447", M: "57755", N: "65555", O: "25552", P: "65644", Q: "25573", R: "65655" },
    ...{ S: "34216", T: "72222", U: "55557", V: "55552", W: "55775", X: "55255", Y: "55222", Z: "71247", ".": "00002" },
    ...{ 0: "75557", 1: "26227", 2: "71747", 3: "71717", 4: "55711", 5: "74717", 6: "74757", 7: "71111", 8: "75757" },
    9: "75717",
  }),
);

/** A copy of the photograph with every face marked. */
export function markFaces(photo: Pixels, faces: readonly MarkedFace[]): Pixels {
  const { width, height, data } = toChannels(photo, 3);
  const copy = { width, height, data: new Uint8Array(data) };
  const unit = Math.max(1, Math.round(Math.max(width, height) / 500));
  for (const { box, landmarks, label, colour } of faces) {
    const { x, y } = box;
    fill(copy, { x, y, width: box.width, height: unit }, colour);
    fill(copy, { x, y: y + box.height - unit, width: box.width, height: unit }, colour);
    fill(copy, { x, y, width: unit, height: box.height }, colour);
    fill(copy, { x: x + box.width - unit, y, width: unit, height: box.height }, colour);
    for (const point of landmarks) {
      fill(copy, { x: point.x - unit, y: point.y - unit, width: 2 * unit, height: 2 * unit }, [255, 255, 255]);
    }
    write(copy, label.toUpperCase(), Math.max(0, x), Math.max(0, y - 14 * unit), 2 * unit, colour);
  }
  return copy;
}

/** The text in black on a bar of this colour, each pixel of a letter `unit` pixels wide. */
function write(pixels: Pixels, text: string, x: number, y: number, unit: number, colour: Colour): void {
  fill(pixels, { x, y, width: (4 * text.length + 1) * unit, height: 7 * unit }, colour);
  for (const [i, letter] of [...text].entries()) {
    for (const [row, bits] of [...(GLYPHS.get(letter) ?? "00000")].entries()) {
      for (let column = 0; column < 3; column++) {
        if ((Number(bits) >> (2 - column)) % 2 === 0) continue;
        const at = { x: x + (4 * i + 1 + column) * unit, y: y + (row + 1) * unit };
        fill(pixels, { ...at, width: unit, height: unit }, [0, 0, 0]);
      }
    }
  }
}

/** Paints what of the box lies in the picture. */
function fill({ width, height, data }: Pixels, box: Box, colour: Colour): void {
  const within = (at: number, size: number) => Math.min(Math.max(Math.round(at), 0), size);
  const [left, right] = [within(box.x, width), within(box.x + box.width, width)];
  const [top, bottom] = [within(box.y, height), within(box.y + box.height, height)];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) data.set(colour, 3 * (y * width + x));
  }
}
