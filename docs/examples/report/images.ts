/** Arrays as pictures: PNG data URIs whose transparency carries the value, so that they suit a light and a dark page. */
import { crc32, deflateSync } from "node:zlib";

type Color = readonly [red: number, green: number, blue: number];

const INK: Color = [0, 0, 0];
const POSITIVE: Color = [226, 87, 20];
const NEGATIVE: Color = [33, 113, 240];

/** Gray values from 0 (no ink) to `most` (full ink). */
export function inkImage(pixels: ArrayLike<number>, width: number, height: number, most: number): string {
  return png(width, height, (i) => [INK, (pixels[i] ?? 0) / most]);
}

/** Signed values: orange above 0, blue below, stronger toward ±`most`, transparent at 0. */
export function signedImage(values: ArrayLike<number>, width: number, height: number, most: number): string {
  return png(width, height, (i) => {
    const value = values[i] ?? 0;
    return [value < 0 ? NEGATIVE : POSITIVE, Math.abs(value) / most];
  });
}

/** An 8-bit RGBA PNG as a data URI. Source: https://www.w3.org/TR/png-3/ */
function png(width: number, height: number, pixel: (i: number) => readonly [Color, opacity: number]): string {
  const stride = 1 + 4 * width; // each row starts with its filter type, 0
  const rows = Buffer.alloc(height * stride);
  for (let i = 0; i < width * height; i++) {
    const [color, opacity] = pixel(i);
    const alpha = Math.round(255 * Math.min(1, Math.max(0, opacity)));
    rows.set([...color, alpha], Math.floor(i / width) * stride + 1 + 4 * (i % width));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6], 8); // bits a channel, color type RGBA
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return `data:image/png;base64,${Buffer.concat([signature, ...chunks]).toString("base64")}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
