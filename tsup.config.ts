import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type GetModuleInfo, type Plugin, rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { defineConfig } from "tsup";
import ts from "typescript";

const SRC = fileURLToPath(new URL("src", import.meta.url));

/**
 * ESM: a file for each entry and few that they share. A file costs half a millisecond to import, and what nobody uses of
 * one costs bundlers nothing, for importing a file does nothing but define (test/effects.test.ts). Spaces are left out,
 * local names are short. src/ and maps are not published: they would more than double the package, which has to stay
 * below 1 MB. Of src/shapes.ts, which is types alone, there is nothing else.
 *
 * An uncaught error shows the line that threw it: lines are short, which costs 5 kB of the package and no byte of a
 * bundle. One statement a line would cost 160 kB.
 */
export default defineConfig({
  entry: ["src/*.ts", "!src/shapes.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  clean: true,
  // Node's own modules, by names that Deno and Bun know as well.
  external: [/^node:/],
  removeNodeProtocol: false,
  esbuildOptions: (options) => {
    options.minifySyntax = true;
  },
  minify: "terser",
  // ecma: { x } for { x: x }. Functions and classes keep their names, for stack traces, and bundlers go on finding the notes
  // of what has no side effect, which esbuild would drop.
  terserOptions: {
    ecma: 2020,
    compress: false,
    mangle: { keep_classnames: true, keep_fnames: true, module: true, reserved: classNames() },
    format: { preserve_annotations: true, max_line_len: 400 },
  },
  plugins: [{ name: "class names", renderChunk: (code) => ({ code: withClassNames(code) }) }],
  onSuccess: async () => {
    breakLists("dist");
    await bundleDeclarations("dist");
  },
});

/** What a stack trace calls classes: esbuild makes variables of them, and terser would shorten those. */
function classNames(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...readFileSync(`${SRC}/${file}`, "utf8").matchAll(/\bclass (\w+)/g)])
    .map(([, name = ""]) => name);
}

/** Lists of imports and exports have no line break that terser would make: one that a linker finds wrong is shown whole. */
function breakLists(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".js"))) {
    const code = readFileSync(`${folder}/${file}`, "utf8");
    const list = (text: string) => text.replaceAll(/.{400,}?,/g, "$&\n");
    writeFileSync(`${folder}/${file}`, code.replaceAll(/(?<=^|;)(?:import|export)\{[^}]*\}/gm, list));
  }
}

/** esbuild makes `Layer = class _Layer` of a class that names itself; the inner name is what stack traces show. */
function withClassNames(code: string): string {
  const outer = new Map([...code.matchAll(/\b(\w+) = class (_\w+)\b/g)].map(([, name, inner]) => [inner, name]));
  return code.replaceAll(/\b_\w+\b/g, (name) => outer.get(name) ?? name);
}

/**
 * The declarations of the package: a file for each entry, and `shared.d.ts` for what several entries name, so that a class
 * is one type wherever it comes from. What no entry names in the end is left out, as is what is marked `@internal`.
 */
export async function bundleDeclarations(folder: string): Promise<void> {
  const entries = readdirSync(SRC).filter((file) => file.endsWith(".ts"));
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((file) => [basename(file, ".ts"), `${SRC}/${file}`])),
    external: /^node:/,
    plugins: [dts({ tsconfig: `${SRC}/tsconfig.json` }), published],
    onLog(level, log) {
      // Names for types that no entry exports: test/types/declarations.test.ts finds what a user's compiler cannot name.
      if (level === "warn" && !log.message.includes("private shared type exports")) throw new Error(log.message);
    },
  });
  await bundle.write({
    dir: folder,
    entryFileNames: "[name].d.ts",
    chunkFileNames: "[name].d.ts",
    minifyInternalExports: false,
    manualChunks: (id, { getModuleInfo }) => (entriesOf(id, getModuleInfo).size > 1 ? "shared" : undefined),
  });
  await bundle.close();
}

/** The entries that a module is part of; an entry is part of itself alone, whoever imports it. */
function entriesOf(id: string, getModuleInfo: GetModuleInfo, seen = new Set<string>()): Set<string> {
  const info = getModuleInfo(id);
  if (info?.isEntry) return new Set([id]);
  if (seen.has(id)) return new Set();
  seen.add(id);
  return new Set((info?.importers ?? []).flatMap((importer) => [...entriesOf(importer, getModuleInfo, seen)]));
}

/**
 * Leaves out the comments that nobody meets: the head of a source file, and what stands over a declaration that no entry
 * exports, but for those over members, which classes inherit. A level is a tab, not tsc's four spaces.
 */
const published: Plugin = {
  name: "published",
  generateBundle(_, bundle) {
    const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
    const exported = new Set(chunks.flatMap((chunk) => (chunk.isEntry ? chunk.exports : [])));
    for (const chunk of chunks) {
      chunk.code = withTabs(withoutComments(chunk.code, exported));
      if (chunk.isEntry)
        chunk.code = withTypeExports(chunk.code, typesOf(`${SRC}/${basename(chunk.fileName, ".d.ts")}.ts`));
    }
  },
};

function withoutComments(code: string, exported: ReadonlySet<string>): string {
  let kept = "";
  let end = 0;
  const file = ts.createSourceFile("", code, ts.ScriptTarget.ES2022);
  // What classes and options inherit is read by those who use them.
  const inherited = new Set(
    [...code.matchAll(/ (?:extends|implements|Omit<|Pick<|Partial<) ?(\w+)/g)].map(([, name = ""]) => name),
  );
  for (const statement of file.statements) {
    const comments = ts.getLeadingCommentRanges(code, statement.pos) ?? [];
    for (const { pos, end: after } of exported.has(nameOf(statement)) ? comments.slice(0, -1) : comments) {
      kept += code.slice(end, pos);
      end = after + code.slice(after).search(/\S/);
    }
    // A type takes one line, for tsc's one token a line is a part of the package's size; one that no entry exports, and
    // that nobody inherits members of, has no comments.
    const isHidden = !exported.has(nameOf(statement)) && !inherited.has(nameOf(statement));
    const isAlias = ts.isTypeAliasDeclaration(statement);
    if (isAlias || (ts.isInterfaceDeclaration(statement) && isHidden)) {
      const start = statement.getStart(file);
      const text = code.slice(start, statement.end);
      const bare = isHidden ? text.replaceAll(/\/\*\*.*?\*\//gs, "") : text;
      kept += code.slice(end, start) + (bare.includes("/**") ? bare : bare.replaceAll(/\s*\n\s*/g, " "));
      end = statement.end;
    }
  }
  return kept + code.slice(end);
}

/** The name that a statement declares: one alone, as the compiler writes declarations. */
function nameOf(statement: ts.Statement): string {
  const node = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0] : statement;
  const { name } = node as ts.NamedDeclaration;
  return name && ts.isIdentifier(name) ? name.text : "";
}

/** What an entry exports as a type alone, so that nobody makes one of a class that it does not give. */
function typesOf(entry: string): Set<string> {
  const types = new Set<string>();
  for (const statement of ts.createSourceFile("", readFileSync(entry, "utf8"), ts.ScriptTarget.ES2022).statements) {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
      continue;
    for (const { isTypeOnly, name } of statement.exportClause.elements) {
      if (isTypeOnly || statement.isTypeOnly) types.add(name.text);
    }
  }
  return types;
}

/** The bundler's lists of exports, with `type` before the names of types. */
function withTypeExports(code: string, types: ReadonlySet<string>): string {
  return code.replaceAll(/^export \{ (.*) \}/gm, (_, list: string) => {
    const names = list.split(", ").map((item) => (types.has(item.split(" as ").at(-1) ?? "") ? `type ${item}` : item));
    return `export { ${names.join(", ")} }`;
  });
}

function withTabs(code: string): string {
  return code.replaceAll(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4));
}
