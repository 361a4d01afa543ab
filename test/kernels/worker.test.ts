/** What threads will need: a compiled kernel runs in a worker on the same memory, and parts of a task do not care who does them. */
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { forRange } from "../../src/kernels/wasm/assembler/control.js";
import { local } from "../../src/kernels/wasm/assembler/expression.js";
import * as f32 from "../../src/kernels/wasm/assembler/f32.js";
import * as i32 from "../../src/kernels/wasm/assembler/i32.js";
import { ModuleBuilder } from "../../src/kernels/wasm/assembler/module.js";
import { isShared, memory, take, view } from "../../src/kernels/wasm/memory.js";

/** c[i] += Σ_k a[i, k], for the rows from `from` up to `to`. */
function sumRows(): WebAssembly.Module {
  const builder = new ModuleBuilder({ shared: isShared() });
  builder.kernel("sumRows", (from, to, a, depth, c) =>
    forRange(from, to, 1, (i) => {
      const sum = local("f32", f32.load(i32.add(c, i32.shl(i, 2))));
      const row = local("i32", i32.add(a, i32.mul(i32.shl(i, 2), depth)));
      forRange(row, i32.add(row, i32.shl(depth, 2)), 4, (at) => sum.set(f32.add(sum, f32.load(at))));
      f32.store(i32.add(c, i32.shl(i, 2)), sum);
    }),
  );
  return new WebAssembly.Module(builder.bytes());
}

const WORKER = `
const { parentPort, workerData } = require("node:worker_threads");
const { sumRows } = new WebAssembly.Instance(workerData.module, { env: { memory: workerData.memory } }).exports;
parentPort.on("message", (part) => { sumRows(...part); parentPort.postMessage("done"); });
`;

describe.runIf(isShared())("a worker", () => {
  const module = sumRows();
  const worker = new Worker(WORKER, { eval: true, workerData: { module, memory: memory() } });
  afterAll(() => worker.terminate());

  function inWorker(part: readonly number[]): Promise<void> {
    return new Promise((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", reject);
      worker.postMessage(part);
    });
  }

  test("shares the memory, and gives the bits of one that works alone", async () => {
    const [rows, depth] = [37, 101];
    const place = (length: number) => view(take(4 * length) ?? 0, length);
    const [a, alone, split] = [place(rows * depth), place(rows), place(rows)];
    for (let i = 0; i < a.length; i++) a[i] = Math.sin(i);
    for (let i = 0; i < rows; i++) alone[i] = split[i] = i;
    const { sumRows: run } = new WebAssembly.Instance(module, { env: { memory: memory() } }).exports as {
      sumRows: (...part: number[]) => void;
    };
    const part = (from: number, to: number, c: Float32Array) => [from, to, a.byteOffset, depth, c.byteOffset];
    run(...part(0, rows, alone));
    const theirs = inWorker(part(20, rows, split));
    run(...part(0, 20, split));
    await theirs;
    expect(alone[30]).not.toBe(30);
    expect(split).toEqual(alone);
  });
});
