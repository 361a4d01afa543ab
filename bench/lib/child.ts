/** Programs that are measured in a process of their own. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { build } from "esbuild";

/** Runs a file of bench/children/ as one bundle, so that no compiler shares its process; it prints one line of JSON. */
export async function child<Result>(file: string, ...args: readonly (number | string)[]): Promise<Result> {
  const entry = resolve(import.meta.dirname, "../children", file);
  const options = { bundle: true, format: "esm", platform: "node", target: "es2022", write: false } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entry] });
  const output = execFileSync(process.execPath, ["--input-type=module", "-", ...args.map(String)], {
    input: outputFiles[0]!.text,
    encoding: "utf8",
  });
  return JSON.parse(output) as Result;
}
