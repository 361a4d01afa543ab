import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsup";

/**
 * ESM: a file for each entry and few that they share. A file costs half a millisecond to import, and what nobody uses of
 * one costs bundlers nothing, for importing a file does nothing but define (test/effects.test.ts). Spaces are left out,
 * local names are short. Declarations come from tsc (`npm run build`); those that no public type names, src/ and maps are not
 * published: they would more than double the package, which has to stay below 1 MB. Of src/shapes.ts, which is types
 * alone, there is nothing else.
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
    mangle: { keep_classnames: true, module: false, toplevel: false },
    format: { preserve_annotations: true, max_line_len: 500 },
  },
  plugins: [{ name: "class names", renderChunk: (code) => ({ code: withClassNames(code) }) }],
});

/** tsc indents declarations by four spaces a level, which are 2 % of the package: by a tab instead. Run behind tsc. */
export function indentByTabs(): void {
  for (const file of readdirSync("dist", { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = readFileSync(`dist/${file}`, "utf8");
    writeFileSync(
      `dist/${file}`,
      text.replaceAll(/^(?: {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4)),
    );
  }
}

/** esbuild makes `Layer = class _Layer` of a class that names itself; the inner name is what stack traces show. */
function withClassNames(code: string): string {
  const outer = new Map([...code.matchAll(/\b(\w+) = class (_\w+)\b/g)].map(([, name, inner]) => [inner, name]));
  return code.replaceAll(/\b_\w+\b/g, (name) => outer.get(name) ?? name);
}
