/**
 * A small typed assembler for WebAssembly, readable as a kernel language. A whole kernel:
 *
 *     const builder = new ModuleBuilder({ shared: true });
 *     const body = (x: Local<"i32">, bytes: Local<"i32">, by: Local<"f32">) => {
 *       const factor = local(f32x4.splat(by));
 *       forRange(x, i32.add(x, bytes), 16, (at) => v128.store(at, f32x4.mul(v128.load(at), factor)));
 *     };
 *     builder.kernel("scale", body, ["i32", "i32", "f32"]);
 *     const { scale } = builder.instantiate<"scale">(memory); // scale(offset, bytes, 2) changes the memory
 *
 * - module.ts       `new ModuleBuilder({ shared })`; `.kernel(name, body, types?)` writes a function that JavaScript
 *                   calls, whose result is what `body` returns; its parameters are integers without `types`;
 *                   `.function(parameters, body)` writes one that JavaScript does not see, and gives what calls it from
 *                   later functions, a statement, or an expression where it has a result: `half({ x, bytes: 64 })`;
 *                   `.bytes()`; `.instantiate(memory)`. The memory is imported as `env.memory`.
 * - expression.ts   `Expr<"v128">` is code that is evaluated at every use; `local(value)`, `local(type, value?)` and
 *                   `locals(type, n)` are variables with `.set(value)` and `.tee(value)`. Numbers stand for constants
 *                   anywhere.
 * - i32.ts, f32.ts, f64.ts, v128.ts, i8x16.ts, i32x4.ts, f32x4.ts, f64x2.ts   their instructions; `select` is in
 *                   instructions.ts. Loads are `load(address, offset = 0)`, stores `store(address, value, offset = 0)`.
 * - control.ts      `block`, `loop`, `when`, `br`, `brIf`, `ret`, `forRange(from, to, step, (i) => …)`,
 *                   `whileTrue(condition, () => …)`, `doWhile(() => condition)`, `repeat(count, () => …)`,
 *                   `advance`, `min`.
 * - simd.ts         `multiplyAdd(simd)`: acc + a·b by relaxed or by plain SIMD.
 */
import { StateError } from "../../../shape/errors.js";
import { show } from "../../../shape/show.js";
import { engine } from "../../../tensor/engine.js";
import { name as encodedName, sized, unsigned, vector } from "./encoding.js";
import { type Expr, expression, Local, type Operand, operand, statement, type Type, writeBody } from "./expression.js";

const [END, CALL] = [0x0b, 0x10] as const;
/** 4 GiB: what the engine's shared memory may grow to. */
const MAXIMUM_PAGES = 65536;

type Parameters = Readonly<Record<string, Type>>;
/** Parameters by name, or in their order. */
type Locals<P> = { readonly [K in keyof P]: P[K] extends Type ? Local<P[K]> : never };

/** Writes a kernel's statements, of its parameters in their order; returns its result, an expression, if it has one. */
export type Body<T extends readonly Type[] = readonly "i32"[]> = (...parameters: Locals<T>) => unknown;

/** What calls a function whose body returns R, an expression or nothing: operands go by name, so that no two of many addresses change places. */
export type Callable<P extends Parameters, R> = (
  operands: {
    readonly [K in keyof P]: Operand<P[K]>;
  },
) => R extends Expr<infer T> ? Expr<T> : void;

/** An exported function as JavaScript sees it. */
export type Kernel = (...values: readonly number[]) => number;

interface Written {
  readonly parameters: readonly Type[];
  readonly result: Type | undefined;
  readonly locals: readonly Type[];
  readonly code: readonly number[];
}

export class ModuleBuilder {
  readonly #shared: boolean;
  readonly #functions: Written[] = [];
  readonly #exports: (readonly number[])[] = [];

  constructor({ shared }: { readonly shared: boolean }) {
    this.#shared = shared;
  }

  /** Writes a function that JavaScript calls by its name. Its parameters are integers where `types` does not say more. */
  kernel<const T extends readonly Type[] = readonly "i32"[]>(name: string, body: Body<T>, types?: T): void {
    this.#write(types ?? new Array<Type>(body.length).fill("i32"), (locals) => body(...(locals as Locals<T>)));
    this.#exports.push([...encodedName(name), 0, ...unsigned(this.#functions.length - 1)]);
  }

  /** Writes a function that only later functions of this module call. */
  function<P extends Parameters, R>(parameters: P, body: (parameters: Locals<P>) => R): Callable<P, R> {
    const names = Object.keys(parameters);
    const result = this.#write(Object.values(parameters), (locals) =>
      body(Object.fromEntries(names.map((name, i) => [name, locals[i]])) as Locals<P>),
    );
    const call = [CALL, ...unsigned(this.#functions.length - 1)];
    return ((operands: Readonly<Record<string, Operand<Type>>>) => {
      const values = names.map((name) => operand(parameters[name]!, operands[name]!));
      return result ? expression(result, values, call) : statement(values, call);
    }) as Callable<P, R>;
  }

  /** Writes a function; gives the type of its result, if it has one. */
  #write(types: readonly Type[], body: (parameters: readonly Local[]) => unknown): Type | undefined {
    let result: Type | undefined;
    const { locals, code } = writeBody(types, () => {
      const value = body(types.map((type, i) => new Local(type, i))) as Expr<Type> | undefined;
      if (value) statement([value], []);
      result = value?.type;
    });
    this.#functions.push({ parameters: types, result, locals: locals.slice(types.length), code });
    return result;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const functions = this.#functions;
    const signatures = functions.map(({ parameters, result }) => [
      0x60,
      ...vector(parameters.map(code)),
      ...vector(result ? [code(result)] : []),
    ]);
    const limits = this.#shared ? [3, 1, ...unsigned(MAXIMUM_PAGES)] : [0, 1];
    const memory = [...encodedName("env"), ...encodedName("memory"), 2, ...limits];
    const indices = functions.map((_, i) => unsigned(i));
    const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    return new Uint8Array(
      header.concat(
        section(1, signatures),
        section(2, [memory]),
        section(3, indices),
        section(7, this.#exports),
        section(10, functions.map(body)),
      ),
    );
  }

  /**
   * Compiles the module, on this thread, and gives its kernels.
   * @throws Refused where the platform does not, and then everything runs on the reference backend from now on.
   */
  instantiate<Names extends string>(memory: WebAssembly.Memory): Record<Names, Kernel> {
    const bytes = this.bytes();
    try {
      const kernels = instance(bytes, memory) as Record<Names, Kernel>;
      isFirst = false;
      return kernels;
    } catch (cause) {
      engine().backend = { name: "reference", simd: "plain", cause };
      throw new Refused(cause, isFirst);
    }
  }
}

/** Whether no kernel has run: none has been compiled. */
let isFirst = true;

/** @throws whatever the platform throws. */
export function instance(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
}

/** The platform, which compiled a probe, does not compile a kernel. */
export class Refused extends StateError {
  readonly #isFirst: boolean;

  constructor(cause: unknown, isFirst: boolean) {
    super(
      `A kernel could not be compiled (${said(cause)}). Usual cause: no memory left for it, or a limit on WebAssembly. Everything runs on the reference backend from now on: repeat the step, from zeroGrad() on. With setBackend("reference") at the start, nothing is compiled.`,
      { cause },
    );
    this.#isFirst = isFirst;
  }

  /** Whether no kernel ran before, so that nothing has been written. */
  get isFirst(): boolean {
    return this.#isFirst;
  }
}

/** The words of what a platform threw, which need not be an Error. */
export function said(cause: unknown): string {
  const message = (cause as Partial<Error> | null | undefined)?.message;
  return typeof message === "string" ? message : show(cause);
}

function code(type: Type): number[] {
  return [{ i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }[type]];
}

/** A section: the count of its elements, then the elements. */
function section(id: number, elements: readonly (readonly number[])[]): number[] {
  return [id].concat(sized(vector(elements)));
}

/** A function's locals and code. */
function body({ locals, code }: Written): number[] {
  return sized(vector(runs(locals)).concat(code, END));
}

/** Locals as counts of neighbors of one type. */
function runs(locals: readonly Type[]): number[][] {
  const starts = locals.flatMap((type, i) => (type === locals[i - 1] ? [] : [i]));
  return starts.map((start, i) => [...unsigned((starts[i + 1] ?? locals.length) - start), ...code(locals[start]!)]);
}
