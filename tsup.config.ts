import { defineConfig } from "tsup";
import { bundleDeclarations } from "./declarations.js";

/**
 * ESM: a file for each entry and few that they share. A file costs half a millisecond to import, and what nobody uses of
 * one costs bundlers nothing, for importing a file does nothing but define (test/effects.test.ts). Spaces are left out,
 * local names are short. src/ and maps are not published: they would more than double the package, which has to stay
 * below 1 MB. Declarations are bundled by declarations.ts; of src/shapes.ts, which is types alone, there is nothing else.
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
    mangle: { keep_classnames: true, keep_fnames: true, module: true },
    format: { preserve_annotations: true, max_line_len: 640 },
  },
  plugins: [{ name: "class names", renderChunk: (code) => ({ code: withClassNames(code) }) }],
  onSuccess: () => bundleDeclarations("dist"),
});

/** esbuild makes `Layer = class _Layer` of a class that names itself; the inner name is what stack traces show. */
function withClassNames(code: string): string {
  const outer = new Map([...code.matchAll(/\b(\w+) = class (_\w+)\b/g)].map(([, name, inner]) => [inner, name]));
  return code.replaceAll(/\b_\w+\b/g, (name) => outer.get(name) ?? name);
}
