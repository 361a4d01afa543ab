/** Zip files as other programs write them, and as nobody should. */
import { crc32, deflateRawSync } from "node:zlib";

export interface Part {
  readonly name: string | Buffer;
  readonly content: Uint8Array;
  readonly deflated?: boolean;
  /** Which numbers stand in the zip64 field instead of their places. */
  readonly zip64?: readonly ("size" | "packedSize" | "offset")[];
  /** Other fields before the zip64 field. */
  readonly extra?: readonly { readonly id: number; readonly data: Buffer }[];
  // What is not so.
  readonly method?: number;
  readonly encrypted?: boolean;
  readonly packed?: Buffer;
  readonly size?: number;
}

interface Ends {
  readonly end64At?: number | bigint;
  readonly start64?: bigint;
  readonly count64?: bigint;
  readonly disks?: bigint;
  /** Whether the small end says that the larger one knows. */
  readonly hidden?: boolean;
}

function bytes(...fields: readonly (readonly [size: 2 | 4 | 8, value: number | bigint])[]): Buffer {
  return Buffer.concat(
    fields.map(([size, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, size);
    }),
  );
}

/** @param ends how the file ends: as small files do, with zip64's record as well, or with the numbers in that alone. */
export function zipFile(parts: readonly Part[], ends: "small" | "both" | "zip64" = "small"): Uint8Array {
  if (ends !== "small") return withEnds(parts, { hidden: ends === "zip64" });
  const { body, directory } = bodyOf(parts);
  return new Uint8Array(Buffer.concat([body, directory, endOf(parts.length, directory.length, body.length)]));
}

/** With zip64's record and locator, some of their numbers changed. */
export function withEnds(parts: readonly Part[], change: Ends): Uint8Array {
  const { body, directory } = bodyOf(parts);
  const at = body.length + directory.length;
  const count = change.count64 ?? parts.length;
  const end64 = bytes(
    [4, 0x06064b50],
    [8, 44],
    [2, 45],
    [2, 45],
    [4, change.disks ?? 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, directory.length],
    [8, change.start64 ?? body.length],
  );
  const locator = bytes([4, 0x07064b50], [4, 0], [8, change.end64At ?? at], [4, 1]);
  const end = change.hidden
    ? endOf(0xffff, 0xffffffff, 0xffffffff)
    : endOf(parts.length, directory.length, body.length);
  return new Uint8Array(Buffer.concat([body, directory, end64, locator, end]));
}

function endOf(count: number, size: number, start: number): Buffer {
  return bytes([4, 0x06054b50], [4, 0], [2, count], [2, count], [4, size], [4, start], [2, 0]);
}

function bodyOf(parts: readonly Part[]): { body: Buffer; directory: Buffer } {
  let body = Buffer.alloc(0);
  let directory = Buffer.alloc(0);
  for (const part of parts) {
    const name = Buffer.from(part.name as string);
    const packed = part.packed ?? (part.deflated ? deflateRawSync(part.content) : Buffer.from(part.content));
    const method = part.method ?? (part.deflated ? 8 : 0);
    const flags = (1 << 11) | (part.encrypted ? 1 : 0);
    const numbers = { size: part.size ?? part.content.length, packedSize: packed.length, offset: body.length };
    const is64 = (field: keyof typeof numbers) => part.zip64?.includes(field) ?? false;
    const small = (field: keyof typeof numbers) => (is64(field) ? 0xffffffff : numbers[field]);
    const large = (["size", "packedSize", "offset"] as const).filter(is64).map((field) => [8, numbers[field]] as const);
    const extra = Buffer.concat([
      ...(part.extra ?? []).map(({ id, data }) => Buffer.concat([bytes([2, id], [2, data.length]), data])),
      ...(large.length > 0 ? [bytes([2, 1], [2, 8 * large.length], ...large)] : []),
    ]);
    const sum = crc32(part.content);
    const common = bytes([2, 45], [2, flags], [2, method], [4, 0], [4, sum]);
    const local = bytes([4, packed.length], [4, numbers.size], [2, name.length], [2, 0]);
    const central = bytes([4, small("packedSize")], [4, small("size")], [2, name.length], [2, extra.length]);
    const rest = bytes([2, 0], [2, 0], [2, 0], [4, 0], [4, small("offset")]);
    directory = Buffer.concat([directory, bytes([4, 0x02014b50], [2, 45]), common, central, rest, name, extra]);
    body = Buffer.concat([body, bytes([4, 0x04034b50]), common, local, name, packed]);
  }
  return { body, directory };
}
