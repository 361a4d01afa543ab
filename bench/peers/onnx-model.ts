/** Writes ONNX models: the few messages of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto that the benchmarks need. */
import type { Node } from "../lib/networks.js";
import type { ConvWork } from "../lib/shapes.js";

const OPSET = 13;
const IR_VERSION = 8;
const FLOAT = 1;

/** One field of a protobuf message: its number, and a varint, a string or the bytes of an inner message. */
type Field = readonly [number: number, value: number | string | Uint8Array];

function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [varint(number << 3), varint(value)];
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    return [varint((number << 3) | 2), varint(bytes.length), bytes];
  });
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}

/** A TensorProto. */
function tensor(name: string, dims: readonly number[], values: Float32Array): Uint8Array {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return message(...dims.map((dim): Field => [1, dim]), [2, FLOAT], [8, name], [9, raw]);
}

/** A ValueInfoProto; an output may leave its sizes open. */
function valueInfo(name: string, dims?: readonly number[]): Uint8Array {
  const shape = dims && message(...dims.map((dim): Field => [1, message([1, dim])]));
  const type = message([1, FLOAT], ...(shape ? [[2, shape] as const] : []));
  return message([1, name], [2, message([1, type])]);
}

/** A NodeProto whose attributes are integers and lists of integers. */
function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>>,
): Uint8Array {
  const written = Object.entries(attributes).map(([name, value]): Field => {
    const fields: Field[] = typeof value === "number" ? [[3, value]] : value.map((entry): Field => [8, entry]);
    return [5, message([1, name], ...fields, [20, typeof value === "number" ? 2 : 7])];
  });
  return message(...inputs.map((input): Field => [1, input]), [2, output], [4, op], ...written);
}

class Graph {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  #count = 0;

  constant(dims: readonly number[], values: Float32Array): string {
    const name = `w${this.#initializers.length}`;
    this.#initializers.push(tensor(name, dims, values));
    return name;
  }

  /** Adds a node and gives the name of its output. */
  add(op: string, inputs: readonly string[], attributes: Parameters<typeof node>[3] = {}): string {
    const output = `t${this.#count++}`;
    this.#nodes.push(node(op, inputs, output, attributes));
    return output;
  }

  model(input: readonly number[], last: string): Uint8Array {
    this.#nodes.push(node("Identity", [last], "y", {}));
    const graph = message(
      ...this.#nodes.map((one): Field => [1, one]),
      [2, "benchmark"],
      ...this.#initializers.map((one): Field => [5, one]),
      [11, valueInfo("x", input)],
      [12, valueInfo("y")],
    );
    return message([1, IR_VERSION], [7, graph], [8, message([2, OPSET])]);
  }
}

export function convModel(
  { input, filters, kernel, stride, padding, groups }: ConvWork,
  weight: Float32Array,
  bias: Float32Array,
): Uint8Array {
  const graph = new Graph();
  const constants = [
    graph.constant([filters, input[1] / groups, kernel, kernel], weight),
    graph.constant([filters], bias),
  ];
  return graph.model(
    input,
    graph.add("Conv", ["x", ...constants], { ...window(kernel, stride, padding), group: groups }),
  );
}

function window(kernel: number, stride: number, padding: number) {
  const pads = [padding, padding, padding, padding];
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads };
}

export function networkModel(
  nodes: readonly Node[],
  weights: readonly Float32Array[],
  input: readonly number[],
): Uint8Array {
  const graph = new Graph();
  const left = weights.values();
  const constant = (...dims: readonly number[]) => graph.constant(dims, left.next().value as Float32Array);
  const chain = (list: readonly Node[], x: string): string => list.reduce(added, x);
  const added = (x: string, layer: Node): string => {
    switch (layer.op) {
      case "conv": {
        const { from, to, kernel, stride, padding, bias } = layer;
        const constants = [constant(to, from, kernel, kernel), ...(bias ? [constant(to)] : [])];
        return graph.add("Conv", [x, ...constants], window(kernel, stride, padding));
      }
      case "norm": {
        const constants = [1, 2, 3, 4].map(() => constant(layer.channels));
        left.next(); // how many batches the statistics have seen
        return graph.add("BatchNormalization", [x, ...constants]);
      }
      case "relu":
        return graph.add("Relu", [x]);
      case "maxpool":
        return graph.add("MaxPool", [x], window(layer.kernel, layer.stride, layer.padding));
      case "averagepool":
        return graph.add("GlobalAveragePool", [x]);
      case "flatten":
        return graph.add("Flatten", [x]);
      case "linear":
        return graph.add("Gemm", [x, constant(layer.to, layer.from), constant(layer.to)], { transB: 1 });
      case "residual": {
        const body = chain(layer.body, x);
        return graph.add("Add", [body, chain(layer.projection, x)]);
      }
    }
  };
  return graph.model(input, chain(nodes, "x"));
}
