/** docs/architecture.md: what it names is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { readPage } from "../support/pages.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const page = readPage("docs/architecture.md");
const lines = page.replaceAll(/```.*?```/gs, "").split(/\n(?=\n|\|)/);

const isPath = (text: string) => /^(?:src|test|bench|docs)\/[\w./-]*$/.test(text);
/** `flatten`, `conv.forward(x)`: the name that is declared somewhere. */
const nameIn = (text: string) => /^(?:\w+\.)*(\w+)(?:\(.*\))?$/.exec(text)?.[1];

/** What a paragraph or a row of a table names: paths, and identifiers. */
function namedIn(text: string) {
  const quoted = [...text.matchAll(/`([^`]+)`/g)].map(([, each = ""]) => each);
  const names = quoted.filter((each) => !isPath(each)).flatMap((each) => nameIn(each) ?? []);
  return { paths: quoted.filter(isPath), names };
}

const known = new Map<string, ReadonlySet<string>>();

/** Every name that a file declares. */
function declaredIn(path: string): ReadonlySet<string> {
  const before = known.get(path);
  if (before) return before;
  const declared = new Set<string>();
  known.set(path, declared);
  const visit = (node: ts.Node) => {
    const { name } = node as ts.NamedDeclaration;
    if (name && ts.isIdentifier(name) && !ts.isImportSpecifier(node)) declared.add(name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(join(ROOT, path), "utf8"), ts.ScriptTarget.ES2022));
  return declared;
}

/** A file, or the files of a folder and those below it. */
function filesOf(path: string): string[] {
  if (!path.endsWith("/")) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path + file);
}

test("is of a length that is read", () => {
  expect(page.split("\n").length).toBeLessThanOrEqual(151);
});

test("every file and folder that it names exists", () => {
  const paths = lines.flatMap((line) => namedIn(line).paths);
  expect(paths.length).toBeGreaterThan(60);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("every name is declared in a file that is named with it", () => {
  const everywhere = filesOf("src/");
  let count = 0;
  for (const line of lines) {
    const { paths, names } = namedIn(line);
    const files = paths.filter((path) => path.startsWith("src/")).flatMap(filesOf);
    const declared = new Set((files.length > 0 ? files : everywhere).flatMap((file) => [...declaredIn(file)]));
    for (const name of names) {
      count++;
      expect(declared, `${name} in ${files.join(", ") || "src/"}: ${line}`).toContain(name);
    }
  }
  expect(count).toBeGreaterThan(40);
});

test("its drawing shows the rooms in the order that the linter keeps", () => {
  const [, drawing = ""] = /```text\n(.*?)```/s.exec(page) ?? [];
  const drawn = [...drawing.matchAll(/^ {3}(\w+)/gm)].map(([, room = ""]) => room);
  const rules = readFileSync(join(ROOT, ".dependency-cruiser.cjs"), "utf8");
  expect(`"${drawn.join('", "')}"`).toBe(/const rooms = \[(.*?)\]/.exec(rules)?.[1]);
});
