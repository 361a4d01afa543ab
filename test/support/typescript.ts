/** Compilers of other versions than the one that is installed here. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The path of `tsc` of a TypeScript version. It is installed into a cache at its first use, not beside the project's own:
 * two packages with a program of the same name would fight over `node_modules/.bin/tsc`.
 */
export function compilerOf(version: string): string {
  const folder = join(ROOT, "node_modules/.cache/typescript", version);
  const path = join(folder, "node_modules/typescript/bin/tsc");
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const flags = ["--no-audit", "--no-fund", "--no-save", "--loglevel", "error"];
    execFileSync("npm", ["install", "--prefix", folder, ...flags, `typescript@${version}`], { stdio: "inherit" });
  }
  return path;
}

/** The project's own compiler. */
export const COMPILER = join(ROOT, "node_modules/typescript/bin/tsc");
