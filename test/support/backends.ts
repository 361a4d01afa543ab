/** Every implementation of a kernel family, for tests that hold all of them to the same. */
import { afterAll, beforeAll, describe } from "vitest";
import { type Backends, kernelsFor, setBackend } from "../../src/kernels/backend.js";
import { engine } from "../../src/tensor/engine.js";

const CHOICES = {
  reference: ["reference", {}],
  "wasm, plain SIMD": ["wasm", { relaxedSimd: false }],
  wasm: ["wasm", {}],
} as const;

export function everyBackend<Kernels extends object>(family: Backends<Kernels>): [name: string, kernels: Kernels][] {
  return Object.entries(CHOICES).map(([name, [backend, options]]) => {
    const before = engine().backend;
    setBackend(backend, options);
    const kernels = kernelsFor(family, "float32");
    engine().backend = before;
    return [name, kernels];
  });
}

/** The same tests on every backend. */
export function eachBackend(name: string, tests: () => void): void {
  describe.each(Object.entries(CHOICES))(`${name}, %s`, (_, [backend, options]) => {
    beforeAll(() => setBackend(backend, options));
    afterAll(() => setBackend("wasm"));
    tests();
  });
}
