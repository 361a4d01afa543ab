/** Tables as aligned text, and numbers as people read them. */

/** Rows of cells under a heading; `left` columns of text, then numbers, which line up at the right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three significant digits: `"1.23"`, `"45.6"`, `"789"`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 99.95 || value === 0 ? value.toFixed(0) : value.toPrecision(3);
}

export function duration(seconds: number): string {
  if (seconds < 1e-3) return `${digits(1e6 * seconds)} µs`;
  return seconds < 1 ? `${digits(1e3 * seconds)} ms` : `${digits(seconds)} s`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

/** Half the distance of the quartiles, as a share of the median. */
export function spread({ low, median, high }: { low: number; median: number; high: number }): string {
  return `± ${percent((high - low) / 2 / median)}`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
