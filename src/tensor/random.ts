/**
 * Seeded random numbers with the same bits on every machine and JavaScript engine:
 * integer arithmetic, Math.sqrt (exact by IEEE 754) and a logarithm of our own; never Math.random or Math.log.
 */

import { Branded } from "../shape/brand.js";
import { checkFinite, checkInteger, checkSize, refuse } from "../shape/check.js";
import { engine } from "./engine.js";
import { log } from "./log.js";

/**
 * A generator of uniform and normal numbers (xoshiro128**, Blackman & Vigna 2018, https://prng.di.unimi.it).
 *
 * @example const random = new Random(1); random.uniform(); // the same number on every run
 */
export class Random extends Branded {
  // Not #private, which would make each draw twice as slow once it may be made through a Proxy.
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;

  /** @param seed any safe integer; equal seeds give equal sequences. */
  constructor(seed: number) {
    super();
    this.seed(seed);
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Random";
  }

  /** `Random(` and its state `)` */
  override toString(): string {
    return `Random(${this.state.join(", ")})`;
  }

  /** Starts the sequence of `seed` from its beginning. */
  seed(seed: number): void {
    if (!Number.isSafeInteger(seed)) {
      refuse("Random", "seed", "a safe integer", seed, "Math.random(), or an undefined variable");
    }
    // splitmix32 spreads the seed, so that neighboring seeds give unrelated states and no state is all zero. The high
    // half of the seed goes in twice: once to change every word, once more so that no two seeds share all four.
    const high = Math.floor(seed / 2 ** 32) | 0;
    let state = (seed | 0) ^ mix(high);
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      return mix(state);
    };
    const [a, b] = [next(), next()];
    state ^= high;
    this.state = [a, b, next(), next()];
  }

  /**
   * The generator's whole state: four unsigned 32-bit integers. Assign it to resume a sequence.
   * @throws ArgumentError for anything else, and for four zeros, which would give zeros for ever.
   */
  get state(): readonly [number, number, number, number] {
    return [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0];
  }

  set state(words: readonly [number, number, number, number]) {
    const valid = Array.isArray(words) && words.length === 4 && words.every((word) => word >>> 0 === word);
    if (!valid || !words.some(Boolean)) {
      const expected = "four unsigned 32-bit integers that are not all 0";
      refuse("Random", "state", expected, words, "a checkpoint of another library");
    }
    const [a, b, c, d] = words;
    this.a = a | 0;
    this.b = b | 0;
    this.c = c | 0;
    this.d = d | 0;
  }

  /** The {@link state}, for JSON. */
  toJSON(): Random["state"] {
    return this.state;
  }

  /** The next 32 random bits as an unsigned integer. */
  bits(): number {
    const times5 = Math.imul(this.b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /**
   * Uniform in `[low, high)`, 53 random bits. Default `[0, 1)`. With other bounds the result is rounded,
   * and in rare cases rounded up to `high` itself.
   */
  uniform(low = 0, high = 1): number {
    checkFinite("Random.uniform", "low", low);
    checkFinite("Random.uniform", "high", high);
    const unit = ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) * 2 ** -53;
    return low + (high - low) * unit;
  }

  /**
   * Normal with mean 0 and variance 1, by Marsaglia's polar method. It makes two numbers at a time; only one
   * is used, so that the state is four integers and nothing else.
   */
  normal(): number {
    for (;;) {
      const u = this.uniform(-1, 1);
      const v = this.uniform(-1, 1);
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * log(s)) / s);
    }
  }

  /** Uniform integer in `[0, below)`, without modulo bias. */
  integer(below: number): number {
    if (!Number.isSafeInteger(below) || below < 1 || below > 2 ** 32) {
      refuse("Random.integer", "", "an integer from 1 to 2³²", below);
    }
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % below;
    }
  }

  /** The integers `0 … length − 1` in random order (Fisher–Yates). */
  permutation(length: number): Uint32Array {
    checkInteger("Random.permutation", "length", length, 0);
    checkSize("Random.permutation", "an order", [length]);
    const order = Uint32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    return order;
  }
}

/** Scatters 32 bits, one to one; 0 stays 0. */
function mix(z: number): number {
  z ^= z >>> 16;
  z = Math.imul(z, 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** The generator that initial weights and `randn` draw from, and that every layer's and loader's own is seeded from. */
export function defaultRandom(): Random {
  const state = engine();
  state.random ??= new Random(0);
  return state.random as Random;
}

/**
 * The generator of what goes on drawing: seeded from the default one where it is made, so that what it draws later
 * depends on nothing that runs in between, such as another training.
 */
export function ownRandom(): Random {
  return new Random(defaultRandom().bits());
}

/** Runs `action`, in which `random` is the default generator. */
export function drawingFrom<T>(random: Random, action: () => T): T {
  const state = engine();
  const outer = state.random;
  state.random = random;
  try {
    return action();
  } finally {
    state.random = outer;
  }
}

/**
 * Seeds the default generator. Every random number of the library that is not given a generator follows from it: initial
 * weights are drawn from it, and dropout layers and loaders take a generator of their own from it when they are made.
 * So what was made before the call goes on as it would have. Without a call the seed is 0.
 *
 * @example manualSeed(1); const conv = new Conv2d(1, 6, 5); // the same weights on every run
 */
export function manualSeed(seed: number): void {
  defaultRandom().seed(seed);
}
