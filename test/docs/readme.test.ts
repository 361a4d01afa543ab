import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as data from "../../src/data.js";
import * as faltung from "../../src/index.js";
import * as io from "../../src/io.js";
import * as train from "../../src/train.js";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const named = new Set([...readme.matchAll(/`(\w+)`/g)].map(([, name]) => name));
const unnamed = (names: string[]) => names.filter((name) => !named.has(name));

describe("README", () => {
  test("names every layer, loss, optimizer, scheduler and reader", () => {
    const { Layer } = faltung;
    const layers = Object.entries(faltung).filter(
      ([, value]) => (value as { prototype?: object }).prototype instanceof Layer,
    );
    expect(layers.length).toBeGreaterThan(40);
    expect(unnamed(layers.map(([name]) => name))).toEqual([]);
    const bases = ["Loss", "Optimizer", "Scheduler"];
    const rest = [train, data, io].flatMap((entry) => Object.keys(entry).filter((name) => !bases.includes(name)));
    expect(unnamed(rest)).toEqual([]);
  });
});
