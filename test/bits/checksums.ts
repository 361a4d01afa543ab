/**
 * A checksum of the bits of everything that computes, in WebAssembly SIMD without its relaxed instructions. They are the
 * same on every machine and engine: `npm test` compares those of the Node that runs it with checksums.json, and
 * `npm run test:bits` those of other versions of Node. After a change that means to change rounding,
 * `npm run test:bits -- --save` writes the file anew.
 */
import { setBackend } from "../../src/kernels/backend.js";
import { engine } from "../../src/tensor/engine.js";
import { convolutions } from "./convolutions.js";
import { Digest } from "./digest.js";
import { layers } from "./layers.js";
import { training } from "./training.js";

export const programs: Readonly<Record<string, (digest: Digest) => void>> = { ...convolutions, ...layers, ...training };

export function checksum(program: (digest: Digest) => void): Promise<string> {
  const { backend } = engine();
  const digest = new Digest();
  setBackend("wasm", { relaxedSimd: false });
  try {
    program(digest);
  } finally {
    engine().backend = backend;
  }
  return digest.hex();
}
