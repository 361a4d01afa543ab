/** Runs TypeScript on a user's module: what it refuses, in which words and where, and what it takes a name's type to be. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** An error of the compiler. */
export interface Finding {
  /** All lines of the message. */
  readonly message: string;
  /** The source text that the error is on. */
  readonly at: string;
  /** Counted from 0. */
  readonly line: number;
}

export interface CheckedModule {
  readonly findings: readonly Finding[];
  /** How many types the compiler had to make of others: what its time goes by. */
  readonly instantiations: number;
  /** The type of a top-level const, as the compiler prints it. */
  typeOf(name: string): string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The library's sources; with FALTUNG_TYPES=dist the bundled declarations, which are what users get: bundling once gave a
 * name to two types (test/package/check.ts).
 */
const TYPES = process.env.FALTUNG_TYPES === "dist" ? (["dist", ".d.ts"] as const) : (["src", ".ts"] as const);

/** What a careful user has switched on. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
  skipLibCheck: true,
  noEmit: true,
  paths: Object.fromEntries(
    [
      ["faltung", "index"],
      ["faltung/*", "*"],
    ].map(([name, file]) => [name, [`${ROOT}${TYPES[0]}/${file}${TYPES[1]}`]]),
  ),
};

/** Parsed once for all modules of a test file. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Type-checks `code` as a module beside the library's sources, which are not checked themselves. */
export function check(code: string, more: ts.CompilerOptions = {}): CheckedModule {
  const path = join(ROOT, "test/types/module.ts");
  const options = { ...OPTIONS, ...more };
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.readFile = (name) => (name === path ? code : readFile(name));
  host.getSourceFile = (name, ...rest) => {
    if (name === path) return ts.createSourceFile(name, code, ts.ScriptTarget.ES2022, true);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest));
    return parsed.get(name);
  };
  const program = ts.createProgram([path], options, host);
  const file = program.getSourceFile(path);
  if (!file) throw new Error("the module was not read");
  const checker = program.getTypeChecker();
  const findings = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ messageText, start = 0, length = 0 }) => ({
      message: ts.flattenDiagnosticMessageText(messageText, "\n"),
      at: code.slice(start, start + length),
      line: file.getLineAndCharacterOfPosition(start).line,
    }),
  );
  const declarations = new Map<string, ts.VariableDeclaration>();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      declarations.set(declaration.name.getText(file), declaration);
    }
  }
  return {
    findings,
    instantiations: program.getInstantiationCount(),
    typeOf(name) {
      const declaration = declarations.get(name);
      if (!declaration) throw new Error(`the module has no const ${name}`);
      return checker.typeToString(checker.getTypeAtLocation(declaration), undefined, ts.TypeFormatFlags.NoTruncation);
    },
  };
}

/** What `ask` finds in the type of a top-level const. */
export function typesOf<T>(
  code: string,
  name: string,
  ask: (checker: ts.TypeChecker, type: ts.Type, at: ts.Node) => T,
): T {
  const { service, path } = serviceOf(code);
  const program = service.getProgram();
  const file = program?.getSourceFile(path);
  for (const statement of file?.statements ?? []) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (!program || declaration.name.getText(file) !== name) continue;
      const checker = program.getTypeChecker();
      return ask(checker, checker.getTypeAtLocation(declaration), declaration);
    }
  }
  throw new Error(`the module has no const ${name}`);
}

/** An editor's language service with the module open. */
function serviceOf(code: string): { readonly service: ts.LanguageService; readonly path: string } {
  const path = join(ROOT, "test/types/module.ts");
  const service = ts.createLanguageService({
    getCompilationSettings: () => OPTIONS,
    getScriptFileNames: () => [path],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const text = name === path ? code : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === path || ts.sys.fileExists(name),
    readFile: (name) => (name === path ? code : ts.sys.readFile(name)),
    directoryExists: ts.sys.directoryExists,
  });
  return { service, path };
}

/** What an editor shows over each top-level name of the module. */
export function hovers(code: string): Map<string, string> {
  const { service, path } = serviceOf(code);
  const shown = new Map<string, string>();
  for (const match of code.matchAll(/const (\w+)/g)) {
    const info = service.getQuickInfoAtPosition(path, match.index + "const ".length);
    shown.set(match[1] ?? "", ts.displayPartsToString(info?.displayParts));
  }
  service.dispose();
  return shown;
}

/** What an editor offers to write at a place: a name or a text, with what it says of it. */
export interface Offer {
  readonly name: string;
  readonly documentation: string;
}

/** What an editor offers at each position of the module. */
export function completions(code: string, positions: readonly number[]): Offer[][] {
  const { service, path } = serviceOf(code);
  const offers = positions.map((position) =>
    (service.getCompletionsAtPosition(path, position, undefined)?.entries ?? []).map(({ name }) => {
      const details = service.getCompletionEntryDetails(
        path,
        position,
        name,
        undefined,
        undefined,
        undefined,
        undefined,
      );
      return { name, documentation: ts.displayPartsToString(details?.documentation) };
    }),
  );
  service.dispose();
  return offers;
}
