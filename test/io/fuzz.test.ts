/**
 * Valid files of every format, changed by chance: each ends in a FormatError or in numbers that fit, within the memory
 * that its size and the options allow. FALTUNG_FUZZ sets how many files (default 16,000; 335,000 take a minute or two),
 * FALTUNG_FUZZ_SEED which (default: the same on each run). A failing one prints its format and number.
 */
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gunzip, type IdxArray, readIdx } from "../../src/data.js";
import {
  readNpy,
  readNpz,
  readSafetensors,
  readWeightsManifest,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "../../src/io.js";
import { FormatError } from "../../src/shape/errors.js";
import { sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { decodeImage, type Pixels } from "../../src/vision.js";
import { ascii, fromBase64, python } from "../support/files.js";
import { readFixture } from "../support/fixtures.js";
import { chunk, pngFile } from "../support/png.js";
import { zipFile } from "../support/zip.js";

const files = Number(process.env.FALTUNG_FUZZ ?? 16_000);
const seed = Number(process.env.FALTUNG_FUZZ_SEED ?? 1);
/** What compressed files may become here. */
const MOST = 100_000;

/** An integer from 0 to `below` − 1. */
type Draw = (below: number) => number;

const drawer =
  (random: Random): Draw =>
  (below) =>
    Math.floor(random.uniform(0, 1) * below);

const pick = <T>(draw: Draw, list: readonly T[]): T => list[draw(list.length)] ?? expect.fail("an empty list");

const NUMBERS = [
  0,
  1,
  2,
  7,
  8,
  64,
  65,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const WORDS = [
  "0",
  "1",
  "-1",
  "00",
  "65",
  "1e9",
  "0.5",
  "4294967295",
  "2147483648",
  "9007199254740992",
  "18446744073709551616",
  "null",
  "[]",
  "{}",
  '"',
  "'",
  "(",
  ",",
  "True",
  "NaN",
  "__proto__",
  "..",
  "/",
  "%2e",
  "\\u0000",
];

/** A copy with something changed. */
function mutate(draw: Draw, file: Buffer, others: readonly Buffer[]): Buffer {
  const copy = Buffer.from(file);
  const at = draw(copy.length + 1);
  const end = Math.min(copy.length, at + 1 + draw(draw(4) === 0 ? copy.length : 16));
  const cut = (middle: Uint8Array, from = at, to = at) =>
    Buffer.concat([copy.subarray(0, from), middle, copy.subarray(to)]);
  switch (draw(12)) {
    case 0:
    case 1: // one bit
      if (at < copy.length) copy[at]! ^= 1 << draw(8);
      return copy;
    case 2: // one byte
      if (at < copy.length) copy[at] = draw(256);
      return copy;
    case 3:
    case 4: {
      // a number where there may have been a length, in either byte order
      const width = pick(draw, [1, 2, 4, 8]);
      const value = BigInt.asUintN(
        8 * width,
        draw(3) === 0 ? BigInt(copy.length - draw(40)) : BigInt(pick(draw, NUMBERS)),
      );
      const bytes = Buffer.alloc(8);
      if (draw(2)) bytes.writeBigUInt64LE(value);
      else bytes.writeBigUInt64BE(value << BigInt(64 - 8 * width));
      return cut(bytes.subarray(0, width), at, Math.min(copy.length, at + width));
    }
    case 5: // cut off
      return copy.subarray(0, at);
    case 6: // a part left out
      return cut(Buffer.alloc(0), at, end);
    case 7: // a part twice
      return cut(copy.subarray(at, end));
    case 8: // a part of another file
      {
        const other = pick(draw, others);
        const from = draw(other.length);
        return cut(other.subarray(from, from + 1 + draw(64)), at, draw(2) ? end : at);
      }
    case 9: // noise put in
      return cut(Buffer.from(Array.from({ length: 1 + draw(8) }, () => draw(256))));
    default: {
      // a word instead of a number or of anything
      const text = copy.toString("latin1");
      const numbers = [...text.matchAll(/\d+|"[^"]{0,20}"|[[\](){},:]/g)];
      if (numbers.length === 0) return copy.subarray(0, at);
      const { index, 0: old } = pick(draw, numbers);
      return cut(Buffer.from(pick(draw, WORDS), "latin1"), index, index + old.length);
    }
  }
}

/** The chunks' checksums made right, so that what is after them is reached. */
function mendPng(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  for (let at = 8; at + 12 <= copy.length; ) {
    const end = at + 8 + copy.readUInt32BE(at);
    if (end + 4 > copy.length) break;
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return copy;
}

function mendNpy(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const end = copy.indexOf("\n");
  if (end >= 10) copy.writeUInt16LE(end - 9, 8);
  return copy;
}

function mendSafetensors(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const end = copy.lastIndexOf("}");
  if (end >= 8) copy.writeBigUInt64LE(BigInt(end - 7));
  return copy;
}

function checkTensors(tensors: Readonly<Record<string, Tensor>>, most: number): void {
  let bytes = 0;
  for (const { shape, data } of Object.values(tensors)) {
    expect(data.length).toBe(sizeOf(shape));
    expect(shape.length).toBeLessThanOrEqual(64);
    bytes += data.byteLength;
  }
  expect(bytes).toBeLessThanOrEqual(most);
}

function checkPicture({ width, height, data }: Pixels): void {
  expect(width * height).toBeLessThanOrEqual(MOST);
  expect([1, 3, 4]).toContain(data.length / (width * height));
}

interface Format {
  readonly seeds: readonly Buffer[];
  readonly mend?: (file: Buffer) => Buffer;
  /** Reads the file and checks what comes of it. */
  readonly read: (file: Buffer) => unknown;
}

const x = new Tensor(
  Float32Array.from({ length: 12 }, (_, i) => i / 7),
  [3, 2, 2],
);
const npys = [...python.npy.map(({ file }) => fromBase64(file)), writeNpy(x)].map((file) => Buffer.from(file));
const pictures = readFixture<{ name: string; file: string }[]>("pictures.json");
const picturesOf = (kind: string) =>
  pictures.filter(({ name }) => name.startsWith(kind)).map(({ file }) => Buffer.from(file, "base64"));
const content = Buffer.from("some content, the same content, ".repeat(20));

function idxFile(type: number, width: number, sizes: readonly number[]): Buffer {
  const file = Buffer.alloc(4 + 4 * sizes.length + width * sizeOf(sizes), 5);
  file.set([0, 0, type, sizes.length]);
  for (const [dim, size] of sizes.entries()) file.writeUInt32BE(size, 4 + 4 * dim);
  return file;
}

const manifest = JSON.stringify([
  {
    paths: ["a.bin", "sub/b.bin"],
    weights: [
      { name: "v", shape: [2, 3], dtype: "float32" },
      { name: "w", shape: [4], dtype: "float32", quantization: { dtype: "uint8", scale: 0.5, min: -1 } },
      { name: "x", shape: [], dtype: "int32", quantization: { dtype: "uint16", scale: 1, min: 0 } },
    ],
  },
  { paths: ["c.bin"], weights: [{ name: "y", shape: [2], dtype: "bool" }] },
]);

const formats: Record<string, Format> = {
  npy: {
    seeds: npys,
    mend: mendNpy,
    read: (file) => {
      const tensor = readNpy(file);
      checkTensors({ tensor }, 4 * file.length);
      expect(readNpy(writeNpy(tensor)).equals(tensor) || tensor.data.some(Number.isNaN)).toBe(true);
    },
  },
  npz: {
    seeds: [
      ...Object.values(python.npz.files).map((file) => Buffer.from(fromBase64(file))),
      Buffer.from(writeNpz({ x, y: x })),
      Buffer.from(
        zipFile(
          [
            { name: "a.npy", content: writeNpy(x), zip64: ["size", "offset"], deflated: true },
            { name: "b.txt", content },
          ],
          "zip64",
        ),
      ),
    ],
    read: async (file) => checkTensors(await readNpz(file, { maxBytes: MOST }), MOST + 4 * file.length),
  },
  safetensors: {
    seeds: [
      Buffer.from(fromBase64(python.safetensors.file)),
      Buffer.from(writeSafetensors({ x, y: x }, { metadata: { epoch: "3" } })),
    ],
    mend: mendSafetensors,
    read: (file) => checkTensors(readSafetensors(file), 4 * file.length),
  },
  idx: {
    seeds: [
      idxFile(8, 1, [3, 4, 4]),
      idxFile(13, 4, [5]),
      idxFile(14, 8, [2, 2]),
      idxFile(11, 2, []),
      idxFile(9, 1, [3, 0]),
    ],
    read: (file) => {
      const { shape, data }: IdxArray = readIdx(file);
      expect(data.length).toBe(sizeOf(shape));
      expect(data.byteLength).toBeLessThan(file.length);
    },
  },
  gzip: {
    seeds: [
      gzipSync(content),
      gzipSync(content, { level: 0 }),
      Buffer.concat([gzipSync("hello"), gzipSync(content)]),
      gzipSync(Buffer.alloc(50_000)),
    ],
    read: async (file) => {
      // The checksum of 32 bits lets no change through, only members and zeros that go or come.
      const text = Buffer.from(await gunzip(file, { maxBytes: MOST })).toString("latin1");
      expect(text.replaceAll(content.toString(), "").replaceAll("hello", "").replaceAll("\0", "")).toBe("");
    },
  },
  manifest: {
    seeds: [Buffer.from(manifest), Buffer.from(`{"weightsManifest":${manifest}}`)],
    read: async (file) => {
      const sizes: Record<string, number> = { "a.bin": 24, "sub/b.bin": 6, "c.bin": 2 };
      const read = (path: string) => {
        expect(path).not.toMatch(/^\/|(^|\/)\.{1,2}(\/|$)|[\\:%]/);
        return new Uint8Array(sizes[path] ?? 8);
      };
      checkTensors(await readWeightsManifest(file, read, { maxBytes: MOST }), MOST);
    },
  },
  png: {
    seeds: [
      ...picturesOf("PNG"),
      Buffer.from(
        pngFile(
          {
            width: 9,
            height: 7,
            colorType: 3,
            depth: 2,
            interlaced: true,
            filters: [0, 1, 2, 3, 4],
            samples: Array.from({ length: 63 }, (_, i) => i & 3),
          },
          [
            chunk(
              "PLTE",
              Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
            ),
            chunk("iCCP", Buffer.concat([Buffer.from("name\0\0"), deflateSync(Buffer.alloc(1000))])),
            chunk("eXIf", Buffer.from("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", "latin1")),
          ],
        ),
      ),
    ],
    mend: mendPng,
    read: async (file) => checkPicture(await decodeImage(file, { maxPixels: MOST })),
  },
  jpeg: {
    seeds: picturesOf("JPEG"),
    read: async (file) => checkPicture(await decodeImage(file, { maxPixels: MOST })),
  },
};

const others = [...Object.values(formats).flatMap(({ seeds }) => seeds), Buffer.from(ascii("{}[]()"))];
const share = Math.ceil(files / Object.keys(formats).length);

describe.each(Object.entries(formats))("%s", (name, { seeds, mend, read }) => {
  test("what it is made of is read", async () => {
    for (const file of seeds) await read(file);
  });

  test(`${share} changed files end in a FormatError or in numbers that fit`, { timeout: 3_600_000 }, async () => {
    let refused = 0;
    for (let number = 0; number < share; number++) {
      const draw = drawer(new Random(seed * 2 ** 24 + number));
      let file = pick(draw, seeds);
      for (let changes = 1 + draw(3); changes > 0; changes--) file = mutate(draw, file, others);
      if (mend && draw(2) === 0) file = mend(file);
      try {
        await read(file);
      } catch (error) {
        refused++;
        if (!(error instanceof FormatError)) {
          const bytes = file.toString("base64");
          throw new Error(`${name}, file ${number} of seed ${seed}: ${String(error)}\n${bytes.slice(0, 4000)}`, {
            cause: error,
          });
        }
        expect(error.message.length).toBeLessThan(1000);
      }
    }
    // Most changes matter, and some do not.
    expect(refused).toBeGreaterThan(share / 10);
    expect(refused).toBeLessThan(share);
    if (process.env.FALTUNG_FUZZ) console.log(`${name}: ${share} files, ${refused} refused, ${share - refused} read`);
  });
});
