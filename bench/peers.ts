/** `npm run bench:peers`, `npm run bench:peers -- conv vgg5`: this library beside others, one thread each, in turns. */
import { program } from "commander";
import { conv2dBiasGradient, conv2dInputGradient, conv2dWeightGradient } from "../src/ops/conv2d.js";
import { convGeometry } from "../src/shape/conv.js";
import { sizeOf } from "../src/shape/shape.js";
import { zeros } from "../src/tensor/create.js";
import { Tensor } from "../src/tensor/tensor.js";
import { coldStarts } from "./lib/cold.js";
import { contest, contestChart, contestTable, OURS, PEERS, type Work, withBars } from "./lib/contest.js";
import { innerBackward, innerForward, innerOps, residentTensor } from "./lib/inside.js";
import { timed } from "./lib/measure.js";
import { RESNET18, weightsOf } from "./lib/networks.js";
import { provenanceLine, writeReport } from "./lib/report.js";
import {
  CONVOLUTIONS,
  type ConvWork,
  convLayer,
  describe,
  flopsOf,
  normals,
  outputOf,
  PATHS,
  type Path,
} from "./lib/shapes.js";
import { type ConvNumbers, concatenated, type Part } from "./peers/peer.js";

program
  .name("npm run bench:peers --")
  .description(
    "Times this library and others on the same numbers, in turns, one thread each. With words, only the works whose names hold all of them: conv, forward, backward, ResNet-18, cold.",
  )
  .argument("[words...]", 'for example "vgg5", or "lenet1 backward"')
  .option("--seconds <number>", "time for the samples of each library on each work", Number, 1)
  .option("--rounds <number>", "turns of each library on each work", Number, 10)
  .option("--only <peers...>", `of ${PEERS.join(", ")}`, PEERS)
  .parse();
const { seconds, rounds, only } = program.opts<{ seconds: number; rounds: number; only: string[] }>();
const words = program.args.flatMap((argument) => argument.split(" "));
const chosen = (name: string) => words.every((word) => name.toLowerCase().includes(word.toLowerCase()));

const BACKWARD = ["lenet1", "lenet2", "vgg3_2", "res2"];
const PARTS: readonly Part[] = ["forward + backward", "backward"];
const works = [
  ...CONVOLUTIONS.filter(({ name }) => name !== "depthwise").map((shape) => convWork(shape, "forward")),
  ...CONVOLUTIONS.filter(({ name }) => BACKWARD.includes(name)).flatMap((shape) =>
    PARTS.map((part) => convWork(shape, part)),
  ),
  inferenceWork(),
].filter(({ name }) => chosen(name));
const cold = chosen("LeNet-5 cold start");
if (works.length === 0 && !cold) program.error(`No work has ${words.join(" and ")} in its name.`);

console.log(`${provenanceLine()}; one thread each\n`);
const { rows, versions, notes } = await contest(works, works.length > 0 ? only : [], { rounds, seconds });
if (rows.length > 0) console.log(`${contestTable(rows)}\n`);
const starts = cold ? await coldStarts(rounds) : undefined;
if (starts) console.log(`${starts.text}\n`);
for (const note of notes) console.log(note);
if (words.length === 0) {
  const results = { threads: 1, versions, rows: withBars(rows), coldStarts: starts?.rows, notes };
  writeReport("peers", results, contestChart("The same layers, one thread each", rows));
}

function convWork(shape: ConvWork, part: Part): Work {
  const numbers = numbersOf(shape);
  return {
    name: `conv ${shape.name} ${part}`,
    sizes: describe(shape),
    offeredBy: (peer) => peer.conv !== undefined && (part === "forward" || peer.gradients === true),
    flops: flopsOf(shape) * { forward: 1, backward: 2, "forward + backward": 3 }[part],
    ours: () => (part === "forward" ? forwardOf(shape, numbers()) : backwardOf(shape, numbers(), part)),
    theirs: (peer) => peer.conv?.(shape, numbers(), part),
  };
}

/** Drawn when they are first asked for. Weights as small as initial ones are. */
function numbersOf(shape: ConvWork): () => ConvNumbers {
  const { input, filters, kernel, groups } = shape;
  const taps = (input[1] / groups) * kernel ** 2;
  let made: ConvNumbers | undefined;
  return () => {
    made ??= {
      x: normals(sizeOf(input), 1),
      weight: normals(filters * taps, 2).map((v) => v / Math.sqrt(taps)),
      bias: normals(filters, 3),
      dy: normals(sizeOf(outputOf(shape)), 4),
    };
    return made;
  };
}

function layerOf(shape: ConvWork, { weight, bias }: ConvNumbers, path: Path = "auto") {
  const layer = convLayer(shape, path);
  layer.weight.value.data.set(weight);
  layer.bias!.value.data.set(bias);
  return layer;
}

function forwardOf(shape: ConvWork, numbers: ConvNumbers) {
  const x = residentTensor(numbers.x, shape.input);
  const ways = PATHS.map((path) => {
    const layer = layerOf(shape, numbers, path).eval();
    return timed(path === "auto" ? OURS : `${OURS} ${path}`, () => innerForward(layer, x));
  });
  return { output: Float32Array.from(innerForward(layerOf(shape, numbers).eval(), x).data), ways };
}

function backwardOf(shape: ConvWork, numbers: ConvNumbers, part: Part) {
  const layer = layerOf(shape, numbers);
  const [x, dy] = [residentTensor(numbers.x, shape.input), residentTensor(numbers.dy, outputOf(shape))];
  const { weight, bias } = layer;
  const both = () => {
    innerForward(layer, x, true);
    return innerBackward(layer, dy);
  };
  layer.zeroGrad();
  const dx = both().data;
  const output = concatenated(dx, weight.grad.data, bias!.grad.data);
  const g = convGeometry(layer, shape.input);
  const dbias = bias?.grad ?? zeros([shape.filters]);
  const backward = innerOps(() => {
    conv2dWeightGradient(g, x, dy, weight.grad);
    conv2dBiasGradient(g, dy, dbias);
    return conv2dInputGradient(g, dy, weight.value, shape.input);
  });
  return { output, ways: [timed(OURS, part === "backward" ? backward : both)] };
}

function inferenceWork(): Work {
  const input = [1, 3, 224, 224];
  const x = () => normals(sizeOf(input));
  return {
    name: "ResNet-18 inference",
    sizes: input.join("×"),
    offeredBy: (peer) => peer.inference !== undefined,
    flops: 2 * RESNET18.multiplyAdds(input),
    ours: () => {
      const model = RESNET18.layer().eval();
      const image = new Tensor(x(), input);
      return { output: model.forward(image).data as Float32Array, ways: [timed(OURS, () => model.forward(image))] };
    },
    theirs: (peer) => peer.inference?.(RESNET18, weightsOf(RESNET18.layer()), x(), input),
  };
}
