/** Every instruction that the assembler offers is run and compared with what JavaScript makes of the same numbers. */
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, block, br, brIf, forRange, loop, ret, when } from "../../src/kernels/wasm/assembler/control.js";
import { signed, unsigned } from "../../src/kernels/wasm/assembler/encoding.js";
import { type Expr, local, locals, type Operand, type Type } from "../../src/kernels/wasm/assembler/expression.js";
import * as f32 from "../../src/kernels/wasm/assembler/f32.js";
import * as f32x4 from "../../src/kernels/wasm/assembler/f32x4.js";
import * as f64 from "../../src/kernels/wasm/assembler/f64.js";
import * as f64x2 from "../../src/kernels/wasm/assembler/f64x2.js";
import { multiplyAdd, supports } from "../../src/kernels/wasm/assembler/flavour.js";
import * as i8x16 from "../../src/kernels/wasm/assembler/i8x16.js";
import * as i16x8 from "../../src/kernels/wasm/assembler/i16x8.js";
import * as i32 from "../../src/kernels/wasm/assembler/i32.js";
import * as i32x4 from "../../src/kernels/wasm/assembler/i32x4.js";
import * as i64 from "../../src/kernels/wasm/assembler/i64.js";
import { select } from "../../src/kernels/wasm/assembler/instructions.js";
import { ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import * as v128 from "../../src/kernels/wasm/assembler/v128.js";

const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);

/** Runs what `write` writes. */
function run(write: () => unknown): number {
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("run", {}, write);
  return builder.instantiate<"run">(memory).run();
}

// ── Instructions without an immediate, lane by lane ──

type Lane = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";
type Value = number | bigint;

const ARRAYS = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** The lanes of 16 bytes at `address`. */
function lanes(lane: Lane, address: number): (number | bigint)[] {
  const Type = ARRAYS[lane];
  return [...new Type(memory.buffer, address, 16 / Type.BYTES_PER_ELEMENT)];
}

const LOADS = { i32: i32.load, i64: i64.load, f32: f32.load, f64: f64.load, v128: v128.load };
const STORES = { i32: i32.store, i64: i64.store, f32: f32.store, f64: f64.store, v128: v128.store };

interface Case {
  readonly run: (...operands: never[]) => Expr<Type>;
  /** Type of every operand, and how its lanes are read. */
  readonly from: readonly (readonly [Type, Lane])[];
  readonly to: readonly [Type, Lane];
  /** Lane `i` of the result, of the lanes of the operands. */
  readonly lane: (operands: readonly (readonly Value[])[], i: number) => Value;
}

const cases = new Map<string, Case>();

type Namespace = Readonly<Record<string, unknown>>;
const spaces: Readonly<Record<string, Namespace>> = { i32, i64, f32, f64, v128, i8x16, i16x8, i32x4, f32x4, f64x2 };

/** Instructions of a namespace that work on every lane for itself, with what JavaScript computes. */
function lanewise(
  space: string,
  from: readonly (readonly [Type, Lane])[],
  to: readonly [Type, Lane],
  table: Readonly<Record<string, (...values: never[]) => Value | boolean>>,
): void {
  for (const [name, compute] of Object.entries(table)) {
    add(space, name, from, to, (operands, i) => {
      const value = compute(...(operands.map((values) => values[i] ?? values[0]) as never[]));
      return typeof value === "boolean" ? Number(value) : value;
    });
  }
}

function add(space: string, name: string, from: Case["from"], to: Case["to"], lane: Case["lane"]): void {
  cases.set(`${space}.${name}`, { run: spaces[space]![name] as Case["run"], from, to, lane });
}

const int = (f: (a: number, b: number) => number) => (a: number, b: number) => f(a, b) | 0;
const nearest = (a: number) => {
  const low = Math.floor(a);
  if (!Number.isFinite(a) || a - low < 0.5) return a - low < 0.5 ? low || a * 0 : a;
  if (a - low > 0.5) return low + 1 || -0;
  return low % 2 === 0 ? low || a * 0 : low + 1 || -0;
};
const copysign = (a: number, b: number) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a));
const saturate = (min: number, max: number) => (a: number) =>
  Number.isNaN(a) ? 0 : Math.min(max, Math.max(min, Math.trunc(a)));
const toS32 = saturate(-(2 ** 31), 2 ** 31 - 1);
const toU32 = saturate(0, 2 ** 32 - 1);

const signedCompare = {
  ltS: (a: number, b: number) => a < b,
  gtS: (a: number, b: number) => a > b,
  leS: (a: number, b: number) => a <= b,
  geS: (a: number, b: number) => a >= b,
};
const unsignedCompare = {
  ltU: signedCompare.ltS,
  gtU: signedCompare.gtS,
  leU: signedCompare.leS,
  geU: signedCompare.geS,
};
const equality = { eq: (a: Value, b: Value) => a === b, ne: (a: Value, b: Value) => a !== b };
const floatCompare = {
  eq: (a: number, b: number) => a === b,
  ne: (a: number, b: number) => a !== b,
  lt: signedCompare.ltS,
  gt: signedCompare.gtS,
  le: signedCompare.leS,
  ge: signedCompare.geS,
};
/** What a comparison leaves in a lane: all bits, or none. */
const mask = <T extends Readonly<Record<string, (a: never, b: never) => boolean>>>(table: T) =>
  Object.fromEntries(Object.entries(table).map(([name, f]) => [name, (a: never, b: never) => (f(a, b) ? -1 : 0)]));

const floatUnary = {
  abs: Math.abs,
  neg: (a: number) => -a,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest,
  sqrt: Math.sqrt,
};
const floatBinary = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  min: Math.min,
  max: Math.max,
};
/** "Pseudo" minimum and maximum: what C++'s std::min and std::max do with NaN. */
const pseudo = {
  // biome-ignore lint/complexity/useMathMinMax: Math.min differs for NaN and for zeros of both signs
  pmin: (a: number, b: number) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: so does Math.max
  pmax: (a: number, b: number) => (a < b ? b : a),
};
const intBinary = { add: int((a, b) => a + b), sub: int((a, b) => a - b), mul: Math.imul };

lanewise("i32", [["i32", "i32"]], ["i32", "i32"], {
  eqz: (a: number) => a === 0,
  clz: Math.clz32,
  ctz: (a: number) => (a === 0 ? 32 : 31 - Math.clz32(a & -a)),
  popcnt: (a: number) => [...(a >>> 0).toString(2)].filter((bit) => bit === "1").length,
});
const i32Pair = [
  ["i32", "i32"],
  ["i32", "i32"],
] as const;
const u32Pair = [
  ["i32", "u32"],
  ["i32", "u32"],
] as const;
lanewise("i32", i32Pair, ["i32", "i32"], {
  ...equality,
  ...signedCompare,
  ...intBinary,
  divS: int((a, b) => a / b),
  remS: int((a, b) => a % b),
  and: int((a, b) => a & b),
  or: int((a, b) => a | b),
  xor: int((a, b) => a ^ b),
  shl: int((a, b) => a << b),
  shrS: int((a, b) => a >> b),
  rotl: int((a, b) => (a << b) | (a >>> -b)),
  rotr: int((a, b) => (a >>> b) | (a << -b)),
});
lanewise("i32", u32Pair, ["i32", "u32"], {
  ...unsignedCompare,
  divU: (a: number, b: number) => Math.trunc(a / b),
  remU: (a: number, b: number) => a % b,
  shrU: (a: number, b: number) => a >>> b,
});
lanewise("i32", [["i64", "i64"]], ["i32", "i32"], { wrapI64: (a: bigint) => Number(BigInt.asIntN(32, a)) });
lanewise("i32", [["f32", "i32"]], ["i32", "i32"], { reinterpretF32: (a: number) => a });
lanewise("i32", [["f32", "f32"]], ["i32", "i32"], { truncSatF32S: toS32 });
lanewise("i32", [["f32", "f32"]], ["i32", "u32"], { truncSatF32U: toU32 });
lanewise("i32", [["f64", "f64"]], ["i32", "i32"], { truncSatF64S: toS32 });
lanewise("i32", [["f64", "f64"]], ["i32", "u32"], { truncSatF64U: toU32 });

const i64Pair = [
  ["i64", "i64"],
  ["i64", "i64"],
] as const;
const u64Pair = [
  ["i64", "u64"],
  ["i64", "u64"],
] as const;
const wrap = (f: (a: bigint, b: bigint) => bigint) => (a: bigint, b: bigint) => BigInt.asIntN(64, f(a, b));
lanewise("i64", i64Pair, ["i32", "i32"], { ...equality, ltS: (a: bigint, b: bigint) => a < b });
lanewise("i64", u64Pair, ["i32", "i32"], { ltU: (a: bigint, b: bigint) => a < b });
lanewise("i64", i64Pair, ["i64", "i64"], {
  add: wrap((a, b) => a + b),
  sub: wrap((a, b) => a - b),
  mul: wrap((a, b) => a * b),
  and: wrap((a, b) => a & b),
  or: wrap((a, b) => a | b),
  xor: wrap((a, b) => a ^ b),
  shl: wrap((a, b) => a << (b & 63n)),
  shrS: wrap((a, b) => a >> (b & 63n)),
});
lanewise("i64", u64Pair, ["i64", "u64"], { shrU: (a: bigint, b: bigint) => a >> (b & 63n) });
lanewise("i64", [["i32", "i32"]], ["i64", "i64"], { extendI32S: BigInt });
lanewise("i64", [["i32", "u32"]], ["i64", "i64"], { extendI32U: BigInt });

for (const [scalar, vector] of [
  ["f32", "f32x4"],
  ["f64", "f64x2"],
] as const) {
  const one = [scalar, scalar] as const;
  const lane = ["v128", scalar] as const;
  const mask32 = ["v128", scalar === "f32" ? "i32" : "i64"] as const;
  lanewise(scalar, [one], one, floatUnary);
  lanewise(scalar, [one, one], one, { ...floatBinary, copysign });
  lanewise(scalar, [one, one], ["i32", "i32"], floatCompare);
  lanewise(vector, [lane], lane, floatUnary);
  lanewise(vector, [lane, lane], lane, { ...floatBinary, ...pseudo });
  const masks = mask(floatCompare);
  lanewise(
    vector,
    [lane, lane],
    mask32,
    scalar === "f32"
      ? masks
      : Object.fromEntries(Object.entries(masks).map(([name, f]) => [name, (a: never, b: never) => BigInt(f(a, b))])),
  );
  lanewise(vector, [one], lane, { splat: (a: number) => a });
  lanewise(scalar, [["i32", "i32"]], one, { convertI32S: (a: number) => a });
  lanewise(scalar, [["i32", "u32"]], one, { convertI32U: (a: number) => a });
}
lanewise("f32", [["i32", "f32"]], ["f32", "f32"], { reinterpretI32: (a: number) => a });
lanewise("f32", [["f64", "f64"]], ["f32", "f32"], { demoteF64: Math.fround });
lanewise("f64", [["f32", "f32"]], ["f64", "f64"], { promoteF32: (a: number) => a });

lanewise("v128", [["v128", "i32"]], ["v128", "i32"], { not: (a: number) => ~a });
const lanes32 = [
  ["v128", "i32"],
  ["v128", "i32"],
] as const;
lanewise("v128", lanes32, ["v128", "i32"], {
  and: (a: number, b: number) => a & b,
  andnot: (a: number, b: number) => a & ~b,
  or: (a: number, b: number) => a | b,
  xor: (a: number, b: number) => a ^ b,
});
lanewise("v128", [...lanes32, ["v128", "i32"]], ["v128", "i32"], {
  bitselect: (a: number, b: number, m: number) => (a & m) | (b & ~m),
});
add("v128", "anyTrue", [["v128", "i32"]], ["i32", "i32"], ([a]) => Number(a!.some((value) => value !== 0)));

for (const [space, lane] of [
  ["i8x16", "i8"],
  ["i16x8", "i16"],
  ["i32x4", "i32"],
] as const) {
  const one = ["v128", lane] as const;
  lanewise(space, [["i32", "i32"]], one, { splat: (a: number) => a });
  lanewise(space, [one, one], one, space === "i8x16" ? { add: intBinary.add, sub: intBinary.sub } : intBinary);
}
for (const [space, lane] of [
  ["i8x16", "i8"],
  ["i32x4", "i32"],
] as const) {
  add(space, "allTrue", [["v128", lane]], ["i32", "i32"], ([a]) => Number(a!.every((value) => value !== 0)));
  add(space, "bitmask", [["v128", lane]], ["i32", "i32"], ([a]) =>
    a!.reduce<number>((bits, value, i) => bits | (Number(value < 0) << i), 0),
  );
}
lanewise(
  "i8x16",
  [
    ["v128", "i8"],
    ["v128", "i8"],
  ],
  ["v128", "i8"],
  { eq: (a: number, b: number) => (a === b ? -1 : 0) },
);
add(
  "i8x16",
  "swizzle",
  [
    ["v128", "u8"],
    ["v128", "u8"],
  ],
  ["v128", "u8"],
  ([a, b], i) => a![Number(b![i])] ?? 0,
);
lanewise("i32x4", lanes32, ["v128", "i32"], {
  ...mask(equality),
  ...mask(signedCompare),
  minS: Math.min,
  maxS: Math.max,
});
const lanesU32 = [
  ["v128", "u32"],
  ["v128", "u32"],
] as const;
lanewise("i32x4", lanesU32, ["v128", "i32"], mask(unsignedCompare));
lanewise("i32x4", lanesU32, ["v128", "u32"], { minU: Math.min, maxU: Math.max });
lanewise("i32x4", [["v128", "i32"]], ["v128", "i32"], {
  abs: (a: number) => Math.abs(a) | 0,
  neg: (a: number) => -a | 0,
});
const shift = [
  ["v128", "i32"],
  ["i32", "i32"],
] as const;
lanewise("i32x4", shift, ["v128", "i32"], {
  shl: (a: number, b: number) => a << b,
  shrS: (a: number, b: number) => a >> b,
});
lanewise("i32x4", shift, ["v128", "u32"], { shrU: (a: number, b: number) => a >>> b });
lanewise("i32x4", [["v128", "f32"]], ["v128", "i32"], { truncSatF32x4S: toS32 });
lanewise("i32x4", [["v128", "f32"]], ["v128", "u32"], { truncSatF32x4U: toU32 });
add("i32x4", "truncSatF64x2SZero", [["v128", "f64"]], ["v128", "i32"], ([a], i) => (i < 2 ? toS32(Number(a![i])) : 0));
add("i32x4", "truncSatF64x2UZero", [["v128", "f64"]], ["v128", "u32"], ([a], i) => (i < 2 ? toU32(Number(a![i])) : 0));
for (const [space, source, target] of [
  ["i16x8", "8x16", "16"],
  ["i32x4", "16x8", "32"],
] as const) {
  for (const [sign, letter] of [
    ["S", "i"],
    ["U", "u"],
  ] as const) {
    const from = [["v128", `${letter}${parseInt(source, 10)}` as Lane]] as const;
    const to = ["v128", `i${target}` as Lane] as const;
    const half = 128 / Number(target);
    add(space, `extendLowI${source}${sign}`, from, to, ([a], i) => a![i]!);
    add(space, `extendHighI${source}${sign}`, from, to, ([a], i) => a![i + half]!);
  }
}
lanewise("f32x4", [["v128", "i32"]], ["v128", "f32"], { convertI32x4S: (a: number) => a });
lanewise("f32x4", [["v128", "u32"]], ["v128", "f32"], { convertI32x4U: (a: number) => a });
add("f32x4", "demoteF64x2Zero", [["v128", "f64"]], ["v128", "f32"], ([a], i) => (i < 2 ? Number(a![i]) : 0));
lanewise("f64x2", [["v128", "f32"]], ["v128", "f64"], { promoteLowF32x4: (a: number) => a });
lanewise("f64x2", [["v128", "i32"]], ["v128", "f64"], { convertLowI32x4S: (a: number) => a });
lanewise("f64x2", [["v128", "u32"]], ["v128", "f64"], { convertLowI32x4U: (a: number) => a });

/** Operands: bytes of anything, and the numbers where something happens. */
const integers = [0, 1, -1, 2, 31, 32, 33, 127, -128, 255, 65535, 2 ** 31 - 1, -(2 ** 31)];
const floats = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 1e-40, 3e9, -3e9, 5e9, Infinity, -Infinity, NaN];

function operandBytes(lane: Lane): fc.Arbitrary<Uint8Array> {
  const float = lane.startsWith("f");
  const special = fc.constantFrom(...(float ? floats : integers));
  const any = float ? fc.float({ noDefaultInfinity: true }) : fc.integer();
  return fc.array(fc.oneof(special, any), { minLength: 16, maxLength: 16 }).map((values) => {
    const Type = ARRAYS[lane];
    const big = lane === "i64" || lane === "u64";
    const array = big
      ? new BigInt64Array(values.map((value) => BigInt(value) << 7n))
      : new Type(values.slice() as never);
    return new Uint8Array(array.buffer).slice(0, 16);
  });
}

describe("instructions", () => {
  for (const [name, { run: instruction, from, to, lane }] of cases) {
    test(`${name} computes what JavaScript does in every lane`, () => {
      const builder = new ModuleBuilder({ shared: false });
      builder.kernel("run", {}, () => {
        const operands = from.map(([type], i) => LOADS[type](32 + 16 * i));
        STORES[to[0]](0, instruction(...(operands as never[])) as never);
      });
      const { run } = builder.instantiate<"run">(memory);
      const count = to[0] === "v128" ? 16 / ARRAYS[to[1]].BYTES_PER_ELEMENT : 1;
      fc.assert(
        fc.property(fc.tuple(...from.map(([, type]) => operandBytes(type))), (drawn) => {
          drawn.forEach((operand, i) => {
            bytes.set(operand, 32 + 16 * i);
          });
          const operands = from.map(([type, lane], i) => lanes(lane, 32 + 16 * i).slice(0, type === "v128" ? 16 : 1));
          if (/\.(div|rem)[SU]$/.test(name)) fc.pre(operands[1]![0] !== 0 && operands[1]![0] !== -1);
          run();
          const expected = Array.from({ length: count }, (_, i) => lane(operands, i));
          expect(lanes(to[1], 0).slice(0, count)).toEqual([...new ARRAYS[to[1]](expected as never)]);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("none is missing here", () => {
    const loadsAndStores = /^(load|store)/;
    const immediate = /^(const|shuffle|extractLane|replaceLane|relaxedN?[Mm]add)$/; // tested below
    for (const [space, table] of Object.entries(spaces)) {
      for (const name of Object.keys(table)) {
        if (loadsAndStores.test(name) || immediate.test(name)) continue;
        expect(cases.has(`${space}.${name}`), `${space}.${name}`).toBe(true);
      }
    }
    const files = readdirSync("src/kernels/wasm/assembler").filter((file) => /^[fiv]\d+(x\d+)?\.ts$/.test(file));
    expect(files.sort()).toEqual(
      Object.keys(spaces)
        .map((space) => `${space}.ts`)
        .sort(),
    );
  });
});

describe("instructions with constants", () => {
  test("lanes are read and replaced by their number", () => {
    const view = new Float32Array(memory.buffer, 0, 4);
    for (const lane of [0, 1, 2, 3]) {
      expect(run(() => i32x4.extractLane(lane, i32x4.const(5, -6, 7, -8)))).toBe([5, -6, 7, -8][lane]);
      expect(run(() => f32x4.extractLane(lane, f32x4.const(0.5, -6, 7, -8)))).toBe([0.5, -6, 7, -8][lane]);
      run(() => v128.store(0, f32x4.replaceLane(lane, f32x4.const(1, 2, 3, 4), 9)));
      expect([...view]).toEqual([1, 2, 3, 4].with(lane, 9));
      run(() => v128.store(0, i32x4.replaceLane(lane, i32x4.const(1, 2, 3, 4), -9)));
      expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([1, 2, 3, 4].with(lane, -9));
    }
    for (const lane of [0, 1]) {
      const vector = () => f64x2.promoteLowF32x4(f32x4.const(0.25, -3, 0, 0));
      expect(run(() => f64x2.extractLane(lane, vector()))).toBe([0.25, -3][lane]);
    }
  });

  test("shuffles take bytes and lanes of both operands", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(31), { minLength: 16, maxLength: 16 }), (chosen) => {
        for (let i = 0; i < 32; i++) bytes[32 + i] = 100 + i;
        run(() => v128.store(0, i8x16.shuffle(v128.load(32), v128.load(48), chosen)));
        expect([...bytes.subarray(0, 16)]).toEqual(chosen.map((i) => 100 + i));
      }),
      { numRuns: 20 },
    );
    run(() => v128.store(0, i32x4.shuffle(i32x4.const(0, 1, 2, 3), i32x4.const(4, 5, 6, 7), [6, 1, 0, 7])));
    expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([6, 1, 0, 7]);
  });

  test("relaxed multiply-add is within one rounding of a·b + c and c − a·b", () => {
    if (!supports("relaxed")) return;
    const close = (actual: number, exact: number) => expect(Math.abs(actual - exact)).toBeLessThan(1e-6);
    const value = fc.float({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        close(
          run(() => f32x4.extractLane(3, f32x4.relaxedMadd(f32x4.splat(a), b, c))),
          a * b + c,
        );
        close(
          run(() => f32x4.extractLane(3, f32x4.relaxedNmadd(f32x4.splat(a), b, c))),
          c - a * b,
        );
        close(
          run(() => f32x4.extractLane(0, multiplyAdd("relaxed")(f32x4.splat(c), a, b))),
          a * b + c,
        );
        close(
          run(() => f32x4.extractLane(0, multiplyAdd("simd")(f32x4.splat(c), a, b))),
          a * b + c,
        );
      }),
      { numRuns: 20 },
    );
  });

  test("plain multiply-add rounds twice", () => {
    const third = Math.fround(1 / 3);
    const twice = Math.fround(Math.fround(third * third) + 1);
    expect(run(() => f32x4.extractLane(0, multiplyAdd("simd")(f32x4.splat(1), third, third)))).toBe(twice);
  });

  test("select takes the first where the condition is not 0, of every type", () => {
    for (const [condition, expected] of [
      [1, 3],
      [0, 4],
    ] as const) {
      expect(run(() => select(condition, local("i32", 3), local("i32", 4)))).toBe(expected);
      expect(run(() => i32.wrapI64(select(condition, local("i64", 3), local("i64", 4))))).toBe(expected);
      expect(run(() => select(condition, local("f32", 3), local("f32", 4)))).toBe(expected);
      expect(run(() => select(condition, local("f64", 3), local("f64", 4)))).toBe(expected);
      const vectors = () => select(condition, local("v128", f32x4.splat(3)), local("v128", f32x4.splat(4)));
      expect(run(() => f32x4.extractLane(1, vectors()))).toBe(expected);
    }
  });

  test("numbers stand for constants of the instruction's lanes", () => {
    const halves = () => new Float64Array(memory.buffer, 0, 2);
    run(() => v128.store(0, f64x2.add(f64x2.splat(1), 0.1)));
    expect([...halves()]).toEqual([1.1, 1.1]);
    run(() => v128.store(0, i32x4.add(i32x4.splat(1), -3)));
    expect([...new Int32Array(memory.buffer, 0, 4)]).toEqual([-2, -2, -2, -2]);
    run(() => v128.store(0, f32x4.mul(f32x4.splat(3), 0.5)));
    expect([...new Float32Array(memory.buffer, 0, 4)]).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect(run(() => local("f64", 0.1))).toBe(0.1);
    expect(run(() => local("i32", 0x80000010) as Expr<"i32">)).toBe(0x80000010 | 0);
    expect(run(() => i32.wrapI64(i64.shrU(local("i64", -(2 ** 40)), 20)))).toBe(-(2 ** 20));
  });
});

describe("memory", () => {
  const OFFSETS = [0, 1, 63, 64, 200, 20000];

  test("scalars are loaded and stored at address + offset", () => {
    const view = new DataView(memory.buffer);
    for (const offset of OFFSETS) {
      run(() => i32.store(64, -559038737, offset));
      expect(view.getInt32(64 + offset, true)).toBe(-559038737);
      expect(run(() => i32.load(64, offset))).toBe(-559038737);
      expect(run(() => i32.load8S(64, offset))).toBe(view.getInt8(64 + offset));
      expect(run(() => i32.load8U(64, offset))).toBe(view.getUint8(64 + offset));
      expect(run(() => i32.load16S(64, offset))).toBe(view.getInt16(64 + offset, true));
      expect(run(() => i32.load16U(64, offset))).toBe(view.getUint16(64 + offset, true));
      run(() => i32.store8(64, 0x1234, offset));
      expect(view.getUint32(64 + offset, true)).toBe(0xdeadbe34);
      run(() => i32.store16(64, 0x15678, offset));
      expect(view.getUint32(64 + offset, true)).toBe(0xdead5678);
      run(() => f32.store(64, 0.1, offset));
      expect(view.getFloat32(64 + offset, true)).toBe(Math.fround(0.1));
      expect(run(() => f32.load(64, offset))).toBe(Math.fround(0.1));
      run(() => f64.store(64, 0.1, offset));
      expect(run(() => f64.load(64, offset))).toBe(0.1);
      run(() => i64.store(64, -(2 ** 50), offset));
      expect(view.getBigInt64(64 + offset, true)).toBe(-(2n ** 50n));
      expect(run(() => i32.wrapI64(i64.shrS(i64.load(64, offset), 30)))).toBe(-(2 ** 20));
    }
  });

  test("vectors are loaded whole, widened, repeated or with zeros, and stored whole or by lanes", () => {
    for (const offset of OFFSETS) {
      const at = 128 + offset;
      const source = Uint8Array.from({ length: 16 }, (_, i) => 250 - 17 * i);
      bytes.set(source, at);
      const { buffer } = source;
      const of = (load: (address: Operand<"i32">, offset?: number) => Expr<"v128">, lane: Lane) => {
        run(() => v128.store(0, load(128, offset)));
        return lanes(lane, 0);
      };
      expect(of(v128.load, "u8")).toEqual([...source]);
      expect(of(v128.load8x8S, "i16")).toEqual([...new Int8Array(buffer, 0, 8)]);
      expect(of(v128.load8x8U, "i16")).toEqual([...new Uint8Array(buffer, 0, 8)]);
      expect(of(v128.load16x4S, "i32")).toEqual([...new Int16Array(buffer, 0, 4)]);
      expect(of(v128.load16x4U, "i32")).toEqual([...new Uint16Array(buffer, 0, 4)]);
      expect(of(v128.load32x2S, "i64")).toEqual([...new Int32Array(buffer, 0, 2)].map(BigInt));
      expect(of(v128.load32x2U, "i64")).toEqual([...new Uint32Array(buffer, 0, 2)].map(BigInt));
      expect(of(v128.load8Splat, "u8")).toEqual(Array(16).fill(source[0]));
      expect(of(v128.load16Splat, "u16")).toEqual(Array(8).fill(new Uint16Array(buffer)[0]));
      expect(of(v128.load32Splat, "u32")).toEqual(Array(4).fill(new Uint32Array(buffer)[0]));
      expect(of(v128.load64Splat, "u64")).toEqual(Array(2).fill(new BigUint64Array(buffer)[0]));
      expect(of(v128.load32Zero, "u32")).toEqual([new Uint32Array(buffer)[0], 0, 0, 0]);
      expect(of(v128.load64Zero, "u32")).toEqual([...new Uint32Array(buffer, 0, 2), 0, 0]);
      for (const lane of [0, 1, 2, 3]) {
        run(() => v128.store(0, v128.load32Lane(128, lane, i32x4.const(1, 2, 3, 4), offset)));
        expect(lanes("u32", 0)).toEqual([1, 2, 3, 4].with(lane, new Uint32Array(buffer)[0]!));
        bytes.fill(0, 0, 16);
        run(() => v128.store32Lane(0, lane, v128.load(128, offset), 4));
        expect(lanes("u32", 0)).toEqual([0, new Uint32Array(buffer)[lane], 0, 0]);
      }
      for (const lane of [0, 1]) {
        bytes.fill(0, 0, 16);
        run(() => v128.store64Lane(0, lane, v128.load(128, offset), 8));
        expect(lanes("u64", 0)).toEqual([0n, new BigUint64Array(buffer)[lane]]);
      }
    }
  });
});

describe("control", () => {
  const kernel = (write: (n: Operand<"i32">) => Expr<"i32">) => {
    const builder = new ModuleBuilder({ shared: false });
    builder.kernel("f", { n: "i32" }, ({ n }) => write(n));
    return builder.instantiate<"f">(memory).f;
  };

  test("forRange runs like a for loop, also not at all and above 2 GiB", () => {
    const builder = new ModuleBuilder({ shared: false });
    builder.kernel("rounds", { from: "i32", to: "i32", step: "i32" }, ({ from, to, step }) => {
      const rounds = local("i32");
      forRange(from, to, step, () => advance(rounds, 1));
      return rounds;
    });
    const { rounds } = builder.instantiate<"rounds">(memory);
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 9 }), (from, to, step) => {
        expect(rounds(from, to, step)).toBe(Math.max(0, Math.ceil((to - from) / step)));
        expect(rounds(from + 2 ** 31 - 25, to + 2 ** 31 - 25, step)).toBe(Math.max(0, Math.ceil((to - from) / step)));
      }),
    );
  });

  test("when takes one of two ways", () => {
    const sign = kernel((n) => {
      const result = local("i32", 5);
      when(
        i32.ltS(n, 0),
        () => result.set(-1),
        () => when(i32.gtS(n, 0), () => result.set(1)),
      );
      return result;
    });
    expect([-7, 0, 7].map((n) => sign(n))).toEqual([-1, 5, 1]);
  });

  test("branches leave blocks and repeat loops over any number of levels", () => {
    const collatz = kernel((n) => {
      const [value, steps] = [local("i32", n), local("i32")];
      block((done) =>
        loop((again) => {
          brIf(done, i32.eq(value, 1));
          advance(steps, 1);
          when(i32.and(value, 1), () => {
            value.set(i32.add(i32.mul(value, 3), 1));
            br(again);
          });
          value.set(i32.shrU(value, 1));
          br(again);
        }),
      );
      return steps;
    });
    expect([1, 2, 3, 27].map((n) => collatz(n))).toEqual([0, 1, 7, 111]);
  });

  test("ret leaves the function at once", () => {
    const early = kernel((n) => {
      when(n, () => ret(local("i32", 1)));
      return local("i32", 2);
    });
    expect([early(0), early(9)]).toEqual([2, 1]);
  });

  test("functions call earlier ones by the names of their parameters", () => {
    const builder = new ModuleBuilder({ shared: false });
    const subtract = builder.function({ a: "i32", b: "i32" }, ({ a, b }) => i32.sub(a, b));
    const put = builder.function({ value: "i32", at: "i32" }, ({ value, at }) => i32.store(at, value));
    builder.kernel("run", { x: "i32" }, ({ x }) => {
      put({ at: 16, value: subtract({ b: 1, a: x }) });
      return i32.load(16);
    });
    expect(builder.instantiate<"run">(memory).run(10)).toBe(9);
  });

  test("tee gives the value that it keeps, and locals start at 0", () => {
    expect(
      run(() => {
        const [a, b] = locals("i32", 2) as [ReturnType<typeof local<"i32">>, ReturnType<typeof local<"i32">>];
        const mixed = local("f32", 2);
        const sum = i32.add(a.tee(5), i32.add(a, b));
        return i32.add(sum, i32.truncSatF32S(mixed));
      }),
    ).toBe(12);
  });

  test("an expression is evaluated at every use", () => {
    expect(
      run(() => {
        const calls = local("i32");
        const next = calls.tee(i32.add(calls, 1));
        return i32.add(i32.mul(next, 100), next);
      }),
    ).toBe(102);
  });

  test("statements outside of a function, and functions inside of one, are refused", () => {
    expect(() => i32.store(0, 0)).toThrow("The statements of a kernel belong inside ModuleBuilder.function.");
    const builder = new ModuleBuilder({ shared: false });
    expect(() => builder.function({}, () => builder.function({}, () => undefined))).toThrow(
      "A function cannot be written inside another one.",
    );
    expect(() => i32.store(0, 0)).toThrow("The statements of a kernel belong inside ModuleBuilder.function.");
  });
});

describe("modules", () => {
  test("validate and run with a shared memory and with one that is not", () => {
    for (const shared of [false, true]) {
      const own = new WebAssembly.Memory(shared ? { initial: 1, maximum: 65536, shared } : { initial: 1 });
      const builder = new ModuleBuilder({ shared });
      builder.kernel("put", { value: "f64" }, ({ value }) => f64.store(8, value));
      expect(WebAssembly.validate(builder.bytes())).toBe(true);
      builder.instantiate<"put">(own).put(0.75);
      expect(new Float64Array(own.buffer, 8, 1)[0]).toBe(0.75);
    }
  });

  test("relaxed SIMD is supported where a module with it validates, plain SIMD here", () => {
    expect(supports("simd")).toBe(true);
    expect(typeof supports("relaxed")).toBe("boolean");
  });

  test("integers are encoded in seven bits a byte", () => {
    const decode = (encoded: readonly number[], extend: boolean) => {
      const value = encoded.reduce((sum, byte, i) => sum + (byte & 127) * 2 ** (7 * i), 0);
      return extend && (encoded.at(-1)! & 64) !== 0 ? value - 2 ** (7 * encoded.length) : value;
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (n) => decode(unsigned(n), false) === n));
    fc.assert(fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (n) => decode(signed(n), true) === n));
    for (const n of [0, 63, 64, 127, 128, -1, -64, -65]) expect(decode(signed(n), true)).toBe(n);
  });
});
