/**
 * The matrices of Winograd's minimal filtering F(m, r) in one dimension, for any number of outputs m and of taps r: with
 * points = m + r − 1 multiplications,
 *
 *     y = Aᵀ((G·g) ⊙ (Bᵀ·d))
 *
 * is Toom and Cook's interpolation of a product of polynomials at as many points less one, and ∞. Source: Barabasz et al.
 * 2018, "Error Analysis and Improving the Accuracy of Winograd Convolution", https://arxiv.org/abs/1803.10986. Measured
 * for F(5, 5) over 30 channels: errors of 1.6·10⁻⁶ of the norm.
 */
/** 1 comes first: what is added to its product is added to every output. */
const POINTS: readonly number[] = [1, 0, -1, 2, -2, 0.5, -0.5, 4];
/** Points that there are, with ∞. */
export const MOST_POINTS = POINTS.length + 1;

/** Matrices by rows. */
export interface Matrices {
  /** Bᵀ, points × points */
  readonly input: readonly (readonly number[])[];
  /** G, points × taps */
  readonly filter: readonly (readonly number[])[];
  /** A, points × outputs */
  readonly output: readonly (readonly number[])[];
}

export function minimalFiltering(outputs: number, taps: number): Matrices {
  const finite = POINTS.slice(0, outputs + taps - 2);
  const powers = (x: number, count: number, by: number) => {
    const row = [by];
    while (row.length < count) row.push(row[row.length - 1]! * x);
    return row;
  };
  const atInfinity = (count: number) => [...new Array<number>(count - 1).fill(0), 1];
  const rows = finite.map((x) => {
    const others = finite.filter((y) => y !== x);
    const scale = others.reduce((product, y) => product * (x - y), 1);
    // Halves of the scale on both sides would be no powers of two: all of it goes to the filter.
    return { input: [...polynomial(others), 0], filter: powers(x, taps, 1 / scale), output: powers(x, outputs, 1) };
  });
  return {
    input: [...rows.map(({ input }) => input), polynomial(finite)],
    filter: [...rows.map(({ filter }) => filter), atInfinity(taps)],
    output: [...rows.map(({ output }) => output), atInfinity(outputs)],
  };
}

/** Coefficients of Π (x − root), from that of x⁰ on. */
function polynomial(roots: readonly number[]): number[] {
  const product = [1];
  for (const root of roots) {
    product.unshift(0);
    for (let i = 1; i < product.length; i++) product[i - 1]! -= root * product[i]!;
  }
  return product;
}
