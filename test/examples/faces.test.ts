import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { example } from "../../docs/examples/faces.js";

test("the example finds the four faces of two photographs, and one of them again", async () => {
  const out = mkdtempSync(join(tmpdir(), "faltung-faces-"));
  try {
    const figures = new Map((await example.run({ seed: 1, out, quick: true })).map(({ name, value }) => [name, value]));
    expect(figures.get("faces")).toBe(4);
    expect(figures.get("faces that no earlier name fits")).toBe(3);
  } finally {
    rmSync(out, { recursive: true });
  }
});
