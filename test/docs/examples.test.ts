/**
 * Every `@example` compiles as a new user would write it, with what `tsc --init` switches on, and runs. Where one says
 * what comes out, `conv.forward(x).shape; // [1, 8, 32, 32]`, that comes out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as data from "../../src/data.js";
import * as faltung from "../../src/index.js";
import * as io from "../../src/io.js";
import * as models from "../../src/models.js";
import * as node from "../../src/node.js";
import * as testing from "../../src/testing.js";
import * as train from "../../src/train.js";
import * as vision from "../../src/vision.js";
import { type Example, examples } from "../support/docs.js";
import { runShown, withShown } from "../support/shown.js";
import { check } from "../types/support.js";
import { CONTEXT, OF_FILE, renew } from "./context.js";

const ENTRIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  faltung,
  "faltung/data": data,
  "faltung/io": io,
  "faltung/models": models,
  "faltung/node": node,
  "faltung/testing": testing,
  "faltung/train": train,
  "faltung/vision": vision,
};

/** Types that examples name. */
const TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["Tensor", "Input", "Value", "Parameter"].map((name) => [name, "faltung"])),
  ...Object.fromEntries(
    [
      "LossOptions",
      "LossResult",
      "OptimizerOptions",
      "ParameterGroup",
      "ParameterState",
      "Parameters",
      "Reduction",
    ].map((name) => [name, "faltung/train"]),
  ),
};

interface Prepared extends Example {
  /** What the entries export of what it names, by entry. */
  readonly imports: readonly (readonly [entry: string, name: string])[];
  /** What it takes for granted: a name, and where {@link CONTEXT} or {@link OF_FILE} has it. */
  readonly given: readonly (readonly [name: string, from: string, make: () => unknown])[];
}

/** Every name that the code uses and does not declare, but for members and keys. */
function freeNames(code: string): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node) => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isName = "name" in parent && parent.name === node;
      if (
        isName &&
        (ts.isVariableDeclaration(parent) ||
          ts.isBindingElement(parent) ||
          ts.isParameter(parent) ||
          ts.isClassDeclaration(parent))
      ) {
        declared.add(node.text);
      } else if (
        !(isName && !ts.isShorthandPropertyAssignment(parent)) &&
        !(ts.isBindingElement(parent) && parent.propertyName === node)
      ) {
        used.add(node.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("example.ts", code, ts.ScriptTarget.ES2022, true));
  for (const name of declared) used.delete(name);
  return used;
}

/** Its imports are omitted: those of all examples stand before them. */
function prepared({ where, code: written }: Example): Prepared {
  const example = { where, code: written.replace(/^import .*\n/gm, "") };
  const file = example.where.replace(/:\d+$/, "");
  const own: Readonly<Record<string, () => unknown>> = OF_FILE[file as keyof typeof OF_FILE] ?? {};
  const names = [...freeNames(example.code)];
  const given = names.flatMap((name): Prepared["given"] => {
    if (Object.hasOwn(own, name)) return [[name, `OF_FILE["${file}"]`, own[name] as () => unknown] as const];
    return Object.hasOwn(CONTEXT, name) ? [[name, "CONTEXT", CONTEXT[name as keyof typeof CONTEXT]] as const] : [];
  });
  const imports = names.flatMap((name) => {
    const entry = Object.keys(ENTRIES).find((one) => ENTRIES[one] && name in ENTRIES[one]);
    return entry && !given.some(([other]) => other === name) ? [[entry, name] as const] : [];
  });
  return { ...example, imports, given };
}

const all = examples().map(prepared);

describe(`${all.length} examples`, () => {
  const used = new Map(all.flatMap(({ imports }) => imports.map(([entry, name]) => [name, entry] as const)));
  for (const [name, entry] of Object.entries(TYPES)) used.set(name, entry);
  const head = [
    `import { CONTEXT, OF_FILE } from "../docs/context.js";`,
    ...Object.keys(ENTRIES).map((entry) => {
      const names = [...used].filter(([, from]) => from === entry).map(([name]) => name);
      return `import { ${names.join(", ")} } from "${entry}";`;
    }),
  ];
  const lines = [...head];
  /** By line of the module. */
  const owners: (Prepared | undefined)[] = head.map(() => undefined);
  for (const example of all) {
    const { code, given } = example;
    const names = given.map(([name, from]) => `const ${name} = await ${from}.${name}();`);
    const own = ["async () => {", ...names, "{", ...code.split("\n"), "}};"];
    lines.push(...own);
    owners.push(...own.map(() => example));
  }
  const { findings } = check(lines.join("\n"), { lib: ["lib.es2023.d.ts", "lib.dom.d.ts"], types: ["node"] });

  test("they are found", () => {
    expect(all.length).toBeGreaterThan(170);
    expect(all.filter(({ code }) => withShown(code) !== code).length).toBeGreaterThan(50);
    expect(findings.filter(({ line }) => owners[line] === undefined)).toEqual([]);
  });

  // What an example writes goes there.
  const folder = mkdtempSync(join(tmpdir(), "faltung-examples-"));
  const here = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => {
    process.chdir(here);
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    faltung.manualSeed(1);
    renew();
  });

  test.each(all)("$where", async (example) => {
    const errors = findings.filter(({ line }) => owners[line] === example);
    expect(errors.map(({ at, message }) => `${at}: ${message}`)).toEqual([]);
    await runExample(example);
  });
});

async function runExample({ code, imports, given }: Prepared): Promise<void> {
  const names: Record<string, unknown> = { console: { log: (value: unknown) => `${value}` && value } };
  for (const [entry, name] of imports) names[name] = ENTRIES[entry]?.[name];
  for (const [name, , make] of given) names[name] = await make();
  await runShown(code, names);
}
