/** Bytes of the WebAssembly binary format: https://webassembly.github.io/spec/core/binary/ */

/** A non-negative integer, seven bits a byte, the lowest first. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  while (value > 127) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
  return bytes;
}

/** An integer of at most 53 bits in two's complement, seven bits a byte, the lowest first. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  while (value < -64 || value > 63) {
    const low = ((value % 128) + 128) % 128;
    bytes.push(low + 128);
    value = (value - low) / 128;
  }
  bytes.push(value & 127);
  return bytes;
}

/** Appends bytes. Kernels are written by code that runs once: a spread or an iterator would leave much garbage. */
export function append(target: number[], bytes: readonly number[]): void {
  for (let i = 0; i < bytes.length; i++) target.push(bytes[i]!);
}

/** The count of the elements, then the elements. */
export function vector(elements: readonly (readonly number[])[]): number[] {
  return unsigned(elements.length).concat(...elements);
}

/** The count of the bytes, then the bytes. */
export function sized(bytes: readonly number[]): number[] {
  return unsigned(bytes.length).concat(bytes);
}

export function name(text: string): number[] {
  return sized([...new TextEncoder().encode(text)]);
}

/** The bytes that a typed array of these numbers has, low end first as WebAssembly wants them. */
export function littleEndian(type: "f32" | "f64" | "i32", ...values: readonly number[]): number[] {
  const size = type === "f64" ? 8 : 4;
  const view = new DataView(new ArrayBuffer(size * values.length));
  values.forEach((value, i) => {
    if (type === "f32") view.setFloat32(i * size, value, true);
    else if (type === "f64") view.setFloat64(i * size, value, true);
    else view.setInt32(i * size, value, true);
  });
  return [...new Uint8Array(view.buffer)];
}
