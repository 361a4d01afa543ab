/** What operations give inside of a run lies in the engine's memory, and has the bits of the same outside of one. */
import { expect, test } from "vitest";
import { Layer } from "../../src/graph/layer.js";
import { backend } from "../../src/kernels/backend.js";
import { multiply, multiplyBackward } from "../../src/ops/arithmetic.js";
import { channelShuffle, split } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { pad } from "../../src/ops/pad.js";
import { max, mean } from "../../src/ops/reduce.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { eachBackend } from "../support/backends.js";
import { normal } from "../support/layers.js";

/** The results of a few operations of each kind. */
function results(x: Tensor): Tensor[] {
  const gate = mean(x, [2, 3], true);
  const { y, winners } = max(x, [0, 2]);
  const [dx, dgate] = multiplyBackward(x, x, gate, [true, true]);
  const made = [gate, multiply(x, gate), dx!, dgate!, y, winners, channelShuffle(x, 2), ...split(x, [1, 3], 1)];
  return [...made, pad(x, [1, 2]), pad(x, [1, 2], "reflect"), matmul(x, x.withShape([2, 4, 5, 3]))];
}

class Several extends Layer {
  override readonly name: string = "Several";
  readonly isResident: boolean[] = [];
  readonly data: Float32Array[] = [];

  protected compute(x: Tensor): Tensor {
    const made = results(x);
    this.isResident.push(...made.map((each) => each.isResident));
    this.data.push(...made.map((each) => each.clone().data));
    return made[1]!;
  }

  protected computeBackward(dy: Tensor): Tensor {
    return dy;
  }
}

eachBackend("results", () => {
  test("lie where tensors lie", () => {
    const x = normal([2, 4, 3, 5], 1);
    const layer = new Several();
    layer.forward(x);
    expect(layer.isResident.every((isResident) => isResident === (backend() === "wasm"))).toBe(true);
    expect(layer.data).toEqual(results(x).map(({ data }) => data));
  });
});
