/** Every type that a public signature names is exported from an entry, so that a program can name it as well. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));

/** Types that no entry exports, and why a program needs no name for them. */
const HIDDEN: Readonly<Record<string, string>> = {
  Init: "of the constructors of blocks that only the library makes",
  NONLINEARITIES: "a table, of which Nonlinearity has the keys",
  NormGeometry: "of a protected method of the library's norms",
  Operand: "a Tensor or a number",
  OwnBytes: "Uint8Array, which has a parameter from TypeScript 5.7 on",
  PoolGeometry: "of a protected method of the library's poolings",
  RandomState: 'a name inside one file for Random["state"]',
  Recording: "of a protected method that the library calls",
  Resident: "numbers in the engine's memory, of which no program makes a Tensor",
  Sequential: "the interface behind the constant of that name, which is exported",
};

const entries = readdirSync(SRC)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(SRC, file));
const { config } = ts.readConfigFile(join(SRC, "tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, SRC);
const program = ts.createProgram(entries, { ...options, noEmit: true });
const checker = program.getTypeChecker();

const targetOf = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** What the entries export. */
const exported = new Set(
  entries.flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile);
    return module ? checker.getExportsOfModule(module).map(targetOf) : [];
  }),
);

const isInternal = (node: ts.Node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");
const isHidden = (node: ts.Node) =>
  isInternal(node) ||
  (ts.canHaveModifiers(node) && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) ||
  ((ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)) &&
    ts.isPrivateIdentifier(node.name));

/** A function of types, or a shape rule, which is one too: what it is made of is its own affair, for a program names what it gives. */
const isTypeFunction = (node: ts.Node) =>
  (ts.isTypeAliasDeclaration(node) && node.typeParameters !== undefined) ||
  (ts.isInterfaceDeclaration(node) && /Rule$/.test(node.name.text));
/** What a class extends: its members are the class's own. */
const isBaseClass = (node: ts.Node) =>
  ts.isHeritageClause(node) && ts.isClassDeclaration(node.parent) && node.token === ts.SyntaxKind.ExtendsKeyword;

/** The types that a declaration names, but for those in bodies, in initial values and in what it hides. */
function named(node: ts.Node, found: Map<ts.Symbol, string>, at: string): void {
  if (isHidden(node) || ts.isBlock(node) || ts.isSourceFile(node) || isTypeFunction(node) || isBaseClass(node)) return;
  if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) || ts.isTypeQueryNode(node)) {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isTypeQueryNode(node)
        ? node.exprName
        : node.expression;
    const symbol = checker.getSymbolAtLocation(name);
    const target = symbol && targetOf(symbol);
    const isOurs = target?.declarations?.some(
      (declaration) =>
        declaration.getSourceFile().fileName.startsWith(SRC) &&
        !ts.isTypeParameterDeclaration(declaration) &&
        !isTypeFunction(declaration),
    );
    if (target && isOurs && !exported.has(target) && !found.has(target)) found.set(target, at);
  }
  ts.forEachChild(node, (child) => {
    const isValue = ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) || ts.isParameter(node);
    if (isValue && child === node.initializer) return;
    named(child, found, at);
  });
}

const found = new Map<ts.Symbol, string>();
for (const symbol of exported) {
  for (const declaration of symbol.declarations ?? []) named(declaration, found, symbol.name);
}

test("every type that a public signature names is exported", () => {
  const names = [...found].flatMap(([{ name }, at]) => (name in HIDDEN ? [] : [`${name}, named by ${at}`]));
  expect(names).toEqual([]);
});

test("what is listed as hidden is named somewhere", () => {
  const names = [...found.keys()].map(({ name }) => name);
  expect(Object.keys(HIDDEN).filter((name) => !names.includes(name))).toEqual([]);
});
