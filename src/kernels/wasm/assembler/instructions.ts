/**
 * WebAssembly's instructions as functions of expressions, a file for each type of operands: `i32.add(a, 1)`,
 * `f32x4.mul(x, y)`, `v128.load(address, 16)`. Names are those of the text format in camel case (`f32x4.relaxed_madd` is
 * `f32x4.relaxedMadd`), and numbers may stand for constants. What an instruction takes and gives is written as letters:
 * i32 `i`, f32 `f`, f64 `d`, v128 `v`. Every one is a binding of its own, so that bundlers leave out those that
 * no kernel of a program uses. Source: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */
import { append, unsigned } from "./encoding.js";
import { type Expr, expression, type Operand, operand, statement, type Type } from "./expression.js";

const LETTERS = { i: "i32", f: "f32", d: "f64", v: "v128" } as const;
type Letters = typeof LETTERS;

/** `"vi:v"` → [Operand<"v128">, Operand<"i32">] */
type Operands<Inputs extends string> = Inputs extends `${infer Letter extends keyof Letters}${infer Rest}`
  ? [Operand<Letters[Letter]>, ...Operands<Rest>]
  : [];
type Instruction<Signature extends string> = Signature extends `${infer Inputs}:${infer Output extends keyof Letters}`
  ? (...operands: Operands<Inputs>) => Expr<Letters[Output]>
  : never;

type Lane = "f32" | "f64" | "i32";
export const SIMD = 0xfd;

/** The function of an instruction: `"ii:i"` takes two i32 and gives one. `lane`: what a number given for a vector is. */
export function instruction<Signature extends string>(
  signature: Signature,
  code: number,
  prefix?: number,
  lane?: Lane,
): Instruction<Signature> {
  const opcode = prefix === undefined ? [code] : [prefix, ...unsigned(code)];
  const output = LETTERS[signature.at(-1) as keyof Letters];
  // Kernels are written by code that runs once: no closures or copies here that need not be.
  const write = (...operands: Operand<Type>[]) => {
    for (let i = 0; i < operands.length; i++) {
      const given = operands[i]!;
      if (typeof given === "number") operands[i] = operand(LETTERS[signature[i] as keyof Letters], given, lane);
    }
    return expression(output, operands as Expr<Type>[], opcode);
  };
  return write as Instruction<Signature>;
}

export function simd<Signature extends string>(
  signature: Signature,
  code: number,
  lane: Lane = "i32",
): Instruction<Signature> {
  return instruction(signature, code, SIMD, lane);
}

type Load<T extends Type> = (address: Operand<"i32">, offset?: number) => Expr<T>;
type Store<T extends Type> = (address: Operand<"i32">, value: Operand<T>, offset?: number) => void;

/** A load from address + offset; offset is a constant. No alignment is promised. */
export function loading<T extends Type>(type: T, code: number, prefix?: number): Load<T> {
  return (address, offset = 0) => expression(type, [operand("i32", address)], access(code, offset, prefix));
}

/** A statement that stores to address + offset. */
export function storing<T extends Type>(type: T, code: number, prefix?: number): Store<T> {
  return (address, value, offset = 0) =>
    statement([operand("i32", address), operand(type, value)], access(code, offset, prefix));
}

export function access(code: number, offset: number, prefix?: number): number[] {
  const bytes = prefix === undefined ? [code] : [prefix, code];
  bytes.push(0);
  append(bytes, unsigned(offset));
  return bytes;
}

/** `then` where the condition is not 0, else `otherwise`; both are evaluated. Numbers are integers. */
export function select<T extends Type>(condition: Operand<"i32">, then: Expr<T>, otherwise: Expr<T>): Expr<T>;
export function select(condition: Operand<"i32">, then: Operand<"i32">, otherwise: Operand<"i32">): Expr<"i32">;
export function select(condition: Operand<"i32">, ...values: [Operand<Type>, Operand<Type>]): Expr<Type> {
  const [then, otherwise] = values.map((value) => operand("i32", value as Operand<"i32">)) as [Expr<Type>, Expr<Type>];
  const typed = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }[then.type];
  return expression(then.type, [then, otherwise, operand("i32", condition)], [0x1c, 1, typed]);
}
