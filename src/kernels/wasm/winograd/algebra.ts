/**
 * The one-dimensional transforms of Winograd's minimal filtering F(m, r): m outputs of a filter g of r taps over
 * m + r − 1 inputs d, by as many multiplications:
 *
 *     y = Aᵀ((G·g) ⊙ (Bᵀ·d))
 *
 * G and A evaluate polynomials at the points 0, ±1, ∞, and ±2 where there are six; Bᵀ depends on nothing but the points.
 * In two dimensions each is applied to the columns and then to the rows. Source: Lavin & Gray 2016, "Fast Algorithms
 * for Convolutional Neural Networks", https://arxiv.org/abs/1509.09308.
 */
import type { Expr, Local, Operand } from "../assembler/expression.js";
import { add, mul, sub } from "../assembler/f32x4.js";
import * as i32x4 from "../assembler/i32x4.js";
import { multiplyAdd } from "../assembler/simd.js";
import { keep } from "../elementwise/math.js";
import { times, type Variant } from "./variant.js";

type Vector = Expr<"v128">;
type Vectors = readonly Vector[];
/** A transform reads its operands more than once, so they are variables. */
type Transform = (values: readonly Local<"v128">[]) => Vectors;

/** The transforms of one variant. */
export interface Algebra {
  /** Bᵀ·d */
  readonly input: Transform;
  /** G·g */
  readonly filter: Transform;
  /** Aᵀ·m */
  readonly output: Transform;
  /** A·dy, the adjoint of `output` */
  readonly outputGradient: Transform;
  /** Gᵀ·u, the adjoint of `filter`; for six points */
  readonly filterGradient: Transform;
}

/** The transforms, to be used in the function that is being written. `constant`: how it holds the factors of `filter`. */
export function algebra(
  { points, taps, size, simd }: Variant,
  constant: (value: number) => Operand<"v128"> = (value) => value,
): Algebra {
  const madd = multiplyAdd(simd);
  const plus = (sum: Vector, factor: number, value: Vector): Vector =>
    factor === 1 ? add(sum, value) : madd(sum, constant(factor), value);

  /** factor·Σ valueᵢ·xⁱ for x = root and for x = −root */
  const pair = (values: Vectors, root: number, factor: number): Vectors => {
    const part = (first: number, by: number): Vector => {
      const terms = values.filter((_, i) => i % 2 === first);
      const sum = terms.reduceRight((higher, term) => plus(term, root * root, higher));
      return keep(by === 1 ? sum : mul(sum, constant(by)));
    };
    const [even, odd] = [part(0, factor), part(1, factor * root)];
    return [add(even, odd), sub(even, odd)];
  };

  return {
    input([d0, d1, d2, d3, d4, d5]) {
      if (points === 4) return [sub(d0!, d2!), add(d1!, d2!), sub(d2!, d1!), sub(d3!, d1!)];
      // rows of Bᵀ: (4 0 −5 0 1 0), (0 −4 −4 1 1 0), (0 4 −4 −1 1 0), (0 −2 −1 2 1 0), (0 2 −1 −2 1 0), (0 4 0 −5 0 1)
      const even = keep(madd(d4!, -4, d2!));
      const odd = keep(madd(d3!, -4, d1!));
      const evens = keep(sub(d4!, d2!));
      const odds = keep(sub(d3!, d1!));
      const twice = keep(add(odds, odds));
      return [
        madd(evens, -4, sub(d2!, d0!)),
        add(even, odd),
        sub(even, odd),
        add(evens, twice),
        sub(evens, twice),
        madd(sub(d5!, d3!), -4, odds),
      ];
    },
    // rows of G: (1/4 0 0 …), −(1 1 1 …)/6, −(1 −1 1 …)/6, (1 2 4 …)/24, (1 −2 4 …)/24, (… 0 0 1);
    // of four points: (1 0 0 …), (1 1 1 …)/2, (1 −1 1 …)/2, (… 0 0 1)
    filter: (g) =>
      points === 4
        ? [g[0]!, ...pair(g, 1, 1 / 2), g.at(-1)!]
        : [mul(g[0]!, constant(1 / 4)), ...pair(g, 1, -1 / 6), ...pair(g, 2, 1 / 24), g.at(-1)!],
    // rows of Aᵀ: (1 1 1 1 1 0), (0 1 −1 2 −2 0), (0 1 1 4 4 0), (0 1 −1 8 −8 0) …, and 1 at the end of the last
    output([m0, m1, m2, m3, m4, m5]) {
      const sum1 = keep(add(m1!, m2!));
      const difference1 = keep(sub(m1!, m2!));
      const [sum2, difference2] = points === 4 ? [] : [keep(add(m3!, m4!)), keep(sub(m3!, m4!))];
      const twice = difference2 && keep(add(difference2, difference2));
      return times(size, (i) => {
        let near: Vector = i % 2 === 0 ? sum1 : difference1;
        if (i === 0) near = twice ? add(m0!, sum1) : add(add(m0!, m1!), m2!);
        if (i === size - 1) near = add(near, twice ? m5! : m3!);
        const far = i % 2 === 0 ? sum2 : twice;
        return far ? plus(near, 1 << (i & ~1), far) : near;
      });
    },
    outputGradient(four) {
      const y = four.slice(0, size);
      return [y[0]!, ...pair(y, 1, 1), ...pair(y, 2, 1), y.at(-1)!];
    },
    filterGradient([u0, u1, u2, u3, u4, u5]) {
      const ends = keep(mul(add(u1!, u2!), 1 / 6));
      const far = keep(mul(add(u3!, u4!), 1 / 6));
      const [near, difference] = [keep(sub(u2!, u1!)), keep(sub(u3!, u4!))];
      return times(taps, (i) => {
        const power = (1 << i) / 4;
        if (i === 0) return sub(mul(add(u0!, far), 1 / 4), ends);
        const tap =
          i % 2 === 1 ? mul(madd(near, power, difference), 1 / 6) : sub(power === 1 ? far : mul(far, power), ends);
        return i === taps - 1 ? add(tap, u5!) : tap;
      });
    },
  };
}

type Pairing = (a: Vector, b: Vector) => Vector;
/** (a0 b0 a1 b1) */
export const lows: Pairing = (a, b) => i32x4.shuffle(a, b, [0, 4, 1, 5]);
/** (a0 a1 b0 b1), and (a2 a3 b2 b3) */
export const firsts: Pairing = (a, b) => i32x4.shuffle(a, b, [0, 1, 4, 5]);
export const seconds: Pairing = (a, b) => i32x4.shuffle(a, b, [2, 3, 6, 7]);
