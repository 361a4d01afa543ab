/** ConvNetJS: one image at a time, pixels in the order (y, x, channel), double precision. */
import { timed } from "../lib/measure.js";
import type { Node } from "../lib/networks.js";
import { outputOf } from "../lib/shapes.js";
import { concatenated, load, type Peer, permuted, versionOf } from "./peer.js";

interface Vol {
  readonly w: Float64Array;
  dw: Float64Array;
}
interface Layer {
  readonly layer_type: string;
  readonly filters: readonly Vol[];
  readonly biases: Vol;
  out_act: Vol;
  forward(x: Vol): Vol;
  backward(): void;
}
interface Net {
  readonly layers: readonly Layer[];
  makeLayers(definitions: readonly object[]): void;
}
interface ConvNet {
  readonly Vol: new (width: number, height: number, depth: number, value: number) => Vol;
  readonly Net: new () => Net;
  readonly ConvLayer: new (options: object) => Layer;
  readonly Trainer: new (net: Net, options: object) => { train(x: Vol, label: number): { loss: number } };
}

export async function convnetjs(): Promise<Peer> {
  const { default: lib } = await load<{ default: ConvNet }>("convnetjs");
  /** The images of a batch, channels first. */
  const images = (x: Float32Array, [count, channels, height, width]: readonly number[]) =>
    Array.from({ length: count! }, (_, n) => {
      const size = x.length / count!;
      const vol = new lib.Vol(width!, height!, channels!, 0);
      vol.w.set(permuted(x.subarray(n * size, (n + 1) * size), [channels!, height!, width!], [1, 2, 0]));
      return vol;
    });
  return {
    name: "ConvNetJS",
    version: await versionOf("convnetjs"),
    most: 2e8,
    gradients: true,
    conv: async (work, { x, weight, bias, dy }, part) => {
      if (part === "backward") return undefined; // needs its forward's state
      const { input, filters, kernel: sx, stride, padding: pad } = work;
      const [, depth, height, width] = input;
      const output = outputOf(work);
      const layer = new lib.ConvLayer({ sx, filters, stride, pad, in_depth: depth, in_sx: width, in_sy: height });
      fill(layer, weight, [filters, depth, sx, sx], bias);
      const [inputs, gradients] = [images(x, input), images(dy, output)];
      const planar = (values: Float64Array, [, c, h, w]: readonly number[]) =>
        permuted(values, [h!, w!, c!], [2, 0, 1]);
      const forward = () => inputs.map((vol) => layer.forward(vol));
      const both = () => {
        for (const vol of [...layer.filters, layer.biases]) vol.dw.fill(0);
        for (const [n, vol] of inputs.entries()) {
          layer.forward(vol).dw = gradients[n]!.w;
          layer.backward();
        }
      };
      const run = part === "forward" ? forward : both;
      const results = () => {
        if (part === "forward") return forward().map(({ w }) => planar(w, output));
        both();
        const dweight = layer.filters.map(({ dw }) => permuted(dw, [sx, sx, depth], [2, 0, 1]));
        return [...inputs.map(({ dw }) => planar(dw, input)), ...dweight, layer.biases.dw];
      };
      return { output: concatenated(...results()), sample: timed("ConvNetJS", run).sample };
    },
    // It has no Adam: plain SGD, which costs less, so only the first loss can agree.
    training: async ({ network, input, batch, lr }, weights) => {
      const net = new lib.Net();
      net.makeLayers(definitions(network.nodes, input));
      const left = weights.values();
      let channels = 0;
      for (const layer of net.layers.filter(({ filters }) => filters)) {
        const [values, bias] = [left.next().value as Float32Array, left.next().value as Float32Array];
        const size = values.length / layer.filters.length;
        const convolution = layer.layer_type === "conv";
        // The first fully connected layer reads the last convolution's pixels.
        const side = Math.sqrt(size / (convolution ? channels || input[1]! : channels));
        const planes = convolution ? channels || input[1]! : channels;
        fill(layer, values, [layer.filters.length, planes, side, side], bias);
        channels = convolution ? layer.filters.length : layer.filters.length;
      }
      const trainer = new lib.Trainer(net, { method: "sgd", momentum: 0, learning_rate: lr, batch_size: input[0] });
      let steps = 0;
      const step = () => {
        const { x, labels } = batch(steps++);
        const vols = images(x, input);
        return vols.reduce((sum, vol, n) => sum + trainer.train(vol, labels[n]!).loss, 0) / vols.length;
      };
      return { output: Float32Array.of(step()), sample: timed("ConvNetJS", step).sample };
    },
  };
}

function fill({ filters, biases }: Layer, weight: Float32Array, shape: readonly number[], bias: Float32Array): void {
  const [, channels, height, width] = shape;
  const size = weight.length / filters.length;
  for (const [o, { w }] of filters.entries()) {
    w.set(permuted(weight.subarray(o * size, (o + 1) * size), [channels!, height!, width!], [1, 2, 0]));
  }
  biases.w.set(bias);
}

/** The last linear layer is part of its softmax. */
function definitions(nodes: readonly Node[], [, depth, height, width]: readonly number[]): object[] {
  const layers = nodes.flatMap((node): object[] => {
    switch (node.op) {
      case "conv":
        return [{ type: "conv", sx: node.kernel, filters: node.to, stride: node.stride, pad: node.padding }];
      case "maxpool":
        return [{ type: "pool", sx: node.kernel, stride: node.stride, pad: node.padding }];
      case "linear":
        return [{ type: "fc", num_neurons: node.to }];
      case "relu":
        return [{ type: "relu" }];
      case "flatten":
        return [];
      default:
        throw new Error(`ConvNetJS has no layer "${node.op}"`);
    }
  });
  const last = layers.pop() as { readonly num_neurons: number };
  const input = { type: "input", out_sx: width, out_sy: height, out_depth: depth };
  return [input, ...layers, { type: "softmax", num_classes: last.num_neurons }];
}
