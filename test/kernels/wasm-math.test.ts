/**
 * The kernels' elementary functions against double precision, on a dense sample of all float32 numbers, both signs,
 * denormals, infinities and NaN included: the bounds here are the ones that the functions state.
 */
import { describe, expect, test } from "vitest";
import { forRange } from "../../src/kernels/wasm/assembler/control.js";
import { ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import * as v128 from "../../src/kernels/wasm/assembler/v128.js";
import * as math from "../../src/kernels/wasm/elementwise/math.js";
import { log } from "../../src/tensor/log.js";
import { erf, exp, expm1, log1p, sigmoid, tanh } from "../../src/tensor/math.js";

type Vector = math.Vector;

const SAMPLES = 1 << 16;
/** Of 2¹⁶ numbers each: 8, one float32 in 8192, unless MATH_SWEEPS says another power of two, up to 65536 for all. */
const SWEEPS = Number(process.env.MATH_SWEEPS ?? 8);
const memory = new WebAssembly.Memory({ initial: 16 });
const bits = new Uint32Array(memory.buffer, 0, SAMPLES);
const x = new Float32Array(memory.buffer, 0, SAMPLES);
const y = new Float32Array(memory.buffer, 4 * SAMPLES, SAMPLES);

/** Numbers that no even step over the bits meets. */
const SPECIAL = [0, -0, 1, -1, 2 ** -149, -(2 ** -149), 2 ** -126, -(2 ** -126), Infinity, -Infinity, NaN];
const LARGEST = [3.4028234663852886e38, -3.4028234663852886e38, 88.72283, 88.72284, -87.33654, -103.97208, -103.97209];

/** Φ(x) where ½ (1 + erf(x/√2)) would cancel: the continued fraction of Mills' ratio. */
function normalCdf(at: number): number {
  if (at > -3) return 0.5 * (1 + erf(at * Math.SQRT1_2));
  let fraction = 0;
  for (let n = 200; n > 0; n--) fraction = n / (-at + fraction);
  return at < -40 ? 0 : (0.3989422804014327 * exp(-0.5 * at * at)) / (-at + fraction);
}

interface Case {
  readonly run: (x: Vector) => Vector;
  readonly want: (x: number) => number;
  /** Bound in units in the last place of the nearest float32. */
  readonly ulps: number;
  readonly domain?: (x: number) => boolean;
}

const cases: Record<string, Case> = {
  exp: { run: math.exp, want: exp, ulps: 1 },
  expm1: { run: math.expm1, want: expm1, ulps: 1.6, domain: (at) => !(at >= 80) },
  log: { run: math.log, want: log, ulps: 1 },
  log1p: {
    run: math.log1p,
    want: log1p,
    ulps: 1.5,
    domain: (at) => !(at <= -1 || at === Infinity || Object.is(at, -0)),
  },
  tanh: { run: math.tanh, want: tanh, ulps: 1.5 },
  sigmoid: { run: (v) => math.sigmoid(v).value, want: sigmoid, ulps: 2.5 },
  "the derivative of sigmoid": {
    run: (v) => math.sigmoid(v).slope,
    want: (at) => sigmoid(at) * sigmoid(-at),
    ulps: 4.5,
  },
  // Where ½ (1 + erf) would lose all digits in float32, so does nothing here; see the next case for where it would not.
  "the normal distribution function": { run: (v) => math.normal(v).cdf, want: normalCdf, ulps: 6.5 },
  "the normal distribution function above −0.67": {
    run: (v) => math.normal(v).cdf,
    want: normalCdf,
    ulps: 2.1,
    domain: (at) => !(at < -0.67),
  },
  "the normal density": {
    run: (v) => math.normal(v).density,
    want: (at) => 0.3989422804014327 * exp(-0.5 * at * at),
    ulps: 2.5,
  },
};

function kernel(f: (x: Vector) => Vector): () => void {
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("run", () => forRange(0, 4 * SAMPLES, 16, (at) => v128.store(at, f(v128.load(at)), 4 * SAMPLES)));
  return builder.instantiate<"run">(memory).run;
}

/** Distance in units in the last place of float32 at `want`; NaN, ∞ and zeros must be met exactly. */
function ulpsFrom(want: number, got: number): number {
  const rounded = Math.fround(want);
  if (Object.is(rounded, got)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) {
    // Beyond the largest float32 by less than a unit, or below it: either may be rounded to.
    const isEdge = Math.min(Math.abs(want), Math.abs(got)) > 3.4028e38 && Math.sign(want) === Math.sign(got);
    return isEdge ? 0.5 : Infinity;
  }
  const ulp = 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(want))) - 23);
  return want === 0 ? Infinity : Math.abs(got - want) / ulp;
}

describe.each(Object.entries(cases))("%s", (name, { run, want, ulps, domain }) => {
  test(`is within ${ulps} ulp of double precision`, () => {
    const f = kernel(run);
    let worst = 0;
    let place = NaN;
    // Interleaved sweeps, each in uneven steps over all 2³² bit patterns.
    const step = SAMPLES / SWEEPS;
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (let i = 0; i < SAMPLES; i++) bits[i] = i * 65536 + sweep * step + ((i * 40503 + sweep) & (step - 1));
      if (sweep === 0) x.set([...SPECIAL, ...LARGEST]);
      f();
      for (let i = 0; i < SAMPLES; i++) {
        const at = x[i]!;
        if (domain && !domain(at)) continue;
        const error = ulpsFrom(want(at), y[i]!);
        if (error > worst) [worst, place] = [error, at];
      }
    }
    if (SWEEPS > 8) console.log(`${name}: ${worst.toFixed(3)} ulp at ${place}`);
    expect(worst, `worst at ${place}`).toBeLessThanOrEqual(ulps);
  }, 1e7);
});
