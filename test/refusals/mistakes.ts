/** Makes wrong arguments of right ones, and tells how the calls go. */
import { ArgumentError, FormatError, ShapeError, StateError, Tensor, tensor } from "../../src/index.js";
import type { Call, Kind } from "./calls.js";

/** Of each kind, what stands for it. */
const WRONG: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => -1,
  () => 1.5,
  () => 2 ** 31,
  () => "3",
  () => true,
  () => [],
  () => ({}),
  () => Promise.resolve([1]),
  () => new Map([["a", 1]]),
  () => 3n,
  () => Symbol("s"),
  () => tensor([1, 2]),
  () => new Uint8Array(3),
  () => new (class Own {})(),
  () => Object.create(null),
  () => () => 0,
];

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : "number";
  if (typeof value !== "object") return typeof value;
  if (Array.isArray(value)) return "array";
  if (ArrayBuffer.isView(value)) return "typed array";
  if (value instanceof Tensor) return "tensor";
  const kind = (value as { constructor?: { name?: string } }).constructor?.name ?? "Object";
  return kind === "Object" ? "object" : kind;
}

type Path = readonly (string | number)[];

/** The arguments, and of plain objects and arrays their parts: of an array the first one, which stands for all. */
function pathsOf(value: unknown, path: Path): Path[] {
  const kind = kindOf(value);
  if (kind === "array") return [path, ...pathsOf((value as unknown[])[0], [...path, 0])];
  if (kind !== "object") return value === undefined ? [] : [path];
  return [path, ...Object.entries(value as object).flatMap(([key, part]) => pathsOf(part, [...path, key]))];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((part, key) => (part as Record<string | number, unknown>)[key], value);
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

const CLASSES = [ArgumentError, ShapeError, StateError, FormatError];

/** What is wrong with how a call went: nothing, if it was refused by a sentence. */
async function outcome(call: Call, args: readonly unknown[]): Promise<"taken" | "refused" | string> {
  let taken = false;
  try {
    const result: unknown = await call.call(...(args as never[]));
    taken = true;
    await call.use?.(result as never);
  } catch (error) {
    const isSentence =
      error instanceof Error &&
      /^\w.* .*\.$/s.test(error.message) &&
      !/\[object |undefined:|_[A-Z]/.test(error.message);
    if (!CLASSES.some((Class) => error instanceof Class)) return `${error}`.split("\n")[0] ?? "";
    if (!isSentence) return `no sentence: ${error}`;
    if (!taken) return "refused";
  }
  return "taken";
}

/** How a call fails to refuse: one line for each wrong argument. */
export async function mistakesOf(call: Call, before: (what: string) => void = () => {}): Promise<string[]> {
  const right = call.args();
  const needs = call.needs ?? right.length;
  const mistakes: string[] = [];
  const first = await outcome(call, right);
  if (first !== "taken") return [`the right call: ${first}`];
  for (const path of right.flatMap((argument, i) => pathsOf(argument, [i]))) {
    const optional = Number(path[0]) >= needs;
    const takes = call.takes?.[path.join(".")] ?? [];
    const isRight = (kind: Kind) =>
      kind === kindOf(at(right, path)) ||
      takes.includes(kind) ||
      takes.includes("*") ||
      (optional && kind === "undefined");
    for (const make of WRONG) {
      const [value, shown] = [make(), describeValue(make())];
      if (call.slow?.[path.join(".")]?.includes(kindOf(value))) continue;
      before(`${path.join(".")} = ${shown}`);
      const got = await outcome(call, replaced(call.args(), path, value) as unknown[]);
      const allowed = isRight(kindOf(value)) ? ["taken", "refused"] : ["refused"];
      if (!allowed.includes(got)) mistakes.push(`${path.join(".")} = ${shown}: ${got}`);
    }
    if (optional && path.length === 1 && kindOf(at(right, path)) === "object") {
      const misspelled = replaced(call.args(), [...path, "misspelled"], 1);
      const got = await outcome(call, misspelled as unknown[]);
      if (got !== "refused") mistakes.push(`${path.join(".")}.misspelled: ${got}`);
    }
  }
  return mistakes;
}

function describeValue(value: unknown): string {
  return typeof value === "object" || typeof value === "function" ? kindOf(value) : `${typeof value} ${String(value)}`;
}
