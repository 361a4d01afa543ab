import { defineConfig } from "tsup";

/**
 * One ESM file a source file, not minified: bundlers drop what is not imported, `import` and `require` share one copy of
 * every class, and a stack trace names the file that a reader finds in src/. Declarations come from tsc (`npm run build`).
 * Neither src/ nor maps are published: they would more than double the package, which has to stay below 1 MB.
 */
export default defineConfig({
  // Winograd's kernels are not called yet.
  entry: ["src/**/*.ts", "!src/kernels/wasm/winograd/**", "!src/kernels/wasm/winograd.ts"],
  bundle: false,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  clean: true,
});
