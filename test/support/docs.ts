/** The code in comments and pages: what `@example` shows, and the blocks of Markdown. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Example {
  /** `src/layers/conv2d.ts:23` */
  readonly where: string;
  readonly code: string;
}

/** Every `@example` of the sources, in the order of the files. */
export function examples(): Example[] {
  return readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .flatMap((file) => examplesOf(`src/${file}`, readFileSync(join(ROOT, "src", file), "utf8")));
}

function examplesOf(file: string, source: string): Example[] {
  return [...source.matchAll(/\/\*\*.*?\*\//gs)].flatMap(({ 0: comment, index }) => {
    const lines = comment.slice(3, -2).split("\n");
    const before = source.slice(0, index).split("\n").length;
    const text = lines.map((line, i) => (i === 0 ? line : line.replace(/^\s*\* ?/, "")).trimEnd());
    return text.flatMap((line, i) => {
      const [tag] = /^\s*@example\s*/.exec(line) ?? [];
      if (tag === undefined) return [];
      const rest = text.slice(i + 1);
      const end = rest.findIndex((other) => /^@\w/.test(other));
      const code = [line.slice(tag.length), ...rest.slice(0, end < 0 ? undefined : end)].join("\n").trim();
      return [{ where: `${file}:${before + i}`, code }];
    });
  });
}
