/** Cosines from +, −, ×, ÷ alone: the same bits on every JavaScript engine, unlike Math.cos. */

/** cos(π·x), within 2⁻⁵² of the true value, and exact at every multiple of ½. */
export function cosPi(x: number): number {
  const turn = Math.abs(x) % 2; // the cosine is even and has period 2π
  const half = turn > 1 ? 2 - turn : turn; // in [0, 1]
  if (half > 0.5) return -cosQuarter(1 - half);
  return cosQuarter(half);
}

/** On [0, ½]: the Taylor series of the cosine up to ¼, of the sine of the rest beyond; each ends below 2⁻⁵⁶. */
function cosQuarter(x: number): number {
  if (x > 0.25) {
    const y = Math.PI * (0.5 - x);
    const z = y * y;
    let series = 1;
    for (let n = 16; n >= 2; n -= 2) series = 1 - (series * z) / (n * (n + 1));
    return y * series;
  }
  const y = Math.PI * x;
  const z = y * y;
  let series = 1;
  for (let n = 17; n >= 1; n -= 2) series = 1 - (series * z) / (n * (n + 1));
  return series;
}
