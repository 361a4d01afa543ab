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
import * as i8x16 from "../../src/kernels/wasm/assembler/i8x16.js";
import * as i32 from "../../src/kernels/wasm/assembler/i32.js";
import * as i32x4 from "../../src/kernels/wasm/assembler/i32x4.js";
import { select } from "../../src/kernels/wasm/assembler/instructions.js";
import { ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import { multiplyAdd, supports } from "../../src/kernels/wasm/assembler/simd.js";
import * as v128 from "../../src/kernels/wasm/assembler/v128.js";

const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);

/** Runs what `write` writes. */
function run(write: () => unknown): number {
  const builder = new ModuleBuilder({ shared: false });
  builder.kernel("run", write);
  return builder.instantiate<"run">(memory).run();
}

// ── Instructions without an immediate, lane by lane ──

type Lane = "u8" | "i32" | "u32" | "u64" | "f32" | "f64";
type Value = number | bigint;

const ARRAYS = {
  u8: Uint8Array,
  i32: Int32Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
};

/** The lanes of 16 bytes at `address`. */
function lanes(lane: Lane, address: number): (number | bigint)[] {
  const Type = ARRAYS[lane];
  return [...new Type(memory.buffer, address, 16 / Type.BYTES_PER_ELEMENT)];
}

const LOADS = { i32: i32.load, f32: f32.load, f64: f64.load, v128: v128.load };
const STORES = { i32: i32.store, f32: f32.store, f64: f64.store, v128: v128.store };

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
const spaces: Readonly<Record<string, Namespace>> = { i32, f32, f64, v128, i8x16, i32x4, f32x4, f64x2 };

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
const equal = (a: Value, b: Value) => a === b;
const unequal = (a: Value, b: Value) => a !== b;
const below = (a: number, b: number) => a < b;
const above = (a: number, b: number) => a > b;
const atMost = (a: number, b: number) => a <= b;
const atLeast = (a: number, b: number) => a >= b;
/** What a comparison leaves in a lane: all bits, or none. */
const mask = <T extends Readonly<Record<string, (a: never, b: never) => boolean>>>(table: T) =>
  Object.fromEntries(Object.entries(table).map(([name, f]) => [name, (a: never, b: never) => (f(a, b) ? -1 : 0)]));

const floatBinary = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
};
const intBinary = { add: int((a, b) => a + b), sub: int((a, b) => a - b) };

lanewise("i32", [["i32", "i32"]], ["i32", "i32"], { eqz: (a: number) => a === 0 });
const i32Pair = [
  ["i32", "i32"],
  ["i32", "i32"],
] as const;
const u32Pair = [
  ["i32", "u32"],
  ["i32", "u32"],
] as const;
lanewise("i32", i32Pair, ["i32", "i32"], {
  eq: equal,
  ne: unequal,
  ltS: below,
  gtS: above,
  geS: atLeast,
  ...intBinary,
  mul: Math.imul,
  and: int((a, b) => a & b),
  or: int((a, b) => a | b),
  shl: int((a, b) => a << b),
});
lanewise("i32", u32Pair, ["i32", "u32"], {
  ltU: below,
  leU: atMost,
  geU: atLeast,
  divU: (a: number, b: number) => Math.trunc(a / b),
  remU: (a: number, b: number) => a % b,
  shrU: (a: number, b: number) => a >>> b,
});

const single = ["f32", "f32"] as const;
const double = ["f64", "f64"] as const;
const f32Lane = ["v128", "f32"] as const;
const f64Lane = ["v128", "f64"] as const;
const { add: sum, mul: product, div: quotient } = floatBinary;
lanewise("f32", [single, single], single, { add: sum, mul: product });
lanewise("f32", [single, single], ["i32", "i32"], { ne: unequal, gt: above });
lanewise("f32", [double], single, { demoteF64: Math.fround });
lanewise("f64", [double, double], double, { add: sum, mul: product, div: quotient });
lanewise("f64", [single], double, { promoteF32: (a: number) => a });
lanewise("f32x4", [single], f32Lane, { splat: (a: number) => a });
lanewise("f64x2", [double], f64Lane, { splat: (a: number) => a });
lanewise("f32x4", [f32Lane], f32Lane, { abs: Math.abs, neg: (a: number) => -a, sqrt: Math.sqrt });
lanewise("f32x4", [f32Lane, f32Lane], f32Lane, {
  ...floatBinary,
  min: Math.min,
  max: Math.max,
  // "Pseudo" minimum and maximum: what C++'s std::min and std::max do with NaN.
  // biome-ignore lint/complexity/useMathMinMax: Math.min differs for NaN and for zeros of both signs
  pmin: (a: number, b: number) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: so does Math.max
  pmax: (a: number, b: number) => (a < b ? b : a),
});
const floatCompare = { eq: equal, ne: unequal, lt: below, gt: above, le: atMost };
lanewise("f32x4", [f32Lane, f32Lane], ["v128", "i32"], mask(floatCompare));
lanewise("f64x2", [f64Lane, f64Lane], f64Lane, floatBinary);

const lanes32 = [
  ["v128", "i32"],
  ["v128", "i32"],
] as const;
lanewise("v128", lanes32, ["v128", "i32"], {
  and: (a: number, b: number) => a & b,
  andnot: (a: number, b: number) => a & ~b,
  or: (a: number, b: number) => a | b,
});
lanewise("v128", [...lanes32, ["v128", "i32"]], ["v128", "i32"], {
  bitselect: (a: number, b: number, m: number) => (a & m) | (b & ~m),
});
add("v128", "anyTrue", [["v128", "i32"]], ["i32", "i32"], ([a]) => Number(a!.some((value) => value !== 0)));

lanewise("i32x4", [["i32", "i32"]], ["v128", "i32"], { splat: (a: number) => a });
lanewise("i32x4", lanes32, ["v128", "i32"], { ...intBinary, ...mask({ eq: equal }) });
add("i32x4", "allTrue", [["v128", "i32"]], ["i32", "i32"], ([a]) => Number(a!.every((value) => value !== 0)));
const lanesU32 = [
  ["v128", "u32"],
  ["v128", "u32"],
] as const;
lanewise("i32x4", lanesU32, ["v128", "u32"], { minU: Math.min, maxU: Math.max });
const shift = [
  ["v128", "i32"],
  ["i32", "i32"],
] as const;
lanewise("i32x4", shift, ["v128", "i32"], {
  shl: (a: number, b: number) => a << b,
  shrS: (a: number, b: number) => a >> b,
});
lanewise("f32x4", [["v128", "i32"]], f32Lane, { convertI32x4S: (a: number) => a });
add("f32x4", "demoteF64x2Zero", [f64Lane], f32Lane, ([a], i) => (i < 2 ? Number(a![i]) : 0));
lanewise("f64x2", [f32Lane], f64Lane, { promoteLowF32x4: (a: number) => a });

/** Operands: bytes of anything, and the numbers where something happens. */
const integers = [0, 1, -1, 2, 31, 32, 33, 127, -128, 255, 65535, 2 ** 31 - 1, -(2 ** 31)];
const floats = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 1e-40, 3e9, -3e9, 5e9, Infinity, -Infinity, NaN];

function operandBytes(lane: Lane): fc.Arbitrary<Uint8Array> {
  const float = lane.startsWith("f");
  const special = fc.constantFrom(...(float ? floats : integers));
  const any = float ? fc.float({ noDefaultInfinity: true }) : fc.integer();
  return fc.array(fc.oneof(special, any), { minLength: 16, maxLength: 16 }).map((values) => {
    const Type = ARRAYS[lane];
    const array = new Type(values.slice() as never);
    return new Uint8Array(array.buffer).slice(0, 16);
  });
}

describe("instructions", () => {
  for (const [name, { run: instruction, from, to, lane }] of cases) {
    test(`${name} computes what JavaScript does in every lane`, () => {
      const builder = new ModuleBuilder({ shared: false });
      builder.kernel("run", () => {
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
          if (/U$/.test(name) && /^i32\.(div|rem)/.test(name)) fc.pre(operands[1]![0] !== 0);
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
    const immediate = /^(const|shuffle|extractLane|relaxedMadd)$/; // tested below
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
  test("lanes are read by their number", () => {
    for (const lane of [0, 1, 2, 3]) {
      expect(run(() => i32x4.extractLane(lane, i32x4.const(5, -6, 7, -8)))).toBe([5, -6, 7, -8][lane]);
      expect(run(() => f32x4.extractLane(lane, f32x4.const(0.5, -6, 7, -8)))).toBe([0.5, -6, 7, -8][lane]);
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

  test("relaxed multiply-add is within one rounding of a·b + c", () => {
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
          run(() => f32x4.extractLane(0, multiplyAdd("relaxed")(f32x4.splat(c), a, b))),
          a * b + c,
        );
        close(
          run(() => f32x4.extractLane(0, multiplyAdd("plain")(f32x4.splat(c), a, b))),
          a * b + c,
        );
      }),
      { numRuns: 20 },
    );
  });

  test("plain multiply-add rounds twice", () => {
    const third = Math.fround(1 / 3);
    const twice = Math.fround(Math.fround(third * third) + 1);
    expect(run(() => f32x4.extractLane(0, multiplyAdd("plain")(f32x4.splat(1), third, third)))).toBe(twice);
  });

  test("select takes the first where the condition is not 0, of every type", () => {
    for (const [condition, expected] of [
      [1, 3],
      [0, 4],
    ] as const) {
      expect(run(() => select(condition, local("i32", 3), local("i32", 4)))).toBe(expected);
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
      expect(run(() => i32.load8U(64, offset))).toBe(view.getUint8(64 + offset));
      run(() => f32.store(64, 0.1, offset));
      expect(view.getFloat32(64 + offset, true)).toBe(Math.fround(0.1));
      expect(run(() => f32.load(64, offset))).toBe(Math.fround(0.1));
      run(() => f64.store(64, 0.1, offset));
      expect(run(() => f64.load(64, offset))).toBe(0.1);
    }
  });

  test("vectors are loaded whole, repeated or with zeros, and stored whole or by lanes", () => {
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
      expect(of(v128.load32Splat, "u32")).toEqual(Array(4).fill(new Uint32Array(buffer)[0]));
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
    builder.kernel("f", (n) => write(n));
    return builder.instantiate<"f">(memory).f;
  };

  test("forRange runs like a for loop, also not at all and above 2 GiB", () => {
    const builder = new ModuleBuilder({ shared: false });
    builder.kernel("rounds", (from, to, step) => {
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
    builder.kernel("run", (x) => {
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
        return i32.add(sum, f32.gt(mixed, 1));
      }),
    ).toBe(11);
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
      builder.kernel("put", (value) => f64.store(8, value), ["f64"]);
      expect(WebAssembly.validate(builder.bytes())).toBe(true);
      builder.instantiate<"put">(own).put(0.75);
      expect(new Float64Array(own.buffer, 8, 1)[0]).toBe(0.75);
    }
  });

  test("relaxed SIMD is supported where a module with it validates, plain SIMD here", () => {
    expect(supports("plain")).toBe(true);
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
