/** An inference holds as many bytes at a time as the widest cut of its network has: nothing more lies in its pool. */
import { describe, expect, test } from "vitest";
import { runForward } from "../../src/graph/execute.js";
import { Pool, within } from "../../src/kernels/residency.js";
import { engine } from "../../src/tensor/engine.js";
import { allocateUnset } from "../../src/tensor/tensor.js";
import { backends, onBackend } from "../support/backends.js";
import { bytesOf, INFERENCES, inferenceOf } from "../support/inference-networks.js";

class MeasuredPool extends Pool {
  peak = 0;
  override allocate(length: number) {
    const place = super.allocate(length);
    this.peak = Math.max(this.peak, this.held);
    return place;
  }
}

describe.skipIf(!backends.includes("wasm, plain SIMD"))("an inference's pool", () => {
  test.each(Object.entries(INFERENCES))("holds the widest cut of %s, to the byte", (_, { make, input }) => {
    onBackend("wasm, plain SIMD", () => {
      const model = make().eval();
      const inference = inferenceOf(model, input);
      const { cut, outputs } = bytesOf(inference);
      const pool = new MeasuredPool();
      const state = engine();
      state.depth++;
      try {
        within(pool, () => runForward(inference.plan, [allocateUnset(input, "float32")]));
      } finally {
        state.depth--;
      }
      expect(pool.peak).toBe(cut);
      expect(cut).toBeLessThan(outputs / 2);
    });
  });
});
