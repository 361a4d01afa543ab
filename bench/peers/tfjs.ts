/** TensorFlow.js on its cpu and wasm backends: pixels in the order NHWC. */
import { fileURLToPath } from "node:url";
import { timed } from "../lib/measure.js";
import type { Node } from "../lib/networks.js";
import { concatenated, type Job, load, type Peer, permuted, versionOf } from "./peer.js";

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Variable extends Tensor {
  readonly name: string;
}
type Gradients = Readonly<Record<string, Tensor>>;
/** The part of @tensorflow/tfjs-core that is used. */
interface Tfjs {
  env(): { set(flag: string, value: boolean): void };
  ready(): Promise<void>;
  setBackend(name: string): Promise<boolean>;
  tidy<T>(action: () => T): T;
  tensor(data: ArrayLike<number>, shape: readonly number[], dtype?: string): Tensor;
  variable(value: Tensor, trainable: boolean, name: string): Variable;
  variableGrads(loss: () => Tensor): { readonly value: Tensor; readonly grads: Gradients };
  oneHot(labels: Tensor, classes: number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  maxPool(x: Tensor, size: number, stride: number, pad: number, rounding: string): Tensor;
  conv2d(x: Tensor, filter: Tensor, stride: number, pad: Padding): Tensor;
  readonly fused: {
    conv2d(options: { x: Tensor; filter: Tensor; strides: number; pad: Padding; bias: Tensor }): Tensor;
  };
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  readonly train: { adam(rate: number): Optimizer; sgd(rate: number): Optimizer };
  grads(f: (x: Tensor, filter: Tensor, bias: Tensor) => Tensor): (inputs: readonly Tensor[], dy: Tensor) => Tensor[];
}
interface Optimizer {
  applyGradients(gradients: Gradients): void;
}
type Padding = number | readonly (readonly [number, number])[];

const NHWC = [0, 2, 3, 1];
const HWIO = [2, 3, 1, 0];

export function tfjsCpu(): Promise<Peer> {
  return tfjs("cpu", async () => {
    await load("@tensorflow/tfjs-backend-cpu");
  });
}

export function tfjsWasm(): Promise<Peer> {
  return tfjs("wasm", async () => {
    interface Backend {
      setThreadsCount(count: number): void;
      setWasmPaths(folder: string): void;
    }
    const backend = await load<Backend & { readonly default?: Backend }>("@tensorflow/tfjs-backend-wasm");
    const { setThreadsCount, setWasmPaths } = backend.default ?? backend;
    setWasmPaths(fileURLToPath(new URL("./node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url)));
    setThreadsCount(1);
  });
}

async function tfjs(backend: "cpu" | "wasm", prepare: () => Promise<void>): Promise<Peer> {
  const tf = await load<Tfjs>("@tensorflow/tfjs-core");
  tf.env().set("PROD", true); // no advice about its other packages
  await load("@tensorflow/tfjs-layers"); // brings the gradients along, which the core lacks
  await prepare();
  const use = async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend "${backend}" here`);
    await tf.ready();
  };
  await use();
  /** Both backends live in one process: each makes itself the current one for its turns. */
  const job = (run: () => unknown, output: Float32Array): Job => {
    const { sample } = timed(`tfjs-${backend}`, () => tf.tidy(() => void run()));
    return {
      output,
      sample: async (seconds) => {
        await use();
        return sample(seconds);
      },
    };
  };
  const conv: NonNullable<Peer["conv"]> = async (work, { x, weight, bias, dy }, part) => {
    // The wasm backend has no gradient of the filters; the cpu's takes a minute on the larger shapes.
    if (work.groups > 1 || part === "backward" || (part !== "forward" && backend === "wasm")) return undefined;
    await use();
    const { input, filters, kernel, stride, padding } = work;
    const [batch, channels, height, width] = input;
    const [outHeight, outWidth] = [height, width].map((size) => Math.floor((size + 2 * padding - kernel) / stride) + 1);
    const image = tf.tensor(permuted(x, input, NHWC), [batch, height, width, channels]);
    const filter = tf.tensor(permuted(weight, [filters, channels, kernel, kernel], HWIO), [
      kernel,
      kernel,
      channels,
      filters,
    ]);
    const [biases, pad] = [tf.tensor(bias, [filters]), padded(padding)];
    const forward = () => tf.fused.conv2d({ x: image, filter, strides: stride, pad, bias: biases });
    const planar = (values: Float32Array, [n, c, h, w]: readonly number[]) =>
      permuted(values, [n!, h!, w!, c!], [0, 3, 1, 2]);
    const outputShape = [batch, filters, outHeight!, outWidth!];
    if (part === "forward") return job(forward, planar(forward().dataSync(), outputShape));
    const gradient = tf.tensor(permuted(dy, outputShape, NHWC), [batch, outHeight!, outWidth!, filters]);
    const gradients = tf.grads((a, b, c) => tf.add(tf.conv2d(a, b, stride, pad), c));
    const both = () => gradients([image, filter, biases], gradient);
    const [dx, dweight, dbias] = both().map((tensor) => tensor.dataSync());
    const filterGradient = permuted(dweight!, [kernel, kernel, channels, filters], [3, 2, 0, 1]);
    return job(both, concatenated(planar(dx!, input), filterGradient, dbias!));
  };
  const training: NonNullable<Peer["training"]> = async (
    { network, input, batch, classes, optimizer, lr },
    weights,
  ) => {
    await use();
    const variables: Variable[] = [];
    const next = weights.values();
    const variable = (shape: readonly number[], order: readonly number[] = shape.map((_, i) => i)) => {
      const values = permuted(next.next().value as Float32Array, shape, order);
      const sizes = order.map((axis) => shape[axis]!);
      variables.push(tf.variable(tf.tensor(values, sizes), true, `p${variables.length}`));
      return variables.at(-1)!;
    };
    const model = network.nodes.map((node) => layer(tf, node, variable));
    const optim = optimizer === "adam" ? tf.train.adam(lr) : tf.train.sgd(lr);
    const [size, channels, height, width] = input;
    let steps = 0;
    const step = () =>
      tf.tidy(() => {
        const { x, labels } = batch(steps++);
        const image = tf.tensor(permuted(x, input, NHWC), [size!, height!, width!, channels!]);
        const truth = tf.oneHot(tf.tensor(labels, [size!], "int32"), classes);
        const { value, grads } = tf.variableGrads(() =>
          tf.losses.softmaxCrossEntropy(
            truth,
            model.reduce((y, run) => run(y), image),
          ),
        );
        optim.applyGradients(grads);
        return value.dataSync()[0]!;
      });
    return job(step, Float32Array.of(step(), step()));
  };
  return {
    name: `tfjs-${backend}`,
    version: await versionOf("@tensorflow/tfjs-core"),
    ...(backend === "cpu" ? { most: 2e8, gradients: true as const, training } : {}),
    conv,
  };
}

function padded(padding: number): Padding {
  const none = [0, 0] as const;
  return [none, [padding, padding], [padding, padding], none];
}

function layer(
  tf: Tfjs,
  node: Node,
  variable: (shape: readonly number[], order?: readonly number[]) => Variable,
): (x: Tensor) => Tensor {
  switch (node.op) {
    case "conv": {
      const filter = variable([node.to, node.from, node.kernel, node.kernel], HWIO);
      const bias = variable([node.to]);
      return (x) => tf.add(tf.conv2d(x, filter, node.stride, padded(node.padding)), bias);
    }
    case "relu":
      return tf.relu;
    case "maxpool":
      return (x) => tf.maxPool(x, node.kernel, node.stride, node.padding, "floor");
    case "flatten":
      // Back to channels first, which is the order of the weights that follow.
      return (x) => {
        const planar = tf.transpose(x, [0, 3, 1, 2]) as Tensor & { readonly shape: readonly number[] };
        return tf.reshape(planar, [planar.shape[0]!, -1]);
      };
    case "linear": {
      const weight = variable([node.to, node.from], [1, 0]);
      const bias = variable([node.to]);
      return (x) => tf.add(tf.matMul(x, weight), bias);
    }
    default:
      throw new Error(`tfjs runs no "${node.op}" here`);
  }
}
