/**
 * The one-dimensional transforms of Winograd's minimal filtering F(m, 3): m outputs of a filter g of three taps over
 * m + 2 inputs d, by m + 2 multiplications:
 *
 *     y = Aᵀ((G·g) ⊙ (Bᵀ·d))
 *
 * In two dimensions each is applied to the columns and then to the rows. Source: Lavin & Gray 2016, "Fast Algorithms
 * for Convolutional Neural Networks", https://arxiv.org/abs/1509.09308; points 0, ±1, ∞ for m = 2, and ±2 for m = 4.
 */
import { type Expr, type Local, local, type Operand } from "../assembler/expression.js";
import { multiplyAdd } from "../assembler/flavour.js";
import { f32x4, i32x4 } from "../assembler/instructions.js";
import type { Variant } from "./variant.js";

type Vector = Expr<"v128">;
type Vectors = readonly Vector[];
/** A transform reads its operands more than once, so they are variables. */
type Transform = (values: readonly Local<"v128">[]) => Vectors;

/** The transforms of one tile size. */
export interface Algebra {
  /** Bᵀ·d */
  readonly input: Transform;
  /** G·g */
  readonly filter: Transform;
  /** Aᵀ·m */
  readonly output: Transform;
  /** A·dy, the adjoint of `output`; for m = 4 */
  readonly outputGradient: Transform;
  /** Gᵀ·u, the adjoint of `filter`; for m = 4 */
  readonly filterGradient: Transform;
}

const { add, mul, sub } = f32x4;
const keep = (value: Operand<"v128">): Local<"v128"> => local("v128", value);

/** The transforms, to be used in the function that is being written. */
export function algebra({ size, flavour }: Pick<Variant, "size" | "flavour">): Algebra {
  const madd = multiplyAdd(flavour);
  if (size === 2) {
    return {
      input: ([d0, d1, d2, d3]) => [sub(d0!, d2!), add(d1!, d2!), sub(d2!, d1!), sub(d3!, d1!)],
      filter([g0, g1, g2]) {
        const ends = keep(mul(add(g0!, g2!), 0.5));
        const middle = keep(mul(g1!, 0.5));
        return [g0!, add(ends, middle), sub(ends, middle), g2!];
      },
      output: ([m0, m1, m2, m3]) => [add(add(m0!, m1!), m2!), add(sub(m1!, m2!), m3!)],
      outputGradient: never,
      filterGradient: never,
    };
  }
  return {
    // rows of Bᵀ: (4 0 −5 0 1 0), (0 −4 −4 1 1 0), (0 4 −4 −1 1 0), (0 −2 −1 2 1 0), (0 2 −1 −2 1 0), (0 4 0 −5 0 1)
    input([d0, d1, d2, d3, d4, d5]) {
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
    // rows of G: (1/4 0 0), −(1 1 1)/6, −(1 −1 1)/6, (1 2 4)/24, (1 −2 4)/24, (0 0 1)
    filter([g0, g1, g2]) {
      const quarter = keep(mul(g0!, 1 / 4));
      const ends = keep(mul(add(g0!, g2!), -1 / 6));
      const middle = keep(mul(g1!, 1 / 6));
      const far = keep(mul(add(quarter, g2!), 1 / 6));
      const near = keep(mul(middle, 1 / 2));
      return [quarter, sub(ends, middle), add(ends, middle), add(far, near), sub(far, near), g2!];
    },
    // rows of Aᵀ: (1 1 1 1 1 0), (0 1 −1 2 −2 0), (0 1 1 4 4 0), (0 1 −1 8 −8 1)
    output([m0, m1, m2, m3, m4, m5]) {
      const sum1 = keep(add(m1!, m2!));
      const difference1 = keep(sub(m1!, m2!));
      const sum2 = keep(add(m3!, m4!));
      const difference2 = keep(sub(m3!, m4!));
      const twice = keep(add(difference2, difference2));
      return [
        add(add(m0!, sum1), sum2),
        add(difference1, twice),
        madd(sum1, 4, sum2),
        madd(add(difference1, m5!), 4, twice),
      ];
    },
    outputGradient([y0, y1, y2, y3]) {
      const even = keep(add(y0!, y2!));
      const odd = keep(add(y1!, y3!));
      const far = keep(madd(y0!, 4, y2!));
      const near = keep(madd(y1!, 4, y3!));
      const twice = keep(add(near, near));
      return [y0!, add(even, odd), sub(even, odd), add(far, twice), sub(far, twice), y3!];
    },
    filterGradient([u0, u1, u2, u3, u4, u5]) {
      const ends = keep(mul(add(u1!, u2!), 1 / 6));
      const far = keep(mul(add(u3!, u4!), 1 / 6));
      const middle = madd(sub(u2!, u1!), 1 / 2, sub(u3!, u4!));
      return [sub(mul(add(u0!, far), 1 / 4), ends), mul(middle, 1 / 6), add(sub(far, ends), u5!)];
    },
  };
}

function never(): never {
  throw new Error("The gradient of the weights is computed with 4×4 tiles.");
}

/** Lane i of vector j becomes lane j of vector i. */
export function transpose([a, b, c, d]: readonly Local<"v128">[]): Vectors {
  const low = [keep(lows(a!, b!)), keep(lows(c!, d!))] as const;
  const high = [keep(highs(a!, b!)), keep(highs(c!, d!))] as const;
  return [firsts(...low), seconds(...low), firsts(...high), seconds(...high)];
}

type Pairing = (a: Vector, b: Vector) => Vector;
/** (a0 b0 a1 b1), and (a2 b2 a3 b3) */
export const lows: Pairing = (a, b) => i32x4.shuffle(a, b, [0, 4, 1, 5]);
export const highs: Pairing = (a, b) => i32x4.shuffle(a, b, [2, 6, 3, 7]);
/** (a0 a1 b0 b1), and (a2 a3 b2 b3) */
export const firsts: Pairing = (a, b) => i32x4.shuffle(a, b, [0, 1, 4, 5]);
export const seconds: Pairing = (a, b) => i32x4.shuffle(a, b, [2, 3, 6, 7]);
