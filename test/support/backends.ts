/** Every backend that this platform runs, for tests that hold all of them to the same. */
import { afterAll, beforeAll, describe } from "vitest";
import { setBackend } from "../../src/kernels/backend.js";
import { supports } from "../../src/kernels/wasm/assembler/simd.js";
import { engine } from "../../src/tensor/engine.js";

const BACKENDS = {
  reference: () => setBackend("reference"),
  "wasm, plain SIMD": () => setBackend("wasm", { relaxedSimd: false }),
  ...(supports("relaxed") && { "wasm, relaxed SIMD": () => setBackend("wasm", { relaxedSimd: true }) }),
};

export type TestedBackend = keyof typeof BACKENDS;
export const backends = (Object.keys(BACKENDS) as TestedBackend[]).filter(runs);

/** A page's policy may forbid WebAssembly. */
function runs(name: TestedBackend): boolean {
  try {
    return onBackend(name, () => true);
  } catch {
    return false;
  }
}

/** What `run` gives on this backend; the chosen one stays. */
export function onBackend<T>(name: TestedBackend, run: () => T): T {
  const before = engine().backend;
  BACKENDS[name]?.();
  try {
    return run();
  } finally {
    engine().backend = before;
  }
}

/** The same tests on every backend. */
export function eachBackend(name: string, tests: () => void): void {
  describe.each(backends)(`${name}, %s`, (backend) => {
    let before: unknown;
    beforeAll(() => {
      before = engine().backend;
      BACKENDS[backend]?.();
    });
    afterAll(() => {
      engine().backend = before;
    });
    tests();
  });
}
