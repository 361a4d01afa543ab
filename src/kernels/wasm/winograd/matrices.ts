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
import { wholePower } from "../../../tensor/math.js";

/** 1 comes first: what is added to its product is added to every output. */
const POINTS: readonly number[] = [1, 0, -1, 2, -2, 0.5, -0.5, 4];
/** Points that there are, with ∞. */
export const MAX_POINTS = 9;

/** By rows: Bᵀ (points × points), G (points × taps) and A (points × outputs). */
export type Matrices = Readonly<Record<"input" | "filter" | "output", Float32Array>>;

export function minimalFiltering(outputs: number, taps: number): Matrices {
  const finite = POINTS.slice(0, outputs + taps - 2);
  const [input, filter, output]: [number[], number[], number[]] = [[], [], []];
  for (const x of [...finite, Infinity]) {
    const others = finite.filter((y) => y !== x);
    const powers = (count: number, first: number) =>
      Array.from({ length: count }, (_, i) => (x < Infinity ? first * wholePower(x, i) : +(i === count - 1)));
    input.push(...polynomial(others), ...(x < Infinity ? [0] : []));
    // Nothing but G is scaled: the other two stay exact.
    filter.push(...powers(taps, 1 / others.reduce((product, y) => product * (x - y), 1)));
    output.push(...powers(outputs, 1));
  }
  return { input: Float32Array.from(input), filter: Float32Array.from(filter), output: Float32Array.from(output) };
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
