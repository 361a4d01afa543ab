/** Packages of other versions than those that the project itself is built with, installed at their first use. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const CACHE = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));

/**
 * The folder of a package of npm, in a cache of its own: beside the project's packages, two with a program of the same
 * name would fight over `node_modules/.bin`. A tag such as `"latest"` is looked up each time.
 */
export function installed(name: string, version: string): string {
  const folder = join(CACHE, name, version);
  const path = join(folder, "node_modules", name);
  if (!existsSync(path) || Number.isNaN(Number.parseFloat(version))) {
    mkdirSync(folder, { recursive: true });
    const flags = ["--no-audit", "--no-fund", "--no-save", "--loglevel", "error"];
    execFileSync("npm", ["install", "--prefix", folder, ...flags, `${name}@${version}`], { stdio: "inherit" });
  }
  return path;
}

/** The program of a version of Node for this platform: `"20"`, `"latest"`. */
export function nodeOf(version: string): string {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const folder = installed(`node-${platform}-${process.arch}`, version);
  return join(folder, "bin", platform === "win" ? "node.exe" : "node");
}
