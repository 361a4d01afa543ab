/** What a program that uses the library costs to download. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** The smallest useful network's layers. */
export const NETWORK = 'export { Conv2d, Linear, MaxPool2d, ReLU } from "faltung";';

/** A program that exports all that these entries do: `"faltung"`, `"faltung/train"`, … */
export function wholeLibrary(entries: readonly string[]): string {
  return entries.map((entry, i) => `export * as entry${i} from "${entry}";`).join("");
}

/** Bytes of a program, bundled for browsers, minified and gzipped; its imports are found from `folder`. */
export async function bundledBytes(contents: string, folder: string): Promise<number> {
  const stdin = { contents, resolveDir: folder };
  // This repository's own paths would lead to src/ instead of the package. Warnings would be about imports that are left out.
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
