import { defineConfig } from "tsup";

/**
 * ESM in some sixty files instead of one for each of src/: they load in a third of the time. Spaces are left out, names
 * stay. The entries of WebAssembly kernels keep a family's tables in files of their own, which bundlers drop with the
 * layers that nobody imports. Declarations come from tsc (`npm run build`); those that no public type names, src/ and
 * maps are not published: they would more than double the package, which has to stay below 1 MB.
 */
export default defineConfig({
  entry: ["src/*.ts", "src/kernels/wasm/*.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  splitting: true,
  clean: true,
  esbuildOptions: (options) => {
    options.minifySyntax = true;
  },
  minify: "terser",
  // ecma: { x } for { x: x }. No names change, and bundlers go on finding the notes of what has no side effect, which
  // esbuild would drop.
  terserOptions: { ecma: 2020, compress: false, mangle: false, format: { preserve_annotations: true } },
});
