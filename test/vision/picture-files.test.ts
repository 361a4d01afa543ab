/** Files of every kind that cameras and programs write, whole and cut short, and packages that are not there. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { build } from "esbuild";
import { encode as encodeJpeg } from "jpeg-js";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/index.js";
import { decodeImage, encodePng, imageToTensor, letterbox, type Pixels, resize } from "../../src/vision.js";
import { readFixture } from "../support/fixtures.js";
import { CHANNELS, plain } from "../support/pictures.js";

interface Case {
  readonly name: string;
  /** Height, width and channels. */
  readonly shape: readonly number[];
  readonly file: string;
  /** PNG: of all values. */
  readonly sha256?: string;
  /** JPEG: the values 0, 5, 10, … */
  readonly every5th?: string;
}

const cases = readFixture<Case[]>("pictures.json");
const jpegs = cases.filter(({ every5th }) => every5th !== undefined).map(({ name }) => name.slice("JPEG, ".length));

function bytesOf(name: string): Uint8Array {
  const found = cases.find((entry) => entry.name === name);
  if (!found) expect.fail(`no file ${name}`);
  return new Uint8Array(Buffer.from(found.file, "base64"));
}

const shapeOf = ({ width, height, data }: Pixels) => [height, width, data.length / (width * height)];

async function refusal(file: Uint8Array): Promise<string> {
  try {
    await decodeImage(file);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as Error).message;
  }
  return expect.fail("it was decoded");
}

const CUT = "Usual cause: a file that was cut off on its way here, or whose program was killed while it wrote.";
const CORRUPT = "Usual cause: a corrupt file.";
const CHANGED = "Usual cause: a file that was cut off or changed on its way here.";

test.each(cases)("$name: Pillow's pixels", async ({ file, shape, sha256, every5th }) => {
  const pixels = await decodeImage(Buffer.from(file, "base64"));
  expect(shapeOf(pixels)).toEqual(shape);
  if (sha256) return expect(createHash("sha256").update(pixels.data).digest("hex")).toBe(sha256);
  // Decoders may differ by 1 in each component, whose part in a color is at most 1.772, and in how that is rounded.
  const want = Buffer.from(every5th ?? "", "base64");
  expect(want.length).toBeGreaterThan(30);
  for (const [i, value] of want.entries()) expect(Math.abs((pixels.data[5 * i] ?? 0) - value)).toBeLessThanOrEqual(3);
});

/** Where the segments with this marker start, in files whose compressed data has none like it. */
function segments(file: Uint8Array, marker: number): number[] {
  return Array.from(file.keys()).filter((at) => file[at] === 0xff && file[at + 1] === marker);
}

function without(file: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(Buffer.concat([file.subarray(0, from), file.subarray(to)]));
}

function changed(file: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(file);
  copy.set(values, at);
  return copy;
}

/** The mean of each channel in each whole block of 8×8 pixels. */
function means({ width, height, data }: Pixels): number[] {
  const channels = data.length / (width * height);
  const [columns, rows] = [Math.floor(width / 8), Math.floor(height / 8)];
  const sums = new Array<number>(columns * rows * channels).fill(0);
  for (const [i, value] of data.entries()) {
    const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels];
    if (x < 8 * columns && y < 8 * rows) sums[((y >> 3) * columns + (x >> 3)) * channels + c]! += value / 64;
  }
  return sums;
}

describe("a JPEG file that ends early", () => {
  const end = Uint8Array.of(0xff, 0xd9);

  // Where colors are halved, two blocks share a mean, which is the other's too.
  const own = jpegs.filter((name) => !name.endsWith("2x2, progressive"));
  test.each(own)("%s: closed after any byte, it is refused, or gives the picture whole, if coarse", async (name) => {
    const file = bytesOf(`JPEG, ${name}`);
    const whole = await decodeImage(file);
    const expected = means(whole);
    // What is not decoded is 128.
    expect(Math.max(...expected.map((mean) => Math.abs(mean - 128)))).toBeGreaterThan(45);
    const scans = segments(file, 0xda);
    let decoded = 0;
    for (let length = (scans[0] ?? 0) + 2; length < file.length - 2; length++) {
      const early = new Uint8Array(Buffer.concat([file.subarray(0, length), end]));
      const pixels = await decodeImage(early).catch((error: unknown) => {
        expect(error).toBeInstanceOf(FormatError);
        return undefined;
      });
      if (!pixels) continue;
      decoded++;
      // A progressive file begins with its blocks' means, but for two steps of their quantization.
      if (!name.includes("progressive")) expect(pixels.data).toEqual(whole.data);
      else for (const [i, mean] of means(pixels).entries()) expect(Math.abs(mean - expected[i]!)).toBeLessThan(8);
    }
    // The last byte of a scan may be padding alone, and others that follow it are none of the picture.
    expect(decoded).toBeLessThan(name.includes("progressive") ? file.length / 2 : 3);
  });

  test("without its end, after a restart, between its components' scans", async () => {
    const gray = bytesOf("JPEG, gray");
    expect(await refusal(gray.subarray(0, -2))).toBe(
      `decodeImage expects a JPEG file that ends with the marker EOI, but the file has none. ${CUT}`,
    );
    const restarts = bytesOf("JPEG, YCbCr, a restart after each 4 blocks of 6");
    const [restart = 0] = segments(restarts, 0xd0);
    const early = Buffer.concat([restarts.subarray(0, restart), end]);
    expect(await refusal(early)).toBe(
      `decodeImage expects 1 restarts in a scan of a JPEG file, but there are 0. ${CUT}`,
    );
    const scans = bytesOf("JPEG, YCbCr, a scan for each component");
    const [, second = 0, third = 0] = segments(scans, 0xda);
    const one = Buffer.concat([scans.subarray(0, second), end]);
    expect(await refusal(one)).toBe(
      `decodeImage expects each component of a JPEG file in a scan, but component 2 of 3 is in none. ${CUT}`,
    );
    expect(await refusal(without(scans, second, third))).toBe(
      `decodeImage expects each component of a JPEG file in a scan, but component 2 of 3 is in none. ${CUT}`,
    );
    expect(await refusal(Buffer.concat([gray.subarray(0, (segments(gray, 0xda)[0] ?? 0) + 12), end]))).toBe(
      `decodeImage expects a valid JPEG file, but jpeg-js says: Error: unexpected marker: ffd9. ${CUT}`,
    );
    expect(await refusal(changed(gray, 4, 0x40))).toMatch(
      /^decodeImage expects whole segments in a JPEG file, but the one at byte 2 is longer than the file\. /,
    );
  });
});

describe("a JPEG file of a kind that is not decoded", () => {
  const file = bytesOf("JPEG, YCbCr");
  const [frame = 0] = segments(file, 0xc0);
  const [scan = 0] = segments(file, 0xda);

  test.each([
    [
      "arithmetic coding",
      changed(file, frame + 1, 0xc9),
      "decodeImage expects a baseline or progressive JPEG file, but this one is lossless, hierarchical or arithmetic-coded.",
    ],
    [
      "12 bits",
      changed(file, frame + 4, 12),
      "decodeImage expects a JPEG file of 8 bits per value, but this one has 12.",
    ],
    [
      "two components",
      changed(file, frame + 9, 2),
      `decodeImage expects a JPEG file of 1, 3 or 4 components, but its frame says 2. ${CORRUPT}`,
    ],
    [
      "components that are one",
      changed(file, frame + 13, 1),
      `decodeImage expects components of a JPEG file that differ, but its frame says 1, 1, 3. ${CORRUPT}`,
    ],
    [
      "no height",
      changed(file, frame + 5, 0, 0),
      `decodeImage expects a picture of at least 1×1 pixels, but the file says 17×0. ${CORRUPT}`,
    ],
    [
      "a scan of more components than it lists",
      changed(file, scan + 4, 200),
      `decodeImage expects 404 bytes about a scan of a JPEG file, but there are 10. ${CORRUPT}`,
    ],
    [
      "no frame",
      without(file, frame, segments(file, 0xc4)[0] ?? 0),
      `decodeImage expects a frame in a JPEG file, but there is none. ${CORRUPT}`,
    ],
    [
      "CMYK without Adobe's segment",
      changed(bytesOf("JPEG, CMYK"), segments(bytesOf("JPEG, CMYK"), 0xee)[0] ?? 0, 0xff, 0xed),
      "decodeImage expects Adobe's segment in a JPEG file of CMYK, but this one of 4 components has none. Usual cause: a program that writes CMYK its own way: save it as RGB.",
    ],
  ] as const)("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toBe(message);
  });
});

describe("a hostile JPEG file", () => {
  const file = bytesOf("JPEG, YCbCr");
  const progressive = bytesOf("JPEG, YCbCr, progressive");
  const [frame = 0] = segments(file, 0xc0);
  const [scan = 0] = segments(file, 0xda);
  const EXHAUST = "Usual cause: a file made to exhaust memory.";
  const insert = (into: Uint8Array, at: number, ...parts: readonly Uint8Array[]) =>
    Buffer.concat([into.subarray(0, at), ...parts, into.subarray(at)]);

  test("more scans than a picture needs are refused: each takes time for the whole picture", async () => {
    const at = segments(progressive, 0xda).at(-1) ?? 0;
    const last = progressive.subarray(at, -2);
    const scans = segments(progressive, 0xda).length;
    const more = (count: number) =>
      insert(progressive, progressive.length - 2, ...new Array<Uint8Array>(count).fill(last));
    expect(await refusal(more(101 - scans))).toBe(
      `decodeImage expects at most 100 scans in a JPEG file, but there are more. ${EXHAUST}`,
    );
    // Up to there what they say decides, which no picture says twice.
    await decodeImage(more(1)).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
  });

  test("a large picture without data for it is refused before there is memory for its blocks", async () => {
    const [at = 0] = segments(progressive, 0xc2);
    for (const huge of [
      changed(file, frame + 5, 0x27, 0x10, 0x27, 0x10),
      changed(progressive, at + 5, 0x27, 0x10, 0x27, 0x10),
    ]) {
      expect(await refusal(huge)).toMatch(
        /^decodeImage expects at least \d+ bytes in a scan of a JPEG file, but there are \d+\. /,
      );
    }
  });

  test("what a decoder could read in the middle of a segment is refused: lengths that lie", async () => {
    const [tables = 0] = segments(file, 0xc4);
    const [quantization = 0] = segments(file, 0xdb);
    const restart = Uint8Array.of(0xff, 0xdd, 0, 4, 0, 0);
    for (const [bytes, message] of [
      [changed(file, tables + 5, 255), "whole tables of codes in a JPEG file, but one is cut off"],
      [changed(file, quantization + 3, 66), "whole tables of quantization in a JPEG file, but one is cut off"],
      [changed(file, quantization + 4, 0x10), "whole tables of quantization in a JPEG file, but one is cut off"],
      [
        insert(file, scan, changed(restart, 3, 5), Uint8Array.of(0)),
        "2 bytes about restarts of a JPEG file, but there are 3",
      ],
      [
        changed(insert(file, frame + 19, Uint8Array.of(0)), frame + 3, 18),
        "15 bytes in the frame of a JPEG file, but there are 16",
      ],
      [
        changed(insert(file, scan + 14, Uint8Array.of(0)), scan + 3, 13),
        "10 bytes about a scan of a JPEG file, but there are 11",
      ],
    ] as const) {
      expect(await refusal(bytes)).toBe(`decodeImage expects ${message}. ${CORRUPT}`);
    }
  });

  test("two frames, unknown or repeated components, sampling that none has: refused", async () => {
    const copy = file.subarray(frame, frame + 19);
    for (const [bytes, message] of [
      [insert(file, scan, copy), "one frame in a JPEG file, but there are two"],
      [
        changed(file, scan + 7, 1),
        "components of the frame, each once, in a scan of a JPEG file, but one says 1, 1, 3",
      ],
      [
        changed(file, scan + 7, 9),
        "components of the frame, each once, in a scan of a JPEG file, but one says 1, 9, 3",
      ],
      [changed(file, frame + 11, 0x51), "sampling factors of 1 to 4 in a JPEG file, but its frame says 5×1"],
      [changed(file, frame + 11, 0x10), "sampling factors of 1 to 4 in a JPEG file, but its frame says 1×0"],
    ] as const) {
      expect(await refusal(bytes)).toBe(`decodeImage expects ${message}. ${CORRUPT}`);
    }
  });

  test("comments, profiles and previews are not handed to the decoder", async () => {
    const whole = await decodeImage(file);
    const comment = Buffer.concat([Uint8Array.of(0xff, 0xfe, 0xff, 0xff), Buffer.alloc(65_533, 0xff)]);
    const preview = Buffer.concat([Uint8Array.of(0xff, 0xe2, 0, file.length + 2), file]);
    expect(file.length).toBeLessThan(65_000);
    preview.writeUInt16BE(file.length + 2, 2);
    expect(await decodeImage(insert(file, scan, comment, preview, comment))).toEqual(whole);
  });
});

/** The chunks of a PNG file, one of them with other content. */
function rewritten(
  file: Uint8Array,
  kind: string,
  change: (content: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const source = Buffer.from(file);
  const parts = [source.subarray(0, 8)];
  for (let at = 8; at < source.length; ) {
    const end = at + 8 + source.readUInt32BE(at);
    const type = source.subarray(at + 4, at + 8);
    const old = source.subarray(at + 8, end);
    const content = type.toString() === kind ? change(old) : old;
    if (content) {
      const numbers = Buffer.alloc(8);
      numbers.writeUInt32BE(content.length);
      numbers.writeUInt32BE(crc32(Buffer.concat([type, content])), 4);
      parts.push(numbers.subarray(0, 4), type, Buffer.from(content), numbers.subarray(4));
    }
    at = end + 4;
  }
  return new Uint8Array(Buffer.concat(parts));
}

describe("a PNG file that lacks something or contradicts itself", () => {
  const gray = bytesOf("PNG, gray of 8 bits");
  const header = (file: Uint8Array, at: number, ...values: readonly number[]) =>
    rewritten(file, "IHDR", (content) => changed(content, at, ...values));

  test.each([
    [
      "half of the compressed pixels, checksums right",
      rewritten(gray, "IDAT", (content) => content.subarray(0, content.length >> 1)),
      `decodeImage expects valid deflate data, but it cannot be decompressed. ${CUT}`,
    ],
    [
      "no compressed pixels",
      rewritten(gray, "IDAT", () => undefined),
      `decodeImage expects valid deflate data, but it cannot be decompressed. ${CUT}`,
    ],
    [
      "twice as many rows as there are pixels for",
      header(gray, 4, 0, 0, 0, 10),
      `decodeImage expects 100 bytes for 9×10 pixels, but the file holds 50. ${CUT}`,
    ],
    [
      "fewer rows than there are pixels for",
      header(gray, 4, 0, 0, 0, 4),
      "decodeImage expects at most 40 bytes of decompressed data, but there are more. Usual cause: a file made to exhaust memory.",
    ],
    [
      "no width",
      header(gray, 0, 0, 0, 0, 0),
      `decodeImage expects a picture of at least 1×1 pixels, but the file says 0×5. ${CORRUPT}`,
    ],
    [
      "a palette that is not there",
      header(gray, 9, 3),
      `decodeImage expects a palette of 1 to 256 colors, 3 bytes each, in a PNG file, but there are 0 bytes. ${CHANGED}`,
    ],
    [
      "colors of 4 bits",
      header(bytesOf("PNG, RGBA"), 8, 4),
      `decodeImage expects 8 or 16 bits for colors or alpha in a PNG file, but it says 4. ${CHANGED}`,
    ],
    [
      "a color type of 5",
      header(gray, 9, 5),
      `decodeImage expects a PNG color type of 0, 2, 3, 4 or 6, but the file says 5. ${CHANGED}`,
    ],
    [
      "interlaced bits that are not",
      header(bytesOf("PNG, gray of 1 bits"), 12, 1),
      `decodeImage expects 24 bytes for 9×5 pixels, but the file holds 15. ${CUT}`,
    ],
    [
      "two headers",
      Buffer.concat([gray.subarray(0, 33), gray.subarray(8)]),
      `decodeImage expects one chunk IHDR of 13 bytes in a PNG file, but there are two. ${CHANGED}`,
    ],
    [
      "a short header",
      rewritten(gray, "IHDR", (content) => content.subarray(0, 12)),
      `decodeImage expects one chunk IHDR of 13 bytes in a PNG file, but it has 12. ${CHANGED}`,
    ],
    [
      "no header",
      rewritten(gray, "IHDR", () => undefined),
      `decodeImage expects a PNG file that starts with IHDR, but it starts with "IDAT". ${CHANGED}`,
    ],
    [
      "no end",
      rewritten(gray, "IEND", () => undefined),
      `decodeImage expects a PNG file that ends with IEND, but the file ends before it. ${CUT}`,
    ],
  ] as const)("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toBe(message);
  });
});

describe("from a file to a tensor", () => {
  const GRAY = 77;

  /** Through every step, into a frame of 40×40 with a white border. */
  async function tensorOf(file: Uint8Array) {
    const framed = letterbox(resize(await decodeImage(file), 32, 16), 40, 40, { fill: [255, 255, 255] });
    return { framed, x: imageToTensor(framed.pixels) };
  }

  test.each(
    CHANNELS.flatMap((channels) =>
      [
        [1, 1],
        [20_000, 1],
        [1, 20_000],
        [20_000, 30],
      ].map(([width = 1, height = 1]) => ({ channels, width, height })),
    ),
  )("$width×$height pixels of $channels channels keep their color", async ({ channels, width, height }) => {
    const pixels = plain(width, height, channels, GRAY);
    const { framed, x } = await tensorOf(await encodePng(pixels));
    expect([framed.left, framed.top]).toEqual([0, 10]);
    expect(x.shape).toEqual([channels, 40, 40]);
    const inside = (i: number) => i % 1600 >= 400 && i % 1600 < 1200;
    expect(x.data.every((value, i) => value === (inside(i) ? Math.fround(GRAY / 255) : 1))).toBe(true);
  });

  test("a JPEG of 20,000×30 pixels", async () => {
    const data = new Uint8Array(20_000 * 30 * 4).fill(GRAY);
    const { x } = await tensorOf(new Uint8Array(encodeJpeg({ width: 20_000, height: 30, data }, 90).data));
    expect(x.shape).toEqual([3, 40, 40]);
    expect(Math.abs((x.data[20 * 40 + 20] ?? 0) - GRAY / 255)).toBeLessThan(2 / 255);
  });

  test("20,000×20,000 pixels are refused before they take memory", async () => {
    const huge = rewritten(bytesOf("PNG, gray of 8 bits"), "IHDR", (content) =>
      changed(content, 0, 0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20),
    );
    const cause =
      "Usual cause: a corrupt file, or a larger picture than planned: raise maxPixels if the memory is there.";
    expect(await refusal(huge)).toBe(
      `decodeImage expects at most 100000000 pixels, but the file says 20000×20000 = 400000000. ${cause}`,
    );
  });
});

test("packages that are not installed are named, with the command that installs them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "faltung-packages-"));
  try {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("../../src/vision.ts", import.meta.url))],
      external: ["jpeg-js", "fast-png"],
      ...({ bundle: true, format: "esm", target: "es2022", write: false } as const),
    });
    writeFileSync(join(folder, "vision.mjs"), outputFiles[0]?.text ?? "");
    writeFileSync(
      join(folder, "program.mjs"),
      `import { decodeImage, encodePng } from "./vision.mjs";
       const [jpeg, png] = ${JSON.stringify([cases[0], cases.at(-1)].map((entry) => entry?.file))};
       const bytes = (file) => new Uint8Array(Buffer.from(file, "base64"));
       const runs = [
         () => decodeImage(bytes(jpeg)),
         async () => { const { width, height } = await decodeImage(bytes(png)); return [width, height]; },
         () => encodePng({ width: 1, height: 1, data: Uint8Array.of(7) }),
       ];
       const told = [];
       for (const run of runs) {
         try { told.push(await run()); } catch (error) { told.push([error.name, error.message, error.cause.code]); }
       }
       console.log(JSON.stringify(told));`,
    );
    const output = execFileSync(process.execPath, ["program.mjs"], { cwd: folder, encoding: "utf8" });
    const told = (who: string, name: string, what: string) => [
      "StateError",
      `${who} expects the package ${name} for ${what}, but it cannot be loaded. Usual cause: it is optional and not installed: npm install ${name}.`,
      "ERR_MODULE_NOT_FOUND",
    ];
    expect(JSON.parse(output)).toEqual([
      told("decodeImage", "jpeg-js", "a JPEG file"),
      cases.at(-1)?.shape.slice(0, 2).reverse(), // needs none
      told("encodePng", "fast-png", "a PNG file"),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
