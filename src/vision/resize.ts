import { checkOneOf, readOptions } from "../shape/check.js";
import { blank } from "./blank.js";
import { channelsOf, type Pixels } from "./pixels.js";

export interface ResizeOptions {
  /** Default `"bilinear"`. `"nearest"` makes no new values: for masks of class numbers. */
  readonly mode?: "bilinear" | "nearest";
  /** Whether a smaller picture averages all the pixels that it stands for. Default true. */
  readonly antialias?: boolean;
}

/**
 * The picture at another size. Output pixel i lies at the input position p = (i + ½) · s − ½ with s = H / H′, and is
 *
 *     "bilinear"   Σ_j pixel[j] · max(0, 1 − |j − p| / r) / Σ_j max(0, 1 − |j − p| / r)
 *                  r = max(s, 1) with antialias, 1 without; rounded, halves to even
 *     "nearest"    the pixel ⌊(i + ½) · s⌋
 *
 * along each dimension. Equals torchvision's `resize` of a tensor, and `torch.nn.functional.interpolate(mode="bilinear",
 * antialias=…)` or `mode="nearest-exact"`, up to their float32 round-off. Each channel for itself, alpha included.
 *
 * @throws ArgumentError for sides that are not positive integers, or an unknown mode.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 * @example
 * const thumbnail = resize(photo, 160, 120);
 */
export function resize(pixels: Pixels, width: number, height: number, options: ResizeOptions = {}): Pixels {
  return resample("resize", pixels, width, height, options);
}

/** {@link resize} for a function that its sentences name. */
export function resample(who: string, pixels: Pixels, width: number, height: number, options: ResizeOptions): Pixels {
  const { mode, antialias } = readOptions(who, options, { mode: "bilinear", antialias: true });
  const channels = channelsOf(who, pixels);
  checkOneOf(who, "mode", mode, ["bilinear", "nearest"]);
  const result = blank(who, width, height, channels);
  const weigh = mode === "nearest" ? nearest : (from: number, to: number) => triangle(from, to, antialias);
  const columns = weigh(pixels.width, width);
  const rows = weigh(pixels.height, height);
  // Its conversion clamps and rounds halves to even.
  const out = new Uint8ClampedArray(result.data.buffer);
  const { data } = pixels;
  const stride = pixels.width * channels;
  // Down first, one output row at a time: no picture is ever stored in between.
  const mixed = new Float64Array(stride);
  for (let i = 0; i < height; i++) {
    mixed.fill(0);
    for (let tap = rows.starts[i] ?? 0; tap < (rows.starts[i + 1] ?? 0); tap++) {
      const weight = rows.weights[tap] ?? 0;
      const start = (rows.indices[tap] ?? 0) * stride;
      for (let j = 0; j < stride; j++) mixed[j] = (mixed[j] ?? 0) + weight * (data[start + j] ?? 0);
    }
    for (let j = 0; j < width; j++) {
      const end = columns.starts[j + 1] ?? 0;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let tap = columns.starts[j] ?? 0; tap < end; tap++) {
          sum += (columns.weights[tap] ?? 0) * (mixed[(columns.indices[tap] ?? 0) * channels + c] ?? 0);
        }
        out[(i * width + j) * channels + c] = sum;
      }
    }
  }
  return result;
}

/** Which input positions output position i mixes: those from starts[i] to starts[i + 1]. */
interface Taps {
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

function nearest(from: number, to: number): Taps {
  const starts = Array.from({ length: to + 1 }, (_, i) => i);
  const indices = Array.from({ length: to }, (_, i) => Math.min(Math.floor(((i + 0.5) * from) / to), from - 1));
  return { starts, indices, weights: indices.map(() => 1) };
}

function triangle(from: number, to: number, antialias: boolean): Taps {
  const scale = from / to;
  const radius = antialias ? Math.max(scale, 1) : 1;
  const starts = [0];
  const indices: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < to; i++) {
    // Beyond an edge lies the edge's pixel; only without antialias does a position reach it.
    const center = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
    const first = Math.max(Math.ceil(center - radius), 0);
    const last = Math.min(Math.floor(center + radius), from - 1);
    let sum = 0;
    for (let j = first; j <= last; j++) sum += 1 - Math.abs(j - center) / radius;
    for (let j = first; j <= last; j++) {
      const weight = (1 - Math.abs(j - center) / radius) / sum;
      if (weight <= 0) continue;
      indices.push(j);
      weights.push(weight);
    }
    starts.push(indices.length);
  }
  return { starts, indices, weights };
}
