/** Kernels in plain TypeScript loop over arrays; this hands them the numbers of operands that lie elsewhere. */
import type { FloatArray, Operand, Resident } from "../tensor/storage.js";

type OnOperands<Args> = { [I in keyof Args]: FloatArray extends Args[I] ? Args[I] | Operand : Args[I] };

/** Calls a kernel on arrays, for operands wherever they lie. */
export function onArrays<Args extends readonly unknown[], Result>(
  kernel: (...args: Args) => Result,
  ...args: OnOperands<Args>
): Result {
  return kernel(...(arraysOf(args) as unknown as Args));
}

/** The same arguments, but for operands the arrays that hold their numbers now. */
export function arraysOf(args: readonly unknown[]): unknown[] {
  // A result that lies nowhere yet takes a place, which may move another operand; the second time all lie somewhere.
  for (const arg of args) if (isResident(arg)) arg.view();
  return args.map((arg) => (isResident(arg) ? arg.view() : arg));
}

function isResident(arg: unknown): arg is Resident {
  return typeof (arg as Partial<Resident> | undefined)?.view === "function";
}
