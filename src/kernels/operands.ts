/** Kernels in plain TypeScript loop over arrays; this hands them the numbers of operands that lie elsewhere. */
import type { FloatArray, Operand, Resident } from "../tensor/storage.js";
import type { Epilogue } from "./interface/epilogue.js";

const made = new WeakMap<object, object>();

/** Kernels whose arrays may be operands. */
export type OnOperands<Kernels> = {
  readonly [Name in keyof Kernels]: Kernels[Name] extends (...args: infer Args) => infer Result
    ? (...args: { [I in keyof Args]: FloatArray extends Args[I] ? Args[I] | Operand : Args[I] }) => Result
    : OnOperands<Kernels[Name]>;
};

/** The same kernels, for operands wherever they lie. */
export function onArrays<Kernels extends object>(kernels: Kernels): OnOperands<Kernels> {
  let known = made.get(kernels) as OnOperands<Kernels> | undefined;
  if (!known) {
    known = Object.fromEntries(
      Object.entries(kernels).map(([name, kernel]) => [
        name,
        typeof kernel === "function" ? (...args: unknown[]) => kernel(...arraysOf(args)) : onArrays(kernel),
      ]),
    ) as OnOperands<Kernels>;
    made.set(kernels, known);
  }
  return known;
}

function arraysOf(args: readonly unknown[]): unknown[] {
  // A result that lies nowhere yet takes a place, which may move another operand; the second time all lie somewhere.
  for (const arg of args) arrayIn(arg);
  return args.map(arrayIn);
}

/** The array of an operand, or an epilogue with the array of its sum. */
function arrayIn(arg: unknown): unknown {
  if (isResident(arg)) return arg.view();
  const { sum } = (arg ?? {}) as Partial<Epilogue>;
  return isResident(sum) ? { ...(arg as Epilogue), sum: sum.view() } : arg;
}

function isResident(arg: unknown): arg is Resident {
  return typeof (arg as Partial<Resident> | undefined)?.view === "function";
}
