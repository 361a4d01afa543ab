/**
 * Models that are made, run and dropped, one after the other: only one is ever alive. A program of Node, which prints its
 * memory as JSON, and of a page, whose memory others look at.
 */

import type { Layer } from "../../src/graph/layer.js";
import { setBackend } from "../../src/kernels/backend.js";
import { Linear } from "../../src/layers/linear.js";
import { LeNet5 } from "../../src/models/lenet5.js";
import { ones } from "../../src/tensor/create.js";
import { CrossEntropyLoss } from "../../src/train/losses/cross-entropy.js";
import { Adam } from "../../src/train/optimizers/adam.js";

export interface Dropping {
  readonly model: keyof typeof MODELS;
  readonly count: number;
  readonly backend: "wasm" | "reference";
  /** Whether the event loop turns between two models. */
  readonly turns: boolean;
}

/** Resident memory in bytes. */
export interface Resident {
  /** Before the first model. */
  readonly before: number;
  /** After a tenth of the models. */
  readonly early: number;
  readonly after: number;
  readonly peak: number;
}

const MODELS = {
  /** Weights of 4 MB, and their gradients. */
  Linear() {
    const model: Layer = new Linear(1024, 1024);
    const y = model.forward(ones([1, 1024]));
    model.backward(ones(y.shape));
  },
  /** One step of training. */
  LeNet5() {
    const model = new LeNet5();
    const optimizer = new Adam(model.parameters());
    const loss = new CrossEntropyLoss();
    loss.forward(model.forward(ones([4, 1, 28, 28])), [0, 1, 2, 3]);
    model.backward(loss.backward(), { inputGradient: false });
    optimizer.step();
  },
};

/** Makes and drops models from the `from`th on. */
async function dropModels({ model, backend, turns, count }: Dropping, from = 0): Promise<void> {
  setBackend(backend);
  for (let i = from; i < count; i++) {
    MODELS[model]();
    if (turns) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

declare global {
  /** In a page. */
  var drop: ((dropping: Dropping, from?: number) => Promise<void>) | undefined;
}

if (typeof process === "undefined") globalThis.drop = dropModels;
else {
  const dropping = JSON.parse(process.argv[2]!) as Dropping;
  const tenth = Math.ceil(dropping.count / 10);
  const before = process.memoryUsage.rss();
  await dropModels({ ...dropping, count: tenth });
  const early = process.memoryUsage.rss();
  await dropModels(dropping, tenth);
  const after = process.memoryUsage.rss();
  // In kB.
  const peak = 1024 * process.resourceUsage().maxRSS;
  console.log(JSON.stringify({ before, early, after, peak } satisfies Resident));
}
