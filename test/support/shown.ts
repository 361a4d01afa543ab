/** Runs code of the documentation. Where it says what comes out, `conv.forward(x).shape; // [1, 8, 32, 32]`, that comes out. */
import ts from "typescript";
import { expect } from "vitest";
import { Tensor } from "../../src/index.js";

/** @param names what the code may use besides what it declares */
export async function runShown(code: string, names: Readonly<Record<string, unknown>>): Promise<void> {
  const { outputText } = ts.transpileModule(withShown(code), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const known = { expectShown, ...names };
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  await new AsyncFunction(...Object.keys(known), `{ ${outputText}\n}`)(...Object.values(known));
}

/** The code with each `expression; // [1, 2]` checked. */
export function withShown(code: string): string {
  return code.replace(
    /^(?!const |for |import |await )(.+?);? \/\/ (-?[\d.]+$|\[[-\d., [\]]*\]$|true$|false$)/gm,
    (_, expression: string, shown: string) => `expectShown(${expression}, ${JSON.stringify(shown)});`,
  );
}

/** Numbers agree to the digits that are shown. */
function expectShown(got: unknown, shown: string): void {
  const numbers = (value: unknown): unknown => (value instanceof Tensor ? value.toArray() : value);
  const digits = Math.max(0, ...[...shown.matchAll(/\.(\d+)/g)].map(([, decimals = ""]) => decimals.length));
  const round = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(round);
    return typeof value === "number" ? Number(value.toFixed(digits)) + 0 : value;
  };
  expect(round(numbers(got))).toEqual(round(JSON.parse(shown)));
}
