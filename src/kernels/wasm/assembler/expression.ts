/**
 * Values of the kernel language, and the function that is being written.
 *
 * An {@link Expr} is code, not a number: it is evaluated where it is used, once for every use. Keep a value in a
 * {@link local} to evaluate it once. Statements (`local.set`, stores, control) are appended to the function whose body
 * `ModuleBuilder.function` is running; there is one at a time.
 */
import { append, littleEndian, signed, unsigned } from "./encoding.js";

export type Type = "i32" | "f32" | "f64" | "v128";

/** Code that leaves one value of type T on the stack. */
export interface Expr<T extends Type> {
  readonly type: T;
  /** Appends the code to that of a function. */
  emit(code: number[]): void;
}

/** An expression, or a number that stands for a constant (for `v128`: one that every lane holds). */
export type Operand<T extends Type> = Expr<T> | number;

/** The function that is being written. */
export interface Body {
  readonly code: number[];
  /** Types of the parameters and then of the locals. */
  readonly locals: Type[];
  /** How many blocks are open. */
  depth: number;
}

let current: Body | undefined;

/** The function that is being written. */
export function body(): Body {
  if (!current) throw new Error("The statements of a kernel belong inside ModuleBuilder.function.");
  return current;
}

/** Runs `write` with an empty function, of which the first locals are its parameters. */
export function writeBody(parameters: readonly Type[], write: () => void): Body {
  if (current) throw new Error("A function cannot be written inside another one.");
  const written: Body = { code: [], locals: [...parameters], depth: 0 };
  current = written;
  try {
    write();
  } finally {
    current = undefined;
  }
  return written;
}

/** Appends a statement: its operands, then its opcode with what belongs to it. */
export function statement(operands: readonly Expr<Type>[], opcode: readonly number[]): void {
  expression("i32", operands, opcode).emit(body().code);
}

/** The value of an instruction: its operands, then its opcode with what belongs to it. */
export function expression<T extends Type>(
  type: T,
  operands: readonly Expr<Type>[],
  opcode: readonly number[],
): Expr<T> {
  return new Instruction(type, operands, opcode);
}

class Instruction<T extends Type> implements Expr<T> {
  constructor(
    readonly type: T,
    private readonly operands: readonly Expr<Type>[],
    private readonly opcode: readonly number[],
  ) {}

  emit(code: number[]): void {
    const { operands, opcode } = this;
    for (let i = 0; i < operands.length; i++) operands[i]!.emit(code);
    for (let i = 0; i < opcode.length; i++) code.push(opcode[i]!);
  }
}

/** A variable or a parameter of the function that is being written. */
export class Local<T extends Type = Type> implements Expr<T> {
  readonly #index: readonly number[];

  constructor(
    readonly type: T,
    index: number,
  ) {
    this.#index = unsigned(index);
  }

  emit(code: number[]): void {
    code.push(0x20);
    append(code, this.#index);
  }

  /** Statement: gives the variable a new value. */
  set(value: Operand<T>): void {
    const { code } = body();
    operand(this.type, value).emit(code);
    code.push(0x21);
    append(code, this.#index);
  }

  /** Gives the variable a new value, which is that of the expression as well. */
  tee(value: Operand<T>): Expr<T> {
    return expression(this.type, [operand(this.type, value)], [0x22, ...this.#index]);
  }
}

/**
 * A new variable of the function that is being written: `local(i32.add(a, b))`, of the value's type, where a number is an
 * integer; `local("f32", 1)`, of the type that is given; `local("f32")`, which is 0 at first.
 */
export function local<T extends Type>(type: T, value?: Operand<T>): Local<T>;
export function local<T extends Type>(value: Expr<T>): Local<T>;
export function local(value: Operand<"i32">): Local<"i32">;
export function local(first: Type | Operand<Type>, value?: Operand<Type>): Local {
  if (typeof first !== "string") return local(typeof first === "number" ? "i32" : first.type, first);
  const variable = new Local(first, body().locals.push(first) - 1);
  if (value !== undefined) variable.set(value);
  return variable;
}

/** Several new variables: `locals("v128", 8)`. */
export function locals<T extends Type>(type: T, count: number): Local<T>[] {
  return Array.from({ length: count }, () => local(type));
}

/** A number as a constant of the type; for `v128`, four float32 lanes unless `lane` says otherwise. */
export function operand<T extends Type>(type: T, value: Operand<T>, lane: "f32" | "f64" | "i32" = "f32"): Expr<T> {
  if (typeof value !== "number") return value;
  if (type !== "i32") return expression(type, [], constant(type, value, lane));
  // Most constants are few integers.
  let known = integers.get(value) as Expr<T> | undefined;
  if (!known) {
    known = expression(type, [], [0x41, ...signed(value | 0)]);
    integers.set(value, known as Expr<"i32">);
  }
  return known;
}

const integers = /* @__PURE__ */ new Map<number, Expr<"i32">>();

function constant(type: Type, value: number, lane: "f32" | "f64" | "i32"): number[] {
  if (type === "f32") return [0x43, ...littleEndian("f32", value)];
  if (type === "f64") return [0x44, ...littleEndian("f64", value)];
  return [0xfd, 0x0c, ...littleEndian(lane, ...new Array<number>(lane === "f64" ? 2 : 4).fill(value))];
}
