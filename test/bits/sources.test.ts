/** What would make the bits of a result depend on the engine does not occur in the library. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../src", import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

// ECMAScript leaves open how these round. Math.sqrt, fround, floor and their like are exact.
const LOOSE = /^(?:a?cosh?|a?sinh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow|random|sumPrecise)$/;

/** What JavaScript leaves open, in some code: functions of Math, and powers of other numbers than 2. */
function looseIn(code: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isLooseMath(node)) found.push(node.parent.getText());
    if (isLoosePower(node)) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("code.ts", code, ts.ScriptTarget.ES2022, true));
  return found;
}

const isMath = (node: ts.Node) => ts.isIdentifier(node) && node.text === "Math";

/** `Math.exp`, `Math["exp"]`, and whatever else is done with `Math` but to call one of its functions by name. */
function isLooseMath(node: ts.Node): boolean {
  if (!isMath(node)) return false;
  const { parent } = node;
  return !(ts.isPropertyAccessExpression(parent) && isMath(parent.expression) && !LOOSE.test(parent.name.text));
}

/** Powers of 2 to a whole number that is written down are exact in every engine. */
function isLoosePower(node: ts.Node): boolean {
  if (!ts.isBinaryExpression(node)) return false;
  const { AsteriskAsteriskToken, AsteriskAsteriskEqualsToken } = ts.SyntaxKind;
  if (node.operatorToken.kind === AsteriskAsteriskEqualsToken) return true;
  if (node.operatorToken.kind !== AsteriskAsteriskToken) return false;
  return node.left.getText() !== "2" || !/^-?\d+$/.test(node.right.getText());
}

test("the library calls no function that an engine may round in its own way", () => {
  expect(files.length).toBeGreaterThan(200);
  const found = files.flatMap((name) =>
    looseIn(readFileSync(join(root, name), "utf8")).map((code) => `${name}: ${code}`),
  );
  // What `power` leaves to JavaScript are zeros, infinities and NaN.
  expect(found).toEqual(["tensor/math.ts: a ** b"]);
});

test.each([
  ["Math.exp(x)", ["Math.exp"]],
  ['Math["exp"](x)', ['Math["exp"]']],
  ["const { exp } = Math", ["{ exp } = Math"]],
  ["x ** 2", ["x ** 2"]],
  ["2 ** x", ["2 ** x"]],
  ["x **= 2", ["x **= 2"]],
  ["Math.sqrt(x) + 2 ** -53", []],
  ['"Math.exp(x)" /* x ** 2 */', []],
])("in %s", (code, loose) => expect(looseIn(code)).toEqual(loose));
