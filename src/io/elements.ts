/** The element types of the files that this library reads, and how their bytes become numbers. */
import { checkOneOf } from "../shape/check.js";
import { hostIsLittleEndian } from "../tensor/log.js";
import type { DType, FloatArray } from "../tensor/tensor.js";

/** Options of everything that reads tensors. */
export interface ReadOptions {
  /**
   * Precision of the tensors. Default `"float32"`, whatever the file holds: numbers that it cannot hold exactly, such as
   * integers beyond ±2²⁴, are rounded to the nearest, ties to even. `"float64"` is exact for all but 64-bit integers
   * beyond ±2⁵³.
   */
  readonly dtype?: DType;
}

/** The checked precision that a reader was asked for. */
export function checkPrecision(who: string, dtype: DType): DType {
  return checkOneOf(who, "dtype", dtype, ["float32", "float64"]);
}

const VIEWS = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export type ElementType = keyof typeof VIEWS;

export function bytesPerElement(type: ElementType): number {
  return VIEWS[type].BYTES_PER_ELEMENT;
}

const HOST_IS_LITTLE_ENDIAN = /* @__PURE__ */ hostIsLittleEndian();

type ArrayOf<T extends ElementType> = InstanceType<(typeof VIEWS)[T]>;

/** A copy of the bytes as the typed array of their type; their length must be a multiple of the element's. */
export function decodeTyped<T extends ElementType>(bytes: Uint8Array, type: T, littleEndian: boolean): ArrayOf<T> {
  const copy = inHostOrder(bytes, bytesPerElement(type), littleEndian);
  return new VIEWS[type](copy.buffer) as ArrayOf<T>;
}

/** Like {@link decodeTyped}, but in the bytes' own memory where alignment and byte order allow. */
function viewTyped<T extends ElementType>(bytes: Uint8Array, type: T, littleEndian: boolean): ArrayOf<T> {
  const size = bytesPerElement(type);
  const direct = bytes.byteOffset % size === 0 && (size === 1 || littleEndian === HOST_IS_LITTLE_ENDIAN);
  if (!direct) return decodeTyped(bytes, type, littleEndian);
  return new VIEWS[type](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size) as ArrayOf<T>;
}

/**
 * The bytes' numbers in the precision of `dtype`: each rounded to the nearest that it can hold, ties to even.
 * 64-bit integers beyond ±2⁵³ are rounded to double precision on the way. Any boolean but 0 is 1.
 */
export function decodeFloats(bytes: Uint8Array, type: ElementType, littleEndian: boolean, dtype: DType): FloatArray {
  const numbers = decodeNumbers(bytes, type, littleEndian);
  const Wanted = dtype === "float64" ? Float64Array : Float32Array;
  return numbers instanceof Wanted && numbers.buffer !== bytes.buffer ? (numbers as FloatArray) : new Wanted(numbers);
}

function decodeNumbers(
  bytes: Uint8Array,
  type: ElementType,
  littleEndian: boolean,
): ArrayLike<number> & { readonly buffer: ArrayBufferLike } {
  switch (type) {
    case "float16":
      return halves(viewTyped(bytes, type, littleEndian));
    case "bfloat16": {
      const words = Uint32Array.from(viewTyped(bytes, type, littleEndian), (bits) => bits << 16);
      return new Float32Array(words.buffer);
    }
    case "int64":
    case "uint64":
      return Float64Array.from<bigint>(viewTyped(bytes, type, littleEndian), Number);
    case "bool":
      return bytes.map((byte) => (byte === 0 ? 0 : 1));
    default:
      return viewTyped(bytes, type, littleEndian);
  }
}

/** Half precision has 1 sign bit, 5 of exponent, 10 of fraction; every one of its numbers is a float32. */
function halves(bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  const words = new Uint32Array(numbers.buffer);
  bits.forEach((half, i) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) {
      numbers[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    } else {
      // The exponent's bias grows from 15 to 127; 31 means infinity or NaN and stays all ones.
      words[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
    }
  });
  return numbers;
}

/** The numbers' bytes, little-endian. */
export function encodeFloats(data: FloatArray): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return HOST_IS_LITTLE_ENDIAN ? bytes : inHostOrder(bytes, data.BYTES_PER_ELEMENT, true);
}

/** A copy of the bytes, each element turned round where the file's byte order is not the machine's. */
function inHostOrder(bytes: Uint8Array, size: number, littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  if (size > 1 && littleEndian !== HOST_IS_LITTLE_ENDIAN) {
    for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  }
  return copy;
}
