/** ONNX Runtime, in WebAssembly and native, on one thread; both run the same models, which are written here. */
import { timedAsync } from "../lib/measure.js";
import type { Network } from "../lib/networks.js";
import type { ConvWork } from "../lib/shapes.js";
import { convModel, networkModel } from "./onnx-model.js";
import { load, type Peer, versionOf } from "./peer.js";

interface Tensor {
  readonly data: Float32Array;
}
interface Session {
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}
interface Runtime {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

export function onnxruntimeWeb(): Promise<Peer> {
  return onnxruntime("onnxruntime-web", { executionProviders: ["wasm"] });
}

export function onnxruntimeNode(): Promise<Peer> {
  return onnxruntime("onnxruntime-node", { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 });
}

async function onnxruntime(name: string, options: object): Promise<Peer> {
  const loaded = await load<Runtime & { readonly default?: Runtime }>(name);
  const runtime = loaded.InferenceSession ? loaded : loaded.default!;
  runtime.env.wasm.numThreads = 1;
  const start = async (model: Uint8Array, x: Float32Array, input: readonly number[]) => {
    const session = await runtime.InferenceSession.create(model, options);
    const inputs = { x: new runtime.Tensor("float32", x, input) };
    const { y } = await session.run(inputs);
    return { output: y!.data, sample: timedAsync(name, () => session.run(inputs)).sample };
  };
  return {
    name,
    version: await versionOf(name),
    conv: async (work: ConvWork, { x, weight, bias }, part) =>
      part === "forward" ? start(convModel(work, weight, bias), x, work.input) : undefined,
    inference: ({ nodes }: Network, weights, x, input) => start(networkModel(nodes, weights, input), x, input),
  };
}
