/**
 * Platforms that do not run WebAssembly: a page whose policy forbids compiling (where `WebAssembly.validate` goes on saying
 * yes), Cloudflare Workers, lockdown mode, old browsers, a limit on memory. Everything runs there on the reference backend.
 */
import vm from "node:vm";
import { build } from "esbuild";
import { ArgumentError, backendName, backendReason, explain, Linear, manualSeed, randn, setBackend } from "faltung";
import { LeNet5 } from "faltung/models";
import { Adam, CrossEntropyLoss } from "faltung/train";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
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

const { Instance, Module, Memory, validate } = WebAssembly;
/** One that throws what is not an Error. */
const throwing = (thrown: unknown) =>
  class {
    constructor() {
      throw thrown;
    }
  };
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
  "compiles and refuses to run": [
    { validate, Memory, Module, Instance: refuse("LinkError", "imports are closed") },
    BROKEN("imports are closed"),
  ],
  "has no instances": [{ validate, Memory, Module }, BROKEN("WebAssembly.Instance is not a constructor")],
  "throws a text": [{ validate, Memory, Module: throwing("no way"), Instance }, BROKEN('"no way"')],
  "throws undefined": [{ validate, Memory, Module, Instance: throwing(undefined) }, BROKEN("undefined")],
  "throws null": [{ validate, Memory: throwing(null), Module, Instance }, BROKEN("null")],
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

const LATER = `
import { backendName, backendReason, Conv2d, Flatten, Linear, manualSeed, MaxPool2d, randn, ReLU, Sequential, setBackend, StateError } from "./src/index.js";
import { Adam, CrossEntropyLoss } from "./src/train.js";

function trained() {
  manualSeed(1);
  const model = new Sequential(new Conv2d(1, 4, 3, { padding: 1 }), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(64, 3));
  const [loss, optimizer] = [new CrossEntropyLoss(), new Adam(model.parameters())];
  for (let step = 0; step < 2; step++) {
    optimizer.zeroGrad();
    loss.forward(model.forward(randn([2, 1, 8, 8])), [0, 2]);
    model.backward(loss.backward());
    optimizer.step();
  }
  return model.parameters().map(({ value }) => [...value.data].join()).join();
}

export function run() {
  let failure = "";
  let weights;
  try {
    weights = trained();
  } catch (error) {
    failure = (error instanceof StateError ? "" : "not a StateError: ") + error.message;
    weights = trained();
  }
  const [name, reason] = [backendName(), backendReason()];
  setBackend("reference");
  return { failure, name, reason, right: weights === trained() };
}`;

describe("a platform that compiles so many modules and then refuses", () => {
  let code = "";
  beforeAll(async () => {
    const stdin = { contents: LATER, resolveDir: "." };
    const { outputFiles } = await build({ stdin, bundle: true, format: "iife", globalName: "program", write: false });
    code = outputFiles[0]?.text ?? "";
  });

  /** What the program says where `Class` throws from its call number `count` on. */
  function runWith(Class: "Module" | "Instance", count: number, thrown: string) {
    const page = vm.createContext({ TextEncoder });
    vm.runInContext(
      `const { ${Class}: Real } = WebAssembly; let left = ${count};
       WebAssembly.${Class} = class { constructor(...args) { if (left-- <= 0) throw ${thrown}; return new Real(...args); } };`,
      page,
    );
    vm.runInContext(code, page);
    return page.program.run() as { failure: string; name: string; reason: string | undefined; right: boolean };
  }
  const SENTENCE = (said: string) =>
    `A kernel could not be compiled (${said}). Usual cause: no memory left for it, or a limit on WebAssembly. Everything runs on the reference backend from now on: repeat the step, from zeroGrad() on. With setBackend("reference") at the start, nothing is compiled.`;

  // The first is the probe.
  test.each(["Module", "Instance"] as const)(
    "after the probe, for %s: the reference takes over, unnoticed",
    (Class) => {
      expect(runWith(Class, 1, 'new RangeError("out of memory")')).toEqual({
        failure: "",
        name: "reference",
        reason: BROKEN("out of memory"),
        right: true,
      });
    },
  );

  test.each([2, 3, 4, 5, 6, 7, 8, 9, 10])("after %i: one sentence, and the reference takes over", (count) => {
    expect(runWith("Module", count, 'new RangeError("out of memory")')).toEqual({
      failure: SENTENCE("out of memory"),
      name: "reference",
      reason: BROKEN("out of memory"),
      right: true,
    });
    expect(runWith("Instance", count, '"no way"')).toMatchObject({ failure: SENTENCE('"no way"'), right: true });
  });

  test("after more than it needs: nothing happens", () => {
    expect(runWith("Module", 1000, "0")).toMatchObject({ failure: "", reason: undefined });
  });
});
