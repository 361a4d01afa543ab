/**
 * Decompression of deflate (RFC 1951), of data that nobody vouches for. The platform's DecompressionStream does not say
 * where compressed data ends, and engines differ in what they take after it; this is the same everywhere.
 */
import { refuse, TRUNCATED } from "./bytes.js";

/** No deflate stream grows by more than this: https://zlib.net/zlib_tech.html */
export const MAX_DEFLATE_RATIO = 1032;

/** Bytes that grow as they come, up to `max`. */
export class Output {
  bytes: Uint8Array;
  length = 0;

  /** @param expected bytes to make room for at once. They cost nothing until they are written. */
  constructor(
    readonly who: string,
    readonly max: number,
    expected: number,
  ) {
    this.bytes = bytesFor(who, Math.min(max, expected));
  }

  /** Makes room for `count` bytes after the first `length`. @throws FormatError where they would be more than `max`. */
  reserve(length: number, count: number): Uint8Array {
    const needed = length + count;
    if (needed > this.max) {
      refuse(this.who, `at most ${this.max} bytes of decompressed data`, "there are more", EXHAUST);
    }
    if (needed > this.bytes.length) {
      const larger = bytesFor(this.who, Math.min(this.max, Math.max(needed, 2 * this.bytes.length)));
      larger.set(this.bytes.subarray(0, length));
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** What was written, in an array of about its size. */
  content(): Uint8Array {
    const { bytes, length } = this;
    return 2 * length < bytes.length ? bytes.slice(0, length) : bytes.subarray(0, length);
  }
}

export const EXHAUST = "a file made to exhaust memory";

function bytesFor(who: string, size: number): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch {
    return refuse(who, `memory for ${size} bytes of decompressed data`, "there is none", EXHAUST);
  }
}

/** Codes up to this length are looked up at once, longer ones bit by bit: a table for all takes longer than a short block. */
const QUICK = 10;

/** A canonical Huffman code. */
interface Code {
  /** By the next QUICK bits: symbol · 16 + length; 0 where the code is longer. */
  readonly quick: Uint16Array;
  /** How many codes there are of each length. */
  readonly counts: Uint16Array;
  /** By length, then by value. */
  readonly symbols: Uint16Array;
}

// RFC 1951, 3.2.5: lengths and distances, and how many extra bits follow each code.
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** 3.2.7: the order in which a block lists the lengths of the codes for its codes' lengths. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** 3.2.6: the codes of blocks that bring none. */
let fixed: readonly [Code, Code] | undefined;

/**
 * Appends what the stream of blocks that starts at byte `start` stands for to `output`. Time and memory are linear in
 * the bytes read and written.
 * @returns where the stream ends; undefined when it is not valid or runs past the end.
 * @throws FormatError for more bytes than `output` takes.
 */
export function inflate(packed: Uint8Array, start: number, output: Output): number | undefined {
  const source = new Bits(packed, start);
  const base = output.length;
  for (let last = 0; last === 0; ) {
    last = source.take(1);
    const type = source.take(2);
    let valid = false;
    if (type === 0) valid = copyStored(source, output);
    else if (type === 1) {
      fixed ??= [
        codeOf(Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
        codeOf(new Uint8Array(32).fill(5)),
      ] as [Code, Code];
      valid = decodeBlock(source, output, base, ...fixed);
    } else if (type === 2) {
      const codes = readCodes(source);
      valid = codes !== undefined && decodeBlock(source, output, base, ...codes);
    }
    if (!valid || source.ended > packed.length) return undefined;
  }
  return source.ended;
}

/** Bits from the lowest of each byte on; after the end, zeros. */
class Bits {
  hold = 0;
  count = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** The next `size` ≤ 16 bits as a number. */
  take(size: number): number {
    while (this.count < size) {
      this.hold |= (this.bytes[this.at++] ?? 0) << this.count;
      this.count += 8;
    }
    const bits = this.hold & ((1 << size) - 1);
    this.hold >>>= size;
    this.count -= size;
    return bits;
  }

  /** The byte after the last one that bits were taken of. */
  get ended(): number {
    return this.at - (this.count >> 3);
  }

  /** Steps to the next whole byte and returns where it is. */
  align(): number {
    this.at = this.ended;
    this.hold = this.count = 0;
    return this.at;
  }
}

/** 3.2.4: a length, its complement, and as many bytes. */
function copyStored(source: Bits, output: Output): boolean {
  const at = source.align() + 4;
  const size = source.take(16);
  if (source.take(16) !== (~size & 0xffff) || at + size > source.bytes.length) return false;
  output.reserve(output.length, size).set(source.bytes.subarray(at, at + size), output.length);
  output.length += size;
  source.at = at + size;
  return true;
}

/** 3.2.7: the codes that a block brings for literals and lengths, and for distances. */
function readCodes(source: Bits): [Code, Code] | undefined {
  const literals = source.take(5) + 257;
  const distances = source.take(5) + 1;
  const listed = source.take(4) + 4;
  if (literals > 286 || distances > 30) return undefined;
  const own = new Uint8Array(19);
  for (const symbol of ORDER.slice(0, listed)) own[symbol] = source.take(3);
  const code = codeOf(own);
  if (!code) return undefined;
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = takeSymbol(source, code);
    if (symbol < 0 || source.ended > source.bytes.length) return undefined;
    if (symbol < 16) lengths[i++] = symbol;
    else {
      if (symbol === 16 && i === 0) return undefined;
      const length = symbol === 16 ? (lengths[i - 1] ?? 0) : 0;
      const times = symbol === 16 ? 3 + source.take(2) : symbol === 17 ? 3 + source.take(3) : 11 + source.take(7);
      if (i + times > lengths.length) return undefined;
      lengths.fill(length, i, i + times);
      i += times;
    }
  }
  if (lengths[256] === 0) return undefined; // no end
  const both = [codeOf(lengths.subarray(0, literals)), codeOf(lengths.subarray(literals))] as const;
  return both[0] && both[1] && [both[0], both[1]];
}

/**
 * The code whose symbols have these lengths; undefined where they are too many for it, or too few: 3.2.7 allows one
 * code of one bit alone, or none at all.
 */
function codeOf(lengths: Uint8Array): Code | undefined {
  const counts = new Uint16Array(16);
  for (const length of lengths) if (length > 0) counts[length] = (counts[length] ?? 0) + 1;
  const offsets = new Uint16Array(17);
  const next = new Uint16Array(17);
  let free = 1;
  for (let length = 1; length <= 15; length++) {
    const count = counts[length] ?? 0;
    free = 2 * free - count;
    if (free < 0) return undefined;
    offsets[length + 1] = (offsets[length] ?? 0) + count;
    next[length + 1] = ((next[length] ?? 0) + count) << 1;
  }
  const used = offsets[16] ?? 0;
  if (free > 0 && !(used === 0 || (used === 1 && counts[1] === 1))) return undefined;
  const symbols = new Uint16Array(used);
  const quick = new Uint16Array(1 << QUICK);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    const value = next[length] ?? 0;
    const index = offsets[length] ?? 0;
    next[length] = value + 1;
    offsets[length] = index + 1;
    symbols[index] = symbol;
    if (length > QUICK) continue;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((value >> bit) & 1) << (length - 1 - bit);
    for (; reversed < quick.length; reversed += 1 << length) quick[reversed] = (symbol << 4) | length;
  }
  return { quick, counts, symbols };
}

/** The symbol whose code comes next, −1 where there is none. */
function takeSymbol(source: Bits, code: Code): number {
  while (source.count < 15) {
    source.hold |= (source.bytes[source.at++] ?? 0) << source.count;
    source.count += 8;
  }
  const entry = lookUp(code, source.hold);
  source.hold >>>= entry & 15;
  source.count -= entry & 15;
  return (entry >> 4) - (entry === 0 ? 1 : 0);
}

/** Of the code that `bits` start with: symbol · 16 + length; 0 where there is none. */
function lookUp({ quick, counts, symbols }: Code, bits: number): number {
  const entry = quick[bits & ((1 << QUICK) - 1)] ?? 0;
  if (entry !== 0) return entry;
  // Codes of one length are numbers in a row, after which those of the next length start, with a bit more.
  let value = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= 15; length++) {
    value |= (bits >>> (length - 1)) & 1;
    const count = counts[length] ?? 0;
    if (value - first < count) return ((symbols[index + value - first] ?? 0) << 4) | length;
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return 0;
}

/** Symbols up to the end of the block. False where one is not valid, or reaches before `base` or past the input's end. */
function decodeBlock(source: Bits, output: Output, base: number, literals: Code, distances: Code): boolean {
  // Locals, since this loop is where the time goes.
  const { bytes } = source;
  const literalQuick = literals.quick;
  const distanceQuick = distances.quick;
  const mask = (1 << QUICK) - 1;
  const max = bytes.length + 4; // bytes that were not there may be in `hold`, but not taken
  let { hold, count, at } = source;
  let to = output.length;
  let target = output.bytes;
  let room = target.length;
  let valid = false;
  while (at <= max) {
    while (count < 20) {
      hold |= (bytes[at++] ?? 0) << count;
      count += 8;
    }
    let entry = (literalQuick[hold & mask] ?? 0) || lookUp(literals, hold);
    hold >>>= entry & 15;
    count -= entry & 15;
    const symbol = entry >> 4;
    if (entry === 0 || symbol > 285) break;
    if (symbol < 256) {
      if (to === room) {
        target = output.reserve(to, 1);
        room = target.length;
      }
      target[to++] = symbol;
      continue;
    }
    if (symbol === 256) {
      valid = true;
      break;
    }
    const extra = LENGTH_BITS[symbol - 257] ?? 0;
    const length = (LENGTHS[symbol - 257] ?? 0) + (hold & ((1 << extra) - 1));
    hold >>>= extra;
    count -= extra;
    while (count < 15) {
      hold |= (bytes[at++] ?? 0) << count;
      count += 8;
    }
    entry = (distanceQuick[hold & mask] ?? 0) || lookUp(distances, hold);
    hold >>>= entry & 15;
    count -= entry & 15;
    if (entry === 0 || entry >> 4 > 29) break;
    while (count < 13) {
      hold |= (bytes[at++] ?? 0) << count;
      count += 8;
    }
    const far = DISTANCE_BITS[entry >> 4] ?? 0;
    const from = to - (DISTANCES[entry >> 4] ?? 0) - (hold & ((1 << far) - 1));
    hold >>>= far;
    count -= far;
    if (from < base) break;
    const end = to + length;
    if (end > room) {
      target = output.reserve(to, length);
      room = target.length;
    }
    if (from === to - 1 && length > 32) {
      target.fill(target[from] ?? 0, to, end);
      to = end;
    } else for (let i = from; to < end; i++) target[to++] = target[i] ?? 0;
  }
  source.hold = hold;
  source.count = count;
  source.at = at;
  output.length = to;
  return valid;
}

/** `zlib` (RFC 1950): two bytes, a deflate stream, and a checksum. @throws FormatError as {@link inflate} says. */
export function inflateZlib(who: string, packed: Uint8Array, max: number): Uint8Array {
  const output = new Output(who, max, packed.length * MAX_DEFLATE_RATIO);
  const [method = 0, flags = 0] = packed;
  const valid = (method & 15) === 8 && method >> 4 <= 7 && ((method << 8) | flags) % 31 === 0 && (flags & 0x20) === 0;
  const end = valid ? inflate(packed, 2, output) : undefined;
  if (end === undefined || end + 4 > packed.length) invalid(who, "deflate");
  const sum = new DataView(packed.buffer, packed.byteOffset + end, 4).getUint32(0);
  const content = output.content();
  if (adler32(content) !== sum)
    refuse(who, "the checksum in the compressed data", "the content has another", "damaged data");
  return content;
}

export function invalid(who: string, format: string): never {
  refuse(who, `valid ${format} data`, "it cannot be decompressed", TRUNCATED);
}

/** RFC 1950, 9. The sums of 3800 bytes at most stay below 2³¹. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length; ) {
    for (const end = Math.min(i + 3800, bytes.length); i < end; i++) {
      a += bytes[i] ?? 0;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}
