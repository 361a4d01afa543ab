import { defineConfig } from "tsup";

/**
 * One ESM file a source file: bundlers drop what is not imported, `import` and `require` share one copy of every class,
 * and a stack trace names the file that a reader finds in src/. Declarations come from tsc (`npm run build`).
 */
export default defineConfig({
  entry: ["src/**/*.ts"],
  bundle: false,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  clean: true,
  sourcemap: true,
  esbuildOptions: (options) => {
    options.sourcesContent = false; // the sources themselves are in the package
  },
});
