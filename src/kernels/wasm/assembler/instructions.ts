/**
 * WebAssembly's instructions as functions of expressions: `i32.add(a, 1)`, `f32x4.mul(x, y)`, `v128.load(address, 16)`.
 * Names are those of the text format in camel case (`f32x4.relaxed_madd` is `f32x4.relaxedMadd`), and numbers may stand
 * for constants. What an instruction takes and gives is written as letters in the tables: i32 `i`, i64 `l`, f32 `f`,
 * f64 `d`, v128 `v`. Source: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */
import { append, littleEndian, unsigned } from "./encoding.js";
import { type Expr, expression, type Operand, operand, statement, type Type } from "./expression.js";

const LETTERS = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" } as const;
type Letters = typeof LETTERS;

/** `"vi:v"` → [Operand<"v128">, Operand<"i32">] */
type Operands<Inputs extends string> = Inputs extends `${infer Letter extends keyof Letters}${infer Rest}`
  ? [Operand<Letters[Letter]>, ...Operands<Rest>]
  : [];
type Instruction<Signature extends string> = Signature extends `${infer Inputs}:${infer Output extends keyof Letters}`
  ? (...operands: Operands<Inputs>) => Expr<Letters[Output]>
  : never;

type Lane = "f32" | "f64" | "i32";
const SIMD = 0xfd;

/** One function for every opcode of the table, all of the same signature. */
function instructions<Signature extends string, Names extends string>(
  signature: Signature,
  table: Readonly<Record<Names, number>>,
  prefix?: number,
  lane?: Lane,
): Record<Names, Instruction<Signature>> {
  const [inputs = "", output = ""] = signature.split(":");
  const types = [...inputs].map((letter) => LETTERS[letter as keyof Letters]);
  const type = LETTERS[output as keyof Letters];
  return each(table, (code) => {
    const opcode = prefix === undefined ? [code] : [prefix, ...unsigned(code)];
    // Kernels are written by code that runs once: no closures or copies here that need not be.
    return (...operands: Operand<Type>[]) => {
      for (let i = 0; i < types.length; i++) {
        if (typeof operands[i] === "number") operands[i] = operand(types[i]!, operands[i]!, lane);
      }
      return expression(type, operands as Expr<Type>[], opcode);
    };
  }) as Record<Names, Instruction<Signature>>;
}

function simd<Signature extends string, Names extends string>(
  signature: Signature,
  table: Readonly<Record<Names, number>>,
  lane: Lane = "i32",
) {
  return instructions(signature, table, SIMD, lane);
}

type Load<T extends Type> = (address: Operand<"i32">, offset?: number) => Expr<T>;
type Store<T extends Type> = (address: Operand<"i32">, value: Operand<T>, offset?: number) => void;

/** Loads from address + offset; offset is a constant. No alignment is promised. */
function loads<T extends Type, Names extends string>(
  type: T,
  table: Readonly<Record<Names, number>>,
  prefix?: number,
): Record<Names, Load<T>> {
  return each(
    table,
    (code) =>
      (address: Operand<"i32">, offset = 0) =>
        expression(type, [operand("i32", address)], access(code, offset, prefix)),
  );
}

/** Statements that store to address + offset. */
function stores<T extends Type, Names extends string>(
  type: T,
  table: Readonly<Record<Names, number>>,
  prefix?: number,
): Record<Names, Store<T>> {
  return each(
    table,
    (code) =>
      (address: Operand<"i32">, value: Operand<T>, offset = 0) =>
        statement([operand("i32", address), operand(type, value)], access(code, offset, prefix)),
  );
}

function access(code: number, offset: number, prefix: number | undefined): number[] {
  const bytes = prefix === undefined ? [code] : [prefix, code];
  bytes.push(0);
  append(bytes, unsigned(offset));
  return bytes;
}

function each<Names extends string, Value>(
  table: Readonly<Record<Names, number>>,
  make: (code: number) => Value,
): Record<Names, Value> {
  return Object.fromEntries(Object.entries<number>(table).map(([name, code]) => [name, make(code)])) as Record<
    Names,
    Value
  >;
}

export const i32 = {
  ...loads("i32", { load: 0x28, load8S: 0x2c, load8U: 0x2d, load16S: 0x2e, load16U: 0x2f }),
  ...stores("i32", { store: 0x36, store8: 0x3a, store16: 0x3b }),
  ...instructions("i:i", { eqz: 0x45, clz: 0x67, ctz: 0x68, popcnt: 0x69 }),
  ...instructions("ii:i", { eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, gtS: 0x4a, gtU: 0x4b }),
  ...instructions("ii:i", { leS: 0x4c, leU: 0x4d, geS: 0x4e, geU: 0x4f }),
  ...instructions("ii:i", { add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d, divU: 0x6e, remS: 0x6f, remU: 0x70 }),
  ...instructions("ii:i", {
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    rotl: 0x77,
    rotr: 0x78,
  }),
  ...instructions("l:i", { wrapI64: 0xa7 }),
  ...instructions("f:i", { reinterpretF32: 0xbc }),
  ...instructions("f:i", { truncSatF32S: 0, truncSatF32U: 1 }, 0xfc),
  ...instructions("d:i", { truncSatF64S: 2, truncSatF64U: 3 }, 0xfc),
};

export const i64 = {
  ...loads("i64", { load: 0x29 }),
  ...stores("i64", { store: 0x37 }),
  ...instructions("ll:i", { eq: 0x51, ne: 0x52, ltS: 0x53, ltU: 0x54 }),
  ...instructions("ll:l", { add: 0x7c, sub: 0x7d, mul: 0x7e, and: 0x83, or: 0x84, xor: 0x85 }),
  ...instructions("ll:l", { shl: 0x86, shrS: 0x87, shrU: 0x88 }),
  ...instructions("i:l", { extendI32S: 0xac, extendI32U: 0xad }),
};

export const f32 = {
  ...loads("f32", { load: 0x2a }),
  ...stores("f32", { store: 0x38 }),
  ...instructions("ff:i", { eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 }),
  ...instructions("f:f", { abs: 0x8b, neg: 0x8c, ceil: 0x8d, floor: 0x8e, trunc: 0x8f, nearest: 0x90, sqrt: 0x91 }),
  ...instructions("ff:f", { add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97, copysign: 0x98 }),
  ...instructions("i:f", { convertI32S: 0xb2, convertI32U: 0xb3, reinterpretI32: 0xbe }),
  ...instructions("d:f", { demoteF64: 0xb6 }),
};

export const f64 = {
  ...loads("f64", { load: 0x2b }),
  ...stores("f64", { store: 0x39 }),
  ...instructions("dd:i", { eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 }),
  ...instructions("d:d", { abs: 0x99, neg: 0x9a, ceil: 0x9b, floor: 0x9c, trunc: 0x9d, nearest: 0x9e, sqrt: 0x9f }),
  ...instructions("dd:d", { add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5, copysign: 0xa6 }),
  ...instructions("i:d", { convertI32S: 0xb7, convertI32U: 0xb8 }),
  ...instructions("f:d", { promoteF32: 0xbb }),
};

export const v128 = {
  ...loads("v128", { load: 0, load8x8S: 1, load8x8U: 2, load16x4S: 3, load16x4U: 4, load32x2S: 5, load32x2U: 6 }, SIMD),
  ...loads("v128", { load8Splat: 7, load16Splat: 8, load32Splat: 9, load64Splat: 10 }, SIMD),
  ...loads("v128", { load32Zero: 92, load64Zero: 93 }, SIMD),
  ...stores("v128", { store: 11 }, SIMD),
  ...simd("v:v", { not: 77 }),
  ...simd("vv:v", { and: 78, andnot: 79, or: 80, xor: 81 }),
  /** Bits of the first where the mask (third) is 1, else of the second. */
  ...simd("vvv:v", { bitselect: 82 }),
  ...simd("v:i", { anyTrue: 83 }),

  /** Replaces one 32-bit lane by what memory holds. */
  load32Lane: (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): Expr<"v128"> =>
    expression("v128", [operand("i32", address), vector], [...access(86, offset, SIMD), lane]),
  /** Statement: stores one 32-bit lane. */
  store32Lane: (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): void =>
    statement([operand("i32", address), vector], [...access(90, offset, SIMD), lane]),
  /** Statement: stores two neighbouring 32-bit lanes, the lower (0) or the upper (1). */
  store64Lane: (address: Operand<"i32">, lane: number, vector: Expr<"v128">, offset = 0): void =>
    statement([operand("i32", address), vector], [...access(91, offset, SIMD), lane]),
};

export const i8x16 = {
  ...simd("i:v", { splat: 15 }),
  ...simd("v:i", { allTrue: 99, bitmask: 100 }),
  ...simd("vv:v", { eq: 35, add: 110, sub: 113, swizzle: 14 }),

  /** Sixteen bytes of a (0–15) and b (16–31), chosen by constants. */
  shuffle: (a: Expr<"v128">, b: Expr<"v128">, bytes: readonly number[]): Expr<"v128"> =>
    expression("v128", [a, b], [SIMD, 13, ...bytes]),
};

export const i16x8 = {
  ...simd("i:v", { splat: 16 }),
  ...simd("v:v", { extendLowI8x16S: 135, extendHighI8x16S: 136, extendLowI8x16U: 137, extendHighI8x16U: 138 }),
  ...simd("vv:v", { add: 142, sub: 145, mul: 149 }),
};

export const i32x4 = {
  ...simd("i:v", { splat: 17 }),
  ...simd("vv:v", { eq: 55, ne: 56, ltS: 57, ltU: 58, gtS: 59, gtU: 60, leS: 61, leU: 62, geS: 63, geU: 64 }),
  ...simd("v:v", { abs: 160, neg: 161 }),
  ...simd("v:v", { extendLowI16x8S: 167, extendHighI16x8S: 168, extendLowI16x8U: 169, extendHighI16x8U: 170 }),
  ...simd("v:i", { allTrue: 163, bitmask: 164 }),
  ...simd("vi:v", { shl: 171, shrS: 172, shrU: 173 }),
  ...simd("vv:v", { add: 174, sub: 177, mul: 181, minS: 182, minU: 183, maxS: 184, maxU: 185 }),
  ...simd("v:v", { truncSatF32x4S: 248, truncSatF32x4U: 249, truncSatF64x2SZero: 252, truncSatF64x2UZero: 253 }, "f32"),

  const: (a: number, b: number, c: number, d: number): Expr<"v128"> =>
    expression("v128", [], [SIMD, 12, ...littleEndian("i32", a, b, c, d)]),
  extractLane: (lane: number, vector: Expr<"v128">): Expr<"i32"> => expression("i32", [vector], [SIMD, 27, lane]),
  replaceLane: (lane: number, vector: Expr<"v128">, value: Operand<"i32">): Expr<"v128"> =>
    expression("v128", [vector, operand("i32", value)], [SIMD, 28, lane]),
  /** Four 32-bit lanes of a (0–3) and b (4–7), chosen by constants. */
  shuffle: (a: Expr<"v128">, b: Expr<"v128">, lanes: readonly [number, number, number, number]): Expr<"v128"> =>
    i8x16.shuffle(
      a,
      b,
      lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
    ),
};

export const f32x4 = {
  ...simd("f:v", { splat: 19 }),
  ...simd("vv:v", { eq: 65, ne: 66, lt: 67, gt: 68, le: 69, ge: 70 }, "f32"),
  ...simd("v:v", { ceil: 103, floor: 104, trunc: 105, nearest: 106, abs: 224, neg: 225, sqrt: 227 }, "f32"),
  ...simd("vv:v", { add: 228, sub: 229, mul: 230, div: 231, min: 232, max: 233, pmin: 234, pmax: 235 }, "f32"),
  ...simd("v:v", { convertI32x4S: 250, convertI32x4U: 251 }, "i32"),
  ...simd("v:v", { demoteF64x2Zero: 94 }, "f64"),
  /** a·b + c, and −a·b + c, rounded once or twice as the machine likes. Relaxed SIMD. */
  ...simd("vvv:v", { relaxedMadd: 0x105, relaxedNmadd: 0x106 }, "f32"),

  const: (a: number, b: number, c: number, d: number): Expr<"v128"> =>
    expression("v128", [], [SIMD, 12, ...littleEndian("f32", a, b, c, d)]),
  extractLane: (lane: number, vector: Expr<"v128">): Expr<"f32"> => expression("f32", [vector], [SIMD, 31, lane]),
  replaceLane: (lane: number, vector: Expr<"v128">, value: Operand<"f32">): Expr<"v128"> =>
    expression("v128", [vector, operand("f32", value)], [SIMD, 32, lane]),
};

export const f64x2 = {
  ...simd("d:v", { splat: 20 }),
  ...simd("vv:v", { eq: 71, ne: 72, lt: 73, gt: 74, le: 75, ge: 76 }, "f64"),
  ...simd("v:v", { ceil: 116, floor: 117, trunc: 122, nearest: 148, abs: 236, neg: 237, sqrt: 239 }, "f64"),
  ...simd("vv:v", { add: 240, sub: 241, mul: 242, div: 243, min: 244, max: 245, pmin: 246, pmax: 247 }, "f64"),
  ...simd("v:v", { promoteLowF32x4: 95 }, "f32"),
  ...simd("v:v", { convertLowI32x4S: 254, convertLowI32x4U: 255 }, "i32"),

  extractLane: (lane: number, vector: Expr<"v128">): Expr<"f64"> => expression("f64", [vector], [SIMD, 33, lane]),
};

/** `then` where the condition is not 0, else `otherwise`; both are evaluated. */
export function select<T extends Type>(condition: Operand<"i32">, then: Expr<T>, otherwise: Expr<T>): Expr<T> {
  const typed = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }[then.type as Type];
  return expression(then.type, [then, otherwise, operand("i32", condition)], [0x1c, 1, typed]);
}
