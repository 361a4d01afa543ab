/** docs/kernels.md: its code is this file's, part by part, so that it compiles, runs and does what the page says. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { forRange } from "../../src/kernels/wasm/assembler/control.js";
import { local } from "../../src/kernels/wasm/assembler/expression.js";
import * as f32x4 from "../../src/kernels/wasm/assembler/f32x4.js";
import * as i32 from "../../src/kernels/wasm/assembler/i32.js";
import { ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import { multiplyAdd } from "../../src/kernels/wasm/assembler/simd.js";
import * as v128 from "../../src/kernels/wasm/assembler/v128.js";
import { rowKernel } from "../../src/kernels/wasm/elementwise/rows.js";
import { run } from "../../src/kernels/wasm/elementwise/run.js";
import { kernelCall } from "../../src/kernels/wasm/memory.js";
import type { FloatArray } from "../../src/tensor/tensor.js";
import { normal } from "../support/layers.js";
import { distance } from "../support/wasm.js";

const builder = new ModuleBuilder({ shared: false });
const madd = multiplyAdd("plain");
builder.kernel(
  "axpy",
  (x, y, bytes, by) => {
    const factor = local(f32x4.splat(by));
    forRange(0, bytes, 16, (at) => {
      const to = local(i32.add(y, at));
      v128.store(to, madd(v128.load(to), factor, v128.load(i32.add(x, at))));
    });
  },
  ["i32", "i32", "i32", "f32"],
);
const memory = new WebAssembly.Memory({ initial: 1 });
const { axpy } = builder.instantiate<"axpy">(memory);

const x = new Float32Array(memory.buffer, 64, 8).fill(3);
const y = new Float32Array(memory.buffer, 128, 8).fill(1);
axpy(x.byteOffset, y.byteOffset, 32, 2);
// y is 7, 7, 7, 7, 7, 7, 7, 7

/** y ← by·x + y */
const addScaledRows = rowKernel({ arrays: ["x", "y"], numbers: ["by"] }, ({ x, y }, { by }) =>
  y.set(f32x4.add(y.get(), f32x4.mul(x.get(), by))),
);

function wasmAddScaled(by: number, x: FloatArray, y: FloatArray): void {
  run(addScaledRows, [x, y], by);
}

/** y ← by·x + y: the specification. */
function referenceAddScaled(by: number, x: FloatArray, y: FloatArray): void {
  for (let i = 0; i < y.length; i++) y[i]! += by * x[i]!;
}

test("agrees with the reference within 1e-6 of the norm, for any length", () => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: -4, max: 4, noNaN: true }), fc.integer(), (length, by, seed) => {
      const x = normal([length], seed).data;
      const [got, want] = [x.map((v) => 1 - v), x.map((v) => 1 - v)];
      kernelCall(() => wasmAddScaled(Math.fround(by), x, got));
      referenceAddScaled(Math.fround(by), x, want);
      expect(distance(got, want, 1)).toBeLessThanOrEqual(1e-6);
    }),
  );
});

test("the assembler's example computes what the page says", () => {
  expect([...y]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
});

test("every block of code on the page is in this file, in order", () => {
  const page = readFileSync(new URL("../../docs/kernels.md", import.meta.url), "utf8");
  const own = readFileSync(new URL(import.meta.url), "utf8");
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code.trimEnd());
  expect(blocks).toHaveLength(5);
  const places = blocks.map((code) => own.indexOf(code));
  expect(Math.min(...places), blocks[places.indexOf(-1)]).toBeGreaterThan(0);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test("every file that the page names exists", () => {
  const page = readFileSync(new URL("../../docs/kernels.md", import.meta.url), "utf8");
  const paths = [...page.matchAll(/`((?:src|test|bench|docs)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(10);
  for (const path of paths)
    expect(readFileSync(new URL(`../../${path}`, import.meta.url)).length, path).toBeGreaterThan(0);
});
