import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { effectsOf } from "./support/bundle.js";

// So files can be put together in any way, and a program still gets what it uses alone.
test("importing a file does nothing but define", async () => {
  const root = resolve(import.meta.dirname, "../src");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name));
  const left = await Promise.all(files.map(async (name) => [name, await effectsOf(resolve(root, name))]));
  expect(left.filter(([name, text]) => text && !inAnyProgram(name)).map(([name, text]) => `${name}: ${text}`)).toEqual(
    [],
  );
});

/** A method's name is a symbol there, which bundlers take for an effect. */
function inAnyProgram(name: string | undefined): boolean {
  return name === "shape/brand.ts";
}
