/** Measurements as aligned text. */

export interface Measurement {
  readonly name: string;
  readonly work: string;
  /** Seconds of one run: the median of the samples. */
  readonly median: number;
  /** Seconds between the first and the third quartile of the samples. */
  readonly spread: number;
  readonly samples: number;
  /** 10⁹ floating-point operations a second at the median; null where speed is not in flops. */
  readonly gflops: number | null;
}

const COLUMNS = ["case", "work", "median", "± spread", "GFLOP/s", "samples"] as const;
const WIDTHS = [32, 28, 12, 10, 9, 8] as const;

export function heading(): string {
  return line(COLUMNS);
}

export function row({ name, work, median, spread, samples, gflops }: Measurement): string {
  const relative = `${((100 * spread) / 2 / median).toFixed(1)} %`;
  return line([name, work, duration(median), relative, gflops?.toFixed(2) ?? "", String(samples)]);
}

/** Two text columns to the left, numbers to the right. */
function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i]!))).join("");
}

function duration(seconds: number): string {
  return seconds < 1e-3 ? `${(1e6 * seconds).toFixed(1)} µs` : `${(1e3 * seconds).toFixed(2)} ms`;
}

/** The first, second and third quartile of `samples`, interpolated between neighbours. */
export function quartiles(samples: readonly number[]): readonly [number, number, number] {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return low + (place % 1) * (sorted[Math.ceil(place)]! - low);
  };
  return [at(0.25), at(0.5), at(0.75)];
}
