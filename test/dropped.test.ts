/** What can no longer be reached gives its memory back: a loop that drops its models takes the memory of a few. */
import { describe, expect, test } from "vitest";
import type { Dropping, Resident } from "../bench/children/dropped.js";
import { inNode } from "../bench/lib/dropped.js";

const MB = 1e6;
const grown = ({ peak, before }: Resident) => peak - before;

describe.each([
  ["in one task", false],
  ["while the event loop turns", true],
])("models that are made, run and dropped %s", (_, turns) => {
  test("take about what they take on the reference backend: 150 of 8 MB, only one of them alive", async () => {
    const run = (backend: Dropping["backend"]) => inNode({ model: "Linear", count: 150, backend, turns });
    const reference = grown(await run("reference"));
    // All of them are 1,200 MB. The reference takes some 60, as the collector likes.
    expect(grown(await run("wasm"))).toBeLessThan(1.5 * reference + 100 * MB);
  });

  test("leave nothing behind: 1,000 LeNet-5s, each trained one step", async () => {
    const { early, after } = await inNode({ model: "LeNet5", count: 1000, backend: "wasm", turns });
    // Weights, gradients, Adam's state and what forward keeps are 1.3 MB a model.
    expect(after - early).toBeLessThan(150 * MB);
  });
});
