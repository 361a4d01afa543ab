/** PNG files of every kind, written straight from the specification, row by row and filter by filter. */
import { crc32, deflateSync } from "node:zlib";

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA. */
  readonly colorType: 0 | 2 | 3 | 4 | 6;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  readonly interlaced: boolean;
  /** `[height, width, samples]`, each below 2^depth. */
  readonly samples: ArrayLike<number>;
  /** Filter of each stored row, over and over. */
  readonly filters: readonly number[];
}

export const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);

export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export function headerChunk({ width, height, depth, colorType, interlaced }: Omit<Drawing, "samples" | "filters">) {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width);
  data.writeUInt32BE(height, 4);
  data.set([depth, colorType, 0, 0, +interlaced], 8);
  return chunk("IHDR", data);
}

/** The file, with these chunks between header and pixels, and after the pixels. */
export function pngFile(drawing: Drawing, before: readonly Buffer[] = [], after: readonly Buffer[] = []): Uint8Array {
  const data = chunk("IDAT", deflateSync(storedRows(drawing)));
  const parts = [SIGNATURE, headerChunk(drawing), ...before, data, ...after, chunk("IEND", Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat(parts));
}

/** What is compressed: for an interlaced picture the rows of its seven parts, each with its filter. */
export function storedRows({ width, height, colorType, depth, interlaced, samples, filters }: Drawing): Buffer {
  const count = SAMPLES[colorType];
  const step = Math.max(1, (count * depth) / 8);
  const rows: number[][] = [];
  // The specification's figure: which of the seven parts each pixel of a block of 8×8 is in.
  const parts = interlaced
    ? ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    : ["1"];
  for (const part of interlaced ? "1234567" : "1") {
    let above: number[] = [];
    for (let y = 0; y < height; y++) {
      const inPart = (x: number) => parts[y % parts.length]?.[x % parts.length] === part;
      const columns = Array.from({ length: width }, (_, x) => x).filter(inPart);
      if (columns.length === 0) continue;
      const bits = columns
        .flatMap((x) => Array.from({ length: count }, (_, c) => samples[(y * width + x) * count + c] ?? 0))
        .map((sample) => sample.toString(2).padStart(depth, "0"))
        .join("");
      const row = bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2)) ?? [];
      const filter = filters[rows.length % filters.length] ?? 0;
      const at = (line: readonly number[], i: number) => line[i] ?? 0;
      rows.push([
        filter,
        ...row.map((value, i) => {
          const [a, b, c] = [at(row, i - step), at(above, i), i < step ? 0 : at(above, i - step)];
          const distance = (x: number) => Math.abs(a + b - c - x);
          const nearest = [a, b, c].sort((p, q) => distance(p) - distance(q))[0] ?? 0;
          return (value - ([0, a, b, (a + b) >> 1, nearest][filter] ?? 0)) & 255;
        }),
      ]);
      above = row;
    }
  }
  return Buffer.from(rows.flat());
}
