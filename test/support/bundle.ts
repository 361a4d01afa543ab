/** What a program that uses the library costs to download. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** The smallest useful network's layers. */
export const NETWORK = 'export { Conv2d, Linear, MaxPool2d, ReLU } from "faltung";';

/** A program that exports all that these entries do, but for what is Node's: `"faltung"`, `"faltung/train"`, … */
export function wholeLibrary(entries: readonly string[]): string {
  const everywhere = entries.filter((entry) => entry !== "faltung/node");
  return everywhere.map((entry, i) => `export * as entry${i} from "${entry}";`).join("");
}

/** Bytes of a program, bundled for browsers, minified and gzipped; its imports are found from `folder`. */
export async function bundledBytes(contents: string, folder: string): Promise<number> {
  const stdin = { contents, resolveDir: folder };
  // This repository's own paths would lead to src/ instead of the package. Warnings would be about imports that are omitted.
  const options = {
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    tsconfigRaw: {},
    logLevel: "error",
  } as const;
  // Optional packages: a program has them where it reads or writes pictures.
  const { outputFiles } = await build({ stdin, external: ["fast-png", "jpeg-js"], ...options });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length;
}

/**
 * The statements of a file that bundlers keep where nobody uses what it exports, whatever package.json promises.
 * Arithmetic with numbers is omitted: it costs nothing, and only esbuild keeps it.
 */
export async function effectsOf(file: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `import ${JSON.stringify(file)};`, resolveDir: "." },
    bundle: true,
    minifySyntax: true,
    format: "esm",
    target: "es2022",
    write: false,
    tsconfigRaw: {},
    logLevel: "error",
    plugins: [
      {
        name: "one file",
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ path }) =>
            path === file ? { path, sideEffects: true } : { path, external: true, sideEffects: false },
          );
        },
      },
    ],
  });
  const text = outputFiles[0]?.text ?? "";
  return text
    .replace(/^import [^;]*;$/gm, "")
    .replace(/^var [A-Z_0-9 =.*+/,<[\]-]+;$/gm, "")
    .replace(/^\/\/.*$/gm, "")
    .trim();
}
