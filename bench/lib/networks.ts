/**
 * Networks of `faltung/models` as data, from which PyTorch's modules, an ONNX graph and the other peers' models are built:
 * parameters go from one to the other in the order in which the layers stand here, which is the models' own.
 */
import type { Layer } from "../../src/graph/layer.js";
import { LeNet5 } from "../../src/models/lenet5.js";
import { ResNet } from "../../src/models/resnet.js";
import { type Shape, sizeOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";
import { CrossEntropyLoss } from "../../src/train/losses/cross-entropy.js";
import { Adam } from "../../src/train/optimizers/adam.js";
import { SGD } from "../../src/train/optimizers/sgd.js";
import { summary } from "../../src/train/summary.js";
import { normals } from "./shapes.js";

export type Node =
  | {
      readonly op: "conv";
      readonly from: number;
      readonly to: number;
      readonly kernel: number;
      readonly stride: number;
      readonly padding: number;
      readonly bias: boolean;
    }
  | { readonly op: "norm"; readonly channels: number }
  | { readonly op: "relu" }
  | { readonly op: "maxpool"; readonly kernel: number; readonly stride: number; readonly padding: number }
  | { readonly op: "averagepool" }
  | { readonly op: "flatten" }
  | { readonly op: "linear"; readonly from: number; readonly to: number }
  | { readonly op: "residual"; readonly body: readonly Node[]; readonly projection: readonly Node[] };

function conv(from: number, to: number, kernel: number, stride = 1, padding = 0, bias = true): Node {
  return { op: "conv", from, to, kernel, stride, padding, bias };
}
function maxpool(kernel: number, stride: number, padding = 0): Node {
  return { op: "maxpool", kernel, stride, padding };
}
const norm = (channels: number): Node => ({ op: "norm", channels });
const linear = (from: number, to: number): Node => ({ op: "linear", from, to });
const relu: Node = { op: "relu" };
const flatten: Node = { op: "flatten" };

/** The library's LeNet5. */
const LENET5_NODES: readonly Node[] = [
  ...[conv(1, 6, 5, 1, 2), relu, maxpool(2, 2), conv(6, 16, 5), relu, maxpool(2, 2), flatten],
  ...[linear(400, 120), relu, linear(120, 84), relu, linear(84, 10)],
];

/** He et al. 2016, https://arxiv.org/abs/1512.03385, table 1, as torchvision builds it. */
const RESNET18_NODES: readonly Node[] = [
  ...[conv(3, 64, 7, 2, 3, false), norm(64), relu, maxpool(3, 2, 1)],
  ...[block(64, 64, 1), block(64, 64, 1), block(64, 128, 2), block(128, 128, 1)].flat(),
  ...[block(128, 256, 2), block(256, 256, 1), block(256, 512, 2), block(512, 512, 1)].flat(),
  ...([{ op: "averagepool" }, flatten, linear(512, 1000)] as const),
];

function block(from: number, to: number, stride: number): Node[] {
  const body = [conv(from, to, 3, stride, 1, false), norm(to), relu, conv(to, to, 3, 1, 1, false), norm(to)];
  const projection = from === to ? [] : [conv(from, to, 1, stride, 0, false), norm(to)];
  return [{ op: "residual", body, projection }, relu];
}

export interface Network {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** The layers, with the same initial values every time. */
  readonly layer: () => Layer;
  readonly multiplyAdds: (input: Shape) => number;
}

function network(name: string, nodes: readonly Node[], layer: () => Layer): Network {
  return { name, nodes, layer, multiplyAdds: (input) => summary(layer(), input).multiplyAdds };
}

export const LENET5 = network("LeNet-5", LENET5_NODES, () => new LeNet5({ random: new Random(1) }));
export const RESNET18 = network("ResNet-18", RESNET18_NODES, () => new ResNet(18, { random: new Random(1) }));

/** Training of one network on batches that are the same for every library. */
export interface Training {
  readonly network: Network;
  readonly input: Shape;
  readonly classes: number;
  readonly optimizer: "adam" | "sgd";
  readonly lr: number;
  /** Of one step: forward, and two gradients of every layer but the first, whose input gradient nobody needs. */
  readonly flops: number;
  /** Inputs and labels of step i. */
  readonly batch: (step: number) => { readonly x: Float32Array; readonly labels: Int32Array };
  /** A fresh model and its next step, which returns the loss. */
  readonly start: () => { readonly model: Layer; readonly step: () => number };
}

export type Batches = Training["batch"];

/** LeNet-5 with Adam; without batches of its own, on random numbers. */
export function lenetSteps(size: number, batch: Batches = randomBatches([size, 1, 28, 28], 10)): Training {
  return training(LENET5, [size, 1, 28, 28], 10, "adam", 1e-3, batch);
}

/** ResNet-18 with SGD (plain: its momentum costs the same everywhere) on random images. */
export function resnetSteps(size: number, side: number): Training {
  const input = [size, 3, side, side];
  return training(RESNET18, input, 1000, "sgd", 1e-2, randomBatches(input, 1000));
}

/** Four batches in turns. */
function randomBatches(input: Shape, classes: number): Batches {
  const made = [0, 1, 2, 3].map((i) => ({
    x: normals(sizeOf(input), i + 1),
    labels: Int32Array.from({ length: input[0] ?? 0 }, (_, n) => (7 * n + i) % classes),
  }));
  return (step) => made[step % made.length]!;
}

function training(
  network: Network,
  input: Shape,
  classes: number,
  optimizer: Training["optimizer"],
  lr: number,
  batch: Batches,
): Training {
  const { multiplyAdds, rows } = summary(network.layer(), input);
  const first = rows.find((row) => row.multiplyAdds > 0)?.multiplyAdds ?? 0;
  const start = () => {
    const model = network.layer();
    const loss = new CrossEntropyLoss();
    const optim = new (optimizer === "adam" ? Adam : SGD)(model.parameters(), { lr });
    let steps = 0;
    const step = () => {
      const { x, labels } = batch(steps++);
      optim.zeroGrad();
      const value = loss.forward(model.forward(new Tensor(x, input)), labels);
      model.backward(loss.backward(), { inputGradient: false });
      optim.step();
      return value;
    };
    return { model, step };
  };
  return { network, input, classes, optimizer, lr, flops: 2 * (3 * multiplyAdds - first), batch, start };
}

/** The numbers of all parameters and buffers, in the order of the layers. */
export function weightsOf(layer: Layer): Float32Array[] {
  return Object.values(layer.stateDict()).map(({ data }) => Float32Array.from(data));
}
