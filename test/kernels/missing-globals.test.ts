/** Hosts without one of JavaScript's younger globals: whatever is not needed for correct numbers is done without. */
import vm from "node:vm";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const PROGRAM = `
import { backendName, Linear, manualSeed, randn, ReLU, Sequential } from "./src/index.js";
import { Adam, MSELoss } from "./src/train.js";

function trained(width) {
  const model = new Sequential(new Linear(width, width), new ReLU(), new Linear(width, 4));
  const optimizer = new Adam(model.parameters());
  const loss = new MSELoss();
  const x = randn([2, width]);
  const seen = model.parameters()[0].value.data;
  for (let step = 0; step < 3; step++) {
    optimizer.zeroGrad();
    loss.forward(model.forward(x), randn([2, 4]));
    model.backward(loss.backward());
    optimizer.step();
  }
  return [...model.forward(x).data, ...seen.slice(0, 8), ...model.parameters()[0].value.data.slice(0, 8)];
}

export async function run(turn) {
  manualSeed(1);
  const kept = new Linear(256, 256);
  const input = randn([1, 256]);
  const before = [...kept.forward(input).data];
  const all = [];
  // 12 MB of weights, states and gradients: more than the first budget, so that others have to move out.
  for (let i = 0; i < 12; i++) {
    all.push(trained(256));
    await turn();
  }
  const after = [...kept.forward(input).data];
  return JSON.stringify([backendName(), before.join() === after.join(), all]);
}`;

let code = "";
let everywhere = "";
beforeAll(async () => {
  const stdin = { contents: PROGRAM, resolveDir: "." };
  const { outputFiles } = await build({ stdin, bundle: true, format: "iife", globalName: "program", write: false });
  code = outputFiles[0]?.text ?? "";
  everywhere = await runWithout([]);
});

/** What the program says where these globals are missing. */
async function runWithout(names: readonly string[]): Promise<string> {
  const page = vm.createContext({ TextEncoder, setTimeout, structuredClone });
  vm.runInContext(names.map((name) => `delete globalThis.${name};`).join(" "), page);
  for (const name of names) expect(vm.runInContext(`typeof ${name}`, page)).toBe("undefined");
  vm.runInContext(code, page);
  const turn = () => new Promise((done) => setTimeout(done));
  return page.program.run(turn);
}

test.each([
  [["FinalizationRegistry"]],
  [["WeakRef"]],
  [["FinalizationRegistry", "WeakRef"]],
  [["FinalizationRegistry", "WeakRef", "SharedArrayBuffer"]],
  [["FinalizationRegistry", "WeakRef", "structuredClone", "setTimeout"]],
])("models train to the same bits, on WebAssembly, without %s", async (names) => {
  const said = await runWithout(names);
  expect(said).toMatch(/^\["wasm-(relaxed-)?simd",true,/);
  expect(said).toBe(everywhere);
});
