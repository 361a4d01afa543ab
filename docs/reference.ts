/**
 * `npm run docs:reference`: writes docs/reference.md, every exported name of every entry with the first sentence of its doc
 * comment and how it is called. Types are shortened: what only the compiler's check of shapes needs is left out.
 */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The entries in the page's order, each with what it is for. */
const ENTRIES = {
  faltung: "Tensors, layers, and networks made of them.",
  "faltung/train": "Losses, optimizers, schedulers, metrics, and the training loop.",
  "faltung/data": "Data sets, batches, normalization and augmentation.",
  "faltung/io": "Tensors to and from files: safetensors, NumPy's formats, gzip. Everything takes and gives bytes.",
  "faltung/models": "Networks from papers. [models.md](models.md) has their sizes and times.",
  "faltung/vision": "Pictures, filters, boxes, detection, masks and faces.",
  "faltung/node": "What needs a file system: Node, Deno or Bun.",
  "faltung/testing": "Checks for layers of your own.",
  "faltung/shapes":
    "Types that shapes are computed with. A program need not write them; the compiler writes them into declarations.",
} as const;

/** Headings of groups, in the page's order. A class belongs to the group of the base class that it extends. */
const GROUPS = ["Layers", "Losses", "Optimizers", "Schedulers", "Classes", "Functions", "Values", "Types", "Errors"];
const GROUP_OF_BASE: Readonly<Record<string, string>> = {
  Layer: "Layers",
  Loss: "Losses",
  Optimizer: "Optimizers",
  Scheduler: "Schedulers",
  Error: "Errors",
};

interface Line {
  /** `Conv2d`, or `Tensor.mul` for a member. */
  readonly name: string;
  readonly signature: string;
  readonly summary: string;
}

interface Item extends Line {
  readonly entry: string;
  readonly group: string;
  readonly members: readonly Line[];
}

/** Every exported name, in the order of the page. */
export function exportedNames(): Item[] {
  const files = Object.keys(ENTRIES).map(fileOf);
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const all = Object.keys(ENTRIES).flatMap((entry) => {
    const file = program.getSourceFile(fileOf(entry));
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${fileOf(entry)} exports nothing`);
    const items = checker.getExportsOfModule(module).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const item = described(checker, symbol.name, target);
      // Of a class that is exported as a type, nobody makes one.
      const isMade = !isTypeOnly(symbol) || !/^(?:new|abstract|class) /.test(item.signature);
      return { entry, ...item, ...(!isMade && { group: "Types", signature: `class ${item.name}` }) };
    });
    return GROUPS.flatMap((group) =>
      items.filter((item) => item.group === group).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });
  const names = new Map(all.map(({ name }) => [name.toLowerCase(), name]));
  return all.map((item) => (item.summary ? item : { ...item, summary: summaryByName(item.name, names) }));
}

/** `Conv2dOptions` and `Conv2dRule` need no comment of their own. */
function summaryByName(name: string, names: ReadonlyMap<string, string>): string {
  const [, of = "", what] = /^(\w+)(Options|Rule)$/.exec(name) ?? [];
  const owner = names.get(of.toLowerCase());
  return owner ? `${what === "Options" ? "Options" : "The shape rule"} of \`${owner}\`.` : "";
}

function fileOf(entry: string): string {
  return join(ROOT, "src", entry === "faltung" ? "index.ts" : `${basename(entry)}.ts`);
}

/** The whole page. */
export function page(items: readonly Item[]): string {
  const lines = [
    "# Reference",
    "",
    "Every exported name, by entry. This page is made by `npm run docs:reference` from the doc comments in `src/`, which an",
    "editor shows in full, with formulas, defaults, errors and an example.",
    "",
    ...Object.keys(ENTRIES).map((entry) => `- [\`${entry}\`](#${anchorOf(entry)})`),
  ];
  for (const [entry, purpose] of Object.entries(ENTRIES)) {
    lines.push("", `## ${entry}`, "", purpose);
    for (const group of GROUPS) {
      const own = items.filter((item) => item.entry === entry && item.group === group);
      if (own.length === 0) continue;
      lines.push("", `### ${entry === "faltung/models" && group === "Layers" ? "Networks" : group}`, "");
      for (const item of own) {
        lines.push(`- ${written(item)}`);
        if (entry !== "faltung/shapes") lines.push(...item.members.map((each) => `  - ${written(each)}`));
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

function anchorOf(entry: string): string {
  return entry.replace("/", "");
}

function written({ signature, summary }: Line): string {
  return `\`${signature}\`${summary ? ` — ${summary}` : ""}`;
}

function described(checker: ts.TypeChecker, name: string, symbol: ts.Symbol): Omit<Item, "entry"> {
  const declarations = symbol.declarations ?? [];
  const summary = summaryOf(checker, symbol);
  const common = { name, summary };
  const ofClass = declarations.find(ts.isClassDeclaration);
  if (ofClass) {
    const group = groupOf(checker, ofClass);
    const isAbstract = has(ofClass, ts.ModifierFlags.Abstract);
    const own = constructorOf(checker, ofClass);
    const isInternal = own && ts.getJSDocTags(own).some(({ tagName }) => tagName.text === "internal");
    const signature =
      isAbstract || isInternal
        ? `${isAbstract ? "abstract " : ""}class ${name}`
        : `new ${name}${own ? parametersOf(own) : "()"}`;
    const inherited = new Set(basesOf(checker, ofClass).flatMap(({ members }) => members.map(nameOf)));
    const members = ofClass.members.filter(
      (member) => !inherited.has(nameOf(member)) && (isAbstract || !isProtected(member)),
    );
    return { ...common, group, signature, members: membersOf(checker, name, members) };
  }
  const ofFunction = declarations.find(ts.isFunctionDeclaration);
  if (ofFunction) {
    return { ...common, group: "Functions", signature: `${name}${callOf(checker, ofFunction)}`, members: [] };
  }
  const ofVariable = declarations.find(ts.isVariableDeclaration);
  if (ofVariable) {
    const type = checker.getTypeOfSymbol(symbol);
    // A class under a type of its own, which says more about its constructor than a class can.
    if (type.getConstructSignatures().length > 0) {
      return { ...common, group: "Layers", signature: `new ${name}(...layers)`, members: [] };
    }
    return { ...common, group: "Values", signature: name, members: propertiesOf(checker, name, type) };
  }
  const ofInterface = declarations.find(ts.isInterfaceDeclaration);
  if (ofInterface) {
    // Rules are types to compute with: their fields say nothing to a reader.
    const isRule = /.Rule$/.test(name) && name !== "ShapeRule";
    const members = isRule ? [] : propertiesOf(checker, name, checker.getTypeAtLocation(ofInterface));
    return { ...common, group: "Types", signature: `interface ${name}${generics(ofInterface)}`, members };
  }
  const ofAlias = declarations.find(ts.isTypeAliasDeclaration);
  if (!ofAlias) throw new Error(`${name} is neither a class, a function, a value nor a type`);
  const text = flat(ofAlias.type.getText());
  const isShort = text.length < 100 && !/ extends | infer |~shape/.test(text);
  return {
    ...common,
    group: "Types",
    signature: `type ${name}${generics(ofAlias)}${isShort ? ` = ${text}` : ""}`,
    members: [],
  };
}

function isTypeOnly({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((at) => ts.isExportSpecifier(at) && (at.isTypeOnly || at.parent.parent.isTypeOnly));
}

/** Which group a class belongs to, by the classes that it extends. */
function groupOf(checker: ts.TypeChecker, node: ts.ClassDeclaration): string {
  for (const each of [node, ...basesOf(checker, node)]) {
    const group = GROUP_OF_BASE[each.name?.text ?? ""];
    if (group) return group;
    if (each.heritageClauses?.some(({ types }) => types.some(({ expression }) => expression.getText() === "Error"))) {
      return "Errors";
    }
  }
  return "Classes";
}

/** The classes of the library that a class extends, the nearest first. */
function basesOf(checker: ts.TypeChecker, node: ts.ClassDeclaration): ts.ClassDeclaration[] {
  const type = checker.getTypeAtLocation(node) as ts.InterfaceType;
  const bases = checker.getBaseTypes(type).flatMap((base) => base.symbol?.declarations ?? []);
  const base = bases.find(ts.isClassDeclaration);
  if (!base || base.getSourceFile().isDeclarationFile) return [];
  return [base, ...basesOf(checker, base)];
}

/** The constructor with the most to say: its own, or the one that it inherits. */
function constructorOf(checker: ts.TypeChecker, node: ts.ClassDeclaration): ts.ConstructorDeclaration | undefined {
  for (const each of [node, ...basesOf(checker, node)]) {
    const own = each.members.filter(ts.isConstructorDeclaration);
    const longest = own.toSorted((a, b) => b.parameters.length - a.parameters.length)[0];
    if (longest) return longest;
  }
  return undefined;
}

/** What a user calls or reads: neither inherited, nor hidden, nor without a word about it. */
function membersOf(
  checker: ts.TypeChecker,
  owner: string,
  nodes: readonly (ts.ClassElement | ts.TypeElement)[],
): Line[] {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Override;
  const seen = new Set<string>();
  return nodes.flatMap((node) => {
    const name = nameOf(node);
    if (name === undefined || seen.has(name) || has(node as ts.Declaration, hidden)) return [];
    const symbol = checker.getSymbolAtLocation(node.name as ts.Identifier);
    if (!symbol || ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) return [];
    const summary = summaryOf(checker, symbol);
    if (!summary) return [];
    seen.add(name);
    const role = isProtected(node) ? "protected " : "";
    const isStatic = has(node as ts.Declaration, ts.ModifierFlags.Static) ? "static " : "";
    const head = `${role}${isStatic}${name}`;
    const signature =
      ts.isMethodDeclaration(node) || ts.isMethodSignature(node)
        ? `${head}${callOf(checker, node)}`
        : `${head}${"questionToken" in node && node.questionToken ? "?" : ""}: ${typeOf(checker, node)}`;
    return [{ name: `${owner}.${name}`, signature, summary }];
  });
}

/** What an interface has, with what it inherits. */
function propertiesOf(checker: ts.TypeChecker, owner: string, type: ts.Type): Line[] {
  return type.getProperties().flatMap((property) => {
    const node = property.declarations?.find((each) => ts.isPropertySignature(each) || ts.isMethodSignature(each));
    if (!node || !ts.isIdentifier(node.name)) return [];
    const { name } = property;
    const type = ts.isPropertySignature(node) && node.type;
    const call = ts.isMethodSignature(node) ? node : type && ts.isFunctionTypeNode(type) ? type : undefined;
    const mark = node.questionToken ? "?" : "";
    const signature = `${name}${mark}${call ? callOf(checker, call) : `: ${typeOf(checker, node) || "unknown"}`}`;
    return [{ name: `${owner}.${name}`, signature, summary: summaryOf(checker, property) }];
  });
}

/** The first sentence of a doc comment, and the one that says the default. */
function summaryOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const [paragraph = ""] = text.split(/\n\s*\n|\n {4}/);
  const plain = flat(paragraph.replaceAll(/\{@link (\w+(?:\.\w+)*) ?\}/g, "`$1`"));
  const [first = plain] = /^.*?(?<!\bal)[.!?](?= [A-Z\d`"[]|$)/.exec(plain) ?? [];
  const [byDefault = ""] = / Default:? .*?\.(?= [A-Z]|$)/.exec(plain.slice(first.length)) ?? [];
  return first.replace(/:$/, "") + byDefault;
}

function nameOf({ name }: ts.ClassElement | ts.TypeElement): string | undefined {
  return name && ts.isIdentifier(name) ? name.text : undefined;
}

function isProtected(node: ts.ClassElement | ts.TypeElement): boolean {
  return has(node as ts.Declaration, ts.ModifierFlags.Protected);
}

function has(node: ts.Declaration, flags: ts.ModifierFlags): boolean {
  return (ts.getCombinedModifierFlags(node) & flags) !== 0;
}

// ── Signatures ──

type Callable = ts.SignatureDeclaration & { readonly parameters: ts.NodeArray<ts.ParameterDeclaration> };

function callOf(checker: ts.TypeChecker, node: Callable): string {
  const type = typeOf(checker, node);
  return `${parametersOf(node)}${type ? `: ${type}` : ""}`;
}

function parametersOf(node: Callable): string {
  const parameters = node.parameters.filter(({ name, type }) => name.getText() !== "this" && type?.getText() !== "[]");
  return `(${parameters.map((parameter) => parameterOf(parameter, node)).join(", ")})`;
}

function parameterOf(
  { dotDotDotToken, initializer, name, questionToken, type }: ts.ParameterDeclaration,
  scope: ts.Node,
) {
  const own = ts.isIdentifier(name) ? name.text.replace(/^_/, "") : "options";
  const text = type ? shortened(type, scope) : "";
  const known = text.replace(/ \| undefined$/, "");
  const isOne = dotDotDotToken && type && !/\[\]$/.test(text) && ONE_OPTION.test(type.getText());
  const isOptional = questionToken || isOne || known !== text || initializer?.getText() === "{}";
  const head = `${dotDotDotToken && !isOne ? "..." : ""}${own}${isOptional ? "?" : ""}`;
  const byDefault = initializer && !isOptional ? ` = ${initializer.getText()}` : "";
  return `${head}${known && !byDefault ? `: ${known}` : ""}${byDefault}`;
}

/** Types that check one optional argument of options. */
const ONE_OPTION = /^(?:OnlyArguments|OnlyOptions)</;

/** The type of a field, or what a method returns. */
function typeOf(checker: ts.TypeChecker, node: ts.Node): string {
  const { type } = node as { readonly type?: ts.TypeNode };
  if (type) return shortened(type, node);
  const inferred = checker.getTypeAtLocation(node);
  const [signature] = inferred.getCallSignatures();
  const isCall = ts.isFunctionLike(node) && signature;
  return plain(checker.typeToString(isCall ? signature.getReturnType() : inferred));
}

/**
 * A type as a reader wants it: a type parameter is what it extends, and nothing is left of what refuses wrong shapes; empty
 * where nothing is left at all.
 */
function shortened(node: ts.TypeNode, scope: ts.Node): string {
  if (ts.isParenthesizedTypeNode(node)) return shortened(node.type, scope);
  if (ts.isIntersectionTypeNode(node)) return node.types[0] ? shortened(node.types[0], scope) : "";
  if (ts.isUnionTypeNode(node)) {
    return [...new Set(node.types.map((type) => shortened(type, scope)))].filter(Boolean).join(" | ");
  }
  if (ts.isArrayTypeNode(node)) {
    const element = shortened(node.elementType, scope);
    return / \| |=>/.test(element) ? `(${element})[]` : `${element}[]`;
  }
  if (ts.isTypeOperatorNode(node) && node.operator === ts.SyntaxKind.ReadonlyKeyword) {
    return shortened(node.type, scope);
  }
  if (ts.isTypeReferenceNode(node)) {
    const name = ts.isIdentifier(node.typeName) ? node.typeName.text : node.typeName.right.text;
    const parameter = typeParameterOf(name, scope);
    if (parameter) return parameter.constraint ? shortened(parameter.constraint, parameter.parent) : "unknown";
    if (ONE_OPTION.test(`${name}<`)) return node.typeArguments?.at(-1)?.getText() ?? "";
    if (name === "NoInfer" && node.typeArguments?.[0]) return shortened(node.typeArguments[0], scope);
    const isOpen = node.typeArguments?.some((each) => typeParameterOf(each.getText(), scope));
    if (isOpen && name === "MultipleOf") return "number";
    if (isOpen && !/Partial|Record|Readonly/.test(name)) return REFUSING.test(`${name}<`) ? "" : name;
  }
  const text = plain(flat(node.getText()));
  return REFUSING.test(text) ? "" : text;
}

/** Types that say what the compiler refuses, or what comes of shapes. */
const REFUSING =
  /~shape|\["shape"\]|Fitting<|Taken<|Refusal|Told<|ChainArguments|Output(?:Tensors|Values)<| extends |\binfer\b/;

/** Without the shapes that types of tensors carry. */
function plain(text: string): string {
  let short = text.replaceAll(/\breadonly (?=[\w([{])/g, "");
  for (const generic of ["Tensor", "Value", "Layer", "Graph"]) {
    const start = short.indexOf(`${generic}<`);
    if (start < 0) continue;
    let depth = 0;
    let end = start + generic.length;
    do {
      if (short[end] === "<") depth++;
      if (short[end] === ">" && short[end - 1] !== "=") depth--;
      end++;
    } while (depth > 0 && end < short.length);
    short = short.slice(0, start + generic.length) + short.slice(end);
  }
  return short;
}

function typeParameterOf(name: string, scope: ts.Node): ts.TypeParameterDeclaration | undefined {
  for (let node: ts.Node | undefined = scope; node; node = node.parent) {
    const { typeParameters } = node as { readonly typeParameters?: readonly ts.TypeParameterDeclaration[] };
    const found = typeParameters?.find((parameter) => parameter.name.text === name);
    if (found) return found;
  }
  return undefined;
}

function generics({ typeParameters }: ts.InterfaceDeclaration | ts.TypeAliasDeclaration): string {
  return typeParameters ? `<${typeParameters.map(({ name }) => name.text).join(", ")}>` : "";
}

/** In one line, without comments. */
function flat(text: string): string {
  return text
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const items = exportedNames();
  writeFileSync(new URL("reference.md", import.meta.url), page(items));
  console.log(`docs/reference.md: ${items.length} names`);
}
