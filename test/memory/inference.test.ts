/**
 * An inference holds as many bytes at a time as the widest cut of its network has: nothing more lies in its pool, and the
 * engine's memory takes little more than that and the weights.
 */
import { describe, expect, test } from "vitest";
import type { Inference } from "../../bench/children/inference.js";
import { child } from "../../bench/lib/child.js";
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

/** What kernels may take for themselves, and gaps between places. */
const SPARE = 10e6;

describe.skipIf(!backends.includes("wasm, plain SIMD"))("the engine's memory", () => {
  test.each([
    ["U-Net", 1],
    ["U-Net", 2],
    ["DenseNet-121", 1],
    ["DenseNet-121", 4],
  ])("takes the weights and the widest cut of %s and hardly more: batch %i, two inferences", async (name, batch) => {
    const { weights, cut, used } = await child<Inference>("inference.ts", name, batch, 2);
    // The first inference's input is kept for a backward until the second has run.
    const input = 4 * batch * INFERENCES[name]!.input.slice(1).reduce((product, size) => product * size);
    expect(used[0]).toBeGreaterThan(weights);
    expect(used[0]).toBeLessThan(weights + cut + SPARE);
    expect(used[1]).toBeLessThan(weights + cut + input + SPARE);
  });
});
