/**
 * Sine and cosine from + and × alone, so that a seed gives the same bits on every engine (Math.sin may differ in the last
 * place). Taylor series to x³⁰: below π the next terms are under 2⁻⁵³; error at most 1e-14 (tested against Math.sin).
 *
 * @param angle in radians, from −π to π
 */
export function sinCos(angle: number): readonly [sin: number, cos: number] {
  const square = angle * angle;
  let sin = 1;
  let cos = 1;
  for (let n = 30; n >= 2; n -= 2) {
    sin = 1 - (square * sin) / (n * (n + 1));
    cos = 1 - (square * cos) / (n * (n - 1));
  }
  return [angle * sin, cos];
}
