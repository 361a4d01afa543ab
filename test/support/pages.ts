/** The TypeScript on pages of the documentation: it compiles as a new user would write it, and runs. */
import { readFileSync } from "node:fs";
import * as data from "../../src/data.js";
import * as faltung from "../../src/index.js";
import * as io from "../../src/io.js";
import * as models from "../../src/models.js";
import * as node from "../../src/node.js";
import * as testing from "../../src/testing.js";
import * as train from "../../src/train.js";
import * as vision from "../../src/vision.js";
import { runShown } from "./shown.js";

const ENTRIES: Readonly<Record<string, unknown>> = {
  faltung,
  "faltung/data": data,
  "faltung/io": io,
  "faltung/models": models,
  "faltung/node": node,
  "faltung/testing": testing,
  "faltung/train": train,
  "faltung/vision": vision,
};

/** A page by its path in the repository. */
export function readPage(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** The blocks of code of a language, in order. */
export function blocksOf(page: string, language = "ts"): string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, code = ""]) => (of === language ? [code] : []));
}

/** Runs a block by itself, with what it says comes out checked; returns what it logs. */
export async function runBlock(code: string): Promise<unknown[]> {
  const logged: unknown[] = [];
  const log = (...values: unknown[]) => {
    logged.push(...values);
    return values[0];
  };
  const script = code.replaceAll(/^import (type )?\{([^}]*)\} from "(.*?)";$/gms, (_, isType, names: string, from) =>
    isType ? "" : `const {${names.replaceAll(/type \w+,?/g, "")}} = await load("${from}");`,
  );
  await runShown(script.replaceAll(/^export /gm, ""), { load, console: { log } });
  return logged;
}

async function load(name: string): Promise<unknown> {
  return ENTRIES[name] ?? (await import(name));
}
