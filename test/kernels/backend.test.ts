/**
 * Platforms that do not run WebAssembly: a page whose policy forbids compiling (where `WebAssembly.validate` goes on saying
 * yes), Cloudflare Workers, lockdown mode, old browsers, a limit on memory. Everything runs there on the reference backend.
 */
import vm from "node:vm";
import { build } from "esbuild";
import { ArgumentError, backendName, backendReason, explain, Linear, manualSeed, randn, setBackend } from "faltung";
import { LeNet5 } from "faltung/models";
import { Adam, CrossEntropyLoss } from "faltung/train";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { engine } from "../../src/tensor/engine.js";
import { expectError } from "../support/errors.js";

const refuse = (name: string, message: string) =>
  class {
    constructor() {
      throw Object.assign(new Error(message), { name });
    }
  };

const FORBIDS = (said: string) =>
  `this platform forbids compiling WebAssembly (${said}). Usual cause: a content security policy whose script-src lacks 'wasm-unsafe-eval', or a host that compiles nothing at run time, such as Cloudflare Workers`;
const BROKEN = (said: string) =>
  `WebAssembly does not run on this platform (${said}). Usual cause: no memory left for it, or a runtime that has only part of it`;
const NONE = "this platform has no WebAssembly. Usual cause: a browser in lockdown mode, or node --jitless";
const NO_SIMD =
  "this platform's WebAssembly has no SIMD. Usual cause: a browser from before 2021 (Safari: before 2023)";

const { Module, Memory, validate } = WebAssembly;
const PLATFORMS: Readonly<Record<string, readonly [platform: unknown, reason: string]>> = {
  "forbids compiling": [
    { validate: () => true, Memory, Module: refuse("CompileError", "violates the policy") },
    FORBIDS("violates the policy"),
  ],
  "has no WebAssembly": [undefined, NONE],
  "has null for WebAssembly": [null, NONE],
  "has no SIMD": [{ validate: () => false, Memory, Module: refuse("CompileError", "unknown type") }, NO_SIMD],
  "has an empty WebAssembly": [{}, BROKEN("WebAssembly.validate is not a function")],
  "refuses a memory": [
    { validate, Module, Memory: refuse("RangeError", "could not allocate memory") },
    BROKEN("could not allocate memory"),
  ],
};

/** The bits of the weights after two steps of training. */
function trained(): number[][] {
  manualSeed(1);
  const model = new LeNet5();
  const [loss, optimizer] = [new CrossEntropyLoss(), new Adam(model.parameters())];
  for (const labels of [
    [1, 2],
    [3, 4],
  ]) {
    optimizer.zeroGrad();
    loss.forward(model.forward(randn([2, 1, 28, 28])), labels);
    model.backward(loss.backward());
    optimizer.step();
  }
  return model.parameters().map(({ value }) => [...value.data]);
}

describe.each(Object.entries(PLATFORMS))("a platform that %s", (_, [platform, reason]) => {
  beforeEach(() => {
    vi.stubGlobal("WebAssembly", platform);
    Object.assign(engine(), { backend: undefined, memory: undefined });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    Object.assign(engine(), { backend: undefined, memory: undefined });
  });

  test("trains on the reference backend, to the bits that it has elsewhere", () => {
    const weights = trained();
    expect(backendName()).toBe("reference");
    setBackend("reference");
    expect(weights).toEqual(trained());
  });

  test("says why: backendReason, explain and setBackend", () => {
    expect(backendReason()).toBe(reason);
    const explanation = explain(new Linear(2, 1), [1, 2]);
    expect(explanation).toMatchObject({ backend: "reference", reason });
    expect(String(explanation)).toContain(`reference: at most 2 GFLOP/s, 10 GB/s\nreference, for ${reason}.\n`);
    const sentence = `setBackend expects a platform that runs WebAssembly, but ${reason}.`;
    expectError(() => setBackend("wasm"), ArgumentError, sentence);
    expectError(() => setBackend("wasm", { relaxedSimd: true }), ArgumentError, sentence);
    expect(backendName()).toBe("reference");
  });
});

test("a platform that runs WebAssembly has no reason for the reference, unless it was chosen", () => {
  setBackend("wasm");
  expect(backendReason()).toBeUndefined();
  setBackend("reference");
  expect(backendReason()).toBe('setBackend("reference") chose it');
  setBackend("wasm");
});

test("relaxed SIMD is refused where there is none, and the chosen backend stays", () => {
  setBackend("wasm", { relaxedSimd: false });
  let asked = 0;
  // Relaxed SIMD is asked for first.
  vi.spyOn(WebAssembly, "validate").mockImplementation((bytes) => asked++ > 0 && validate(bytes));
  try {
    expectError(
      () => setBackend("wasm", { relaxedSimd: true }),
      ArgumentError,
      "setBackend expects a platform with relaxed SIMD, but this one has none. Usual cause: Node 20, Safari, or an old browser.",
    );
  } finally {
    vi.restoreAllMocks();
  }
  expect(backendName()).toBe("wasm-simd");
});

// V8's own switch for a page without 'wasm-unsafe-eval'.
test("V8 that may not compile WebAssembly runs on the reference backend and says so", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { backendName, backendReason, Conv2d, ones } from "./src/index.js";
globalThis.shown = [new Conv2d(1, 1, 3).forward(ones([1, 1, 4, 4])).shape.join(), backendName(), backendReason()];`,
      resolveDir: ".",
    },
    bundle: true,
    format: "iife",
    write: false,
  });
  const page = vm.createContext({ TextEncoder }, { codeGeneration: { strings: false, wasm: false } });
  vm.runInContext(outputFiles[0]?.text ?? "", page);
  expect(page.shown.join("; ")).toBe(
    `1,1,2,2; reference; ${FORBIDS("WebAssembly.Module(): Wasm code generation disallowed by embedder")}`,
  );
});
