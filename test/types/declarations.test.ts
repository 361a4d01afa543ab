/** What a user exports of the library compiles into declarations: the compiler finds a public name for every type. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleDeclarations } from "../../tsup.config.js";
import { ENTRIES, exportingModule, hostOf, MADE, OPTIONS } from "../support/exported.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const manifest = readFileSync(join(ROOT, "package.json"), "utf8");

/** A user's folder with the package's declarations in its `node_modules`: names are found through its `exports` alone. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), "faltung-declarations-")));

beforeAll(async () => {
  const installed = join(folder, "node_modules/faltung");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(installed, "package.json"), manifest);
  await bundleDeclarations(join(installed, "dist"));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** What the compiler says to a user's module, and the declarations that it makes of it. */
function compiled(name: string, code: string): { readonly errors: string[]; readonly declarations: string } {
  const path = join(folder, name);
  writeFileSync(path, code);
  const program = ts.createProgram([path], OPTIONS, hostOf(OPTIONS));
  let declarations = "";
  const file = program.getSourceFile(path);
  const { diagnostics } = program.emit(file, (_, text) => {
    declarations = text;
  });
  for (const { fileName, text } of program.getSourceFiles()) {
    // Before TypeScript 5.7 they take no argument; test/package/check.ts asks these versions.
    const [generic] = /\b\w+\d\w*Array<.*/.exec(text.replace(/\/\*.*?\*\//gs, "")) ?? [];
    if (fileName.includes("faltung/dist/")) expect([fileName, generic]).toEqual([fileName, undefined]);
  }
  const errors = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(
    ({ messageText, file: at, start = 0 }) =>
      `${at?.text.slice(start).split("\n", 1)[0]}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
  );
  return { errors: [...new Set(errors)], declarations };
}

describe("exported from a file, declarations and all", () => {
  test("every entry of the package is tried", () => {
    const { exports } = JSON.parse(manifest) as { exports: Record<string, unknown> };
    const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
    expect(entries.map((entry) => entry.replace(/^\./, "faltung")).sort()).toEqual([...ENTRIES].sort());
  });

  test.each(ENTRIES)("each class, field, method, function and result of %s", (entry) => {
    const name = `${entry.replace("/", "-")}.ts`;
    const { code, forgotten } = exportingModule(entry, join(folder, name));
    expect(forgotten).toEqual([]);
    const { errors, declarations } = compiled(name, code);
    expect(errors).toEqual([]);
    expect(declarations.match(/import\("(?!faltung)[^"]*"\)/g)).toBeNull();
    expect(declarations.split("\n").length).toBeGreaterThan(MADE[entry].length);
  });

  // The examples of the doc comments, as a user types them. The class that a comment is about is not imported twice.
  test.each([
    [
      "train/optimizer.ts",
      "Optimizer, type OptimizerOptions, type ParameterGroup, type Parameters, type ParameterState",
      "type Parameter",
    ],
    ["train/loss.ts", "Loss, type LossOptions, type LossResult, type Reduction", "type Tensor"],
  ])("the class of one's own in the comment of %s", (file, train, main) => {
    const source = readFileSync(join(ROOT, "src", file), "utf8");
    const [, example = ""] =
      /@example\n( \* (?:class|interface) .*?)\n \*\/\nexport abstract class/s.exec(source) ?? [];
    const code = example.replaceAll(/^ \* ?/gm, "").replaceAll(/^class/gm, "export class");
    expect(code).toContain("export class");
    const imports = `import { ${train} } from "faltung/train";\nimport { ${main} } from "faltung";\n`;
    const { errors } = compiled(`${file.replace("/", "-")}`, `${imports}${code}\n`);
    expect(errors).toEqual([]);
  });

  test("what they say stays readable", () => {
    const { errors, declarations } = compiled(
      "readable.ts",
      `import { BatchNorm2d, Composite, Conv2d, Flatten, graph, type Input, Linear, MaxPool2d, ReLU, Residual, Sequential } from "faltung";
export class Net extends Composite<Net> {
  readonly conv = new Conv2d(1, 8, 3);
  readonly relu = new ReLU();
  compose(x: Input<["N", 1, 28, 28]>) {
    return x.through(this.conv, this.relu);
  }
}
export const model = new Sequential(["N", 1, 28, 28], new Conv2d(1, 8, 3), new MaxPool2d(2), new Flatten(), new Linear(1352, 10));
export const { forward } = new Linear(8, 2);
export const net = graph(["N", 3], { fc: new Linear(3, 2) }, ({ fc }, x) => ({ scores: fc.of(x) }));
export const { forward: two } = new Net();
export function block<const I extends number, const O extends number>(inputs: I, outputs: O) {
  return new Residual(
    new Sequential(new Conv2d(inputs, outputs, 3, { padding: 1 }), new BatchNorm2d(outputs), new ReLU()),
    new Conv2d(inputs, outputs, 1),
  );
}
`,
    );
    expect(errors).toEqual([]);
    expect(declarations).toContain('readonly conv: Conv2d<1, 8, 3, import("faltung").NoOptions>;');
    expect(declarations).toContain('compose(x: Input<["N", 1, 28, 28]>): import("faltung").Value<readonly [');
    expect(declarations).toContain('export declare const net: import("faltung").Graph<readonly [');
    expect(declarations).toContain('import("faltung/shapes").OutputShape<import("faltung/shapes").ComposeRule<Net>');
    expect(declarations).toContain('export declare const model: Sequential<"[N, 1, 28, 28] → [N, 10]", [');
    expect(declarations).toContain('import("faltung/shapes").Refusal<import("faltung/shapes").LinearRule<8, 2>');
    expect(declarations.length).toBeLessThan(4000);
  });
});
