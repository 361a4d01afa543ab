/** Compilers of other versions than the one that is installed here. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installed } from "./cache.js";

/** The path of `tsc` of a TypeScript version. */
export function compilerOf(version: string): string {
  return join(installed("typescript", version), "bin/tsc");
}

/** The project's own compiler. */
export const COMPILER = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
