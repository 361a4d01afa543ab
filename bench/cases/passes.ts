/** What passes over its numbers once: activations, pooling, norms, losses, optimizer steps. The memory limits most of them. */
import { Parameter } from "../../src/graph/parameter.js";
import { type KernelSet, run } from "../../src/kernels/backend.js";
import { biasKernels } from "../../src/ops/bias.js";
import { gradientKernels } from "../../src/ops/gradient.js";
import { mergeKernels } from "../../src/ops/merge.js";
import { normKernels } from "../../src/ops/norm.js";
import { averagePoolKernels, maxPoolKernels } from "../../src/ops/pool2d.js";
import { softmaxKernels } from "../../src/ops/softmax.js";
import { batchNormGeometry } from "../../src/shape/norm.js";
import { poolGeometry, poolSettings } from "../../src/shape/pool.js";
import { tensor } from "../../src/tensor/create.js";
import { lossKernels } from "../../src/train/loss.js";
import type { Optimizer } from "../../src/train/optimizer.js";
import { Adam } from "../../src/train/optimizers/adam.js";
import { SGD } from "../../src/train/optimizers/sgd.js";
import { ACTIVATIONS } from "../../test/support/activations.js";
import { floats, integers } from "../lib/inside.js";
import type { Case } from "./case.js";

export function passes(): Case[] {
  return [...activationCases(), ...poolings(), ...norms(), ...losses(), ...optimizers()];
}

/** A kernel's case; `arrays` are the lengths of the normal arrays that `call` is given, in the engine's memory. */
function pass<Kernels extends object, const Lengths extends readonly [number, ...number[]]>(
  name: string,
  work: string,
  bytes: number,
  set: KernelSet<Kernels>,
  arrays: Lengths,
  call: (kernels: Kernels, ...arrays: { [K in keyof Lengths]: Float32Array }) => unknown,
): Case {
  const setUp = () => {
    const values = arrays.map((length, i) => floats(length, i + 1)) as { [K in keyof Lengths]: Float32Array };
    return () => run(set, values, call as never);
  };
  return { name, work, flops: 0, bytes, setUp };
}

function activationCases(): Case[] {
  const [work, n] = ["64×6×28×28", 64 * 6 * 28 * 28];
  return Object.entries(ACTIVATIONS).flatMap(
    ([
      name,
      {
        f,
        numbers: [numbers = {}],
      },
    ]) => [
      pass(`activation ${name} forward`, work, 8 * n, f, [n, n], (k, x, y) => k.forward(x, y, numbers)),
      pass(`activation ${name} backward`, work, 12 * n, f, [n, n, n], (k, kept, dy, dx) =>
        k.backward(kept, dy, dx, numbers),
      ),
    ],
  );
}

function poolings(): Case[] {
  const shapes = [
    ["lenet1", [64, 6, 28, 28], 2, {}],
    ["res1", [1, 64, 112, 112], 3, { stride: 2, padding: 1 }],
  ] as const;
  return shapes.flatMap(([name, shape, kernel, options]) => {
    const g = poolGeometry("MaxPool2d", poolSettings("MaxPool2d", kernel, options), shape);
    const [input, output] = [g.planes * g.rows.size * g.columns.size, g.planes * g.rows.out * g.columns.out];
    const work = `${shape.join("×")}, ${kernel}×${kernel}/2`;
    const [large, small] = [4 * (input + 2 * output), 4 * (input + output)];
    const max = (direction: string, setUp: Case["setUp"]): Case => {
      return { name: `pool max ${name} ${direction}`, work, flops: 0, bytes: large, setUp };
    };
    return [
      max("forward", () => {
        const [x, y, argmax] = [floats(input), floats(output), integers(output, 1)];
        return () => run(maxPoolKernels, [x, y], (kernels, x, y) => kernels.maxForward(g, x, y, argmax));
      }),
      max("backward", () => {
        const [x, dy, argmax] = [floats(input), floats(output), integers(output, 1)];
        maxPoolKernels.reference.maxForward(g, x, dy, argmax);
        return () => run(maxPoolKernels, [dy, x], (kernels, dy, dx) => kernels.maxBackward(g, dy, argmax, dx));
      }),
      pass(`pool average ${name} forward`, work, small, averagePoolKernels, [input, output], (k, x, y) =>
        k.averageForward(g, x, y),
      ),
      pass(`pool average ${name} backward`, work, small, averagePoolKernels, [output, input], (k, dy, dx) =>
        k.averageBackward(g, dy, dx),
      ),
    ];
  });
}

function norms(): Case[] {
  const [outer, size, inner] = [16, 64, 28 * 28];
  const [work, n] = ["16×64×28×28", outer * size * inner];
  const g = batchNormGeometry(size, [outer, size, inner]);
  const [mean, variance] = [new Float64Array(size), new Float64Array(size).fill(1)];
  return [
    pass("norm batch moments", work, 4 * n, normKernels, [n], (k, x) => k.moments(g, x, mean, variance)),
    pass("norm batch forward", work, 8 * n, normKernels, [n, size, size, n], (k, x, weight, bias, y) =>
      k.forward(g, 1e-5, x, mean, variance, weight, bias, y),
    ),
    pass("norm batch backward", work, 20 * n, normKernels, [n, size, n, n, size], (k, x, weight, dy, dx, sums) =>
      k.backward(g, 1e-5, x, mean, variance, weight, dy, dx, sums, sums),
    ),
    pass("norm bias", work, 8 * n, biasKernels, [size, n], (k, bias, y) => k.add(outer, size, inner, bias, y)),
    pass("norm bias gradient", work, 4 * n, biasKernels, [n, size], (k, dy, dbias) =>
      k.gradient(outer, size, inner, dy, dbias),
    ),
    pass("norm residual add", work, 12 * n, mergeKernels, [n, n, n], (k, a, b, y) => k.add(a, b, y)),
  ];
}

function losses(): Case[] {
  const [rows, classes] = [256, 1000];
  const [work, n] = ["256×1000", rows * classes];
  const line = { outer: rows, size: classes, classes, inner: 1 };
  const labels = Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes);
  // Between 0 and 1, as a sigmoid gives them.
  const shares = (seed: number) => {
    const values = floats(n, seed);
    values.set(values.map((v) => Math.min(0.999, Math.abs(v % 1))));
    return values;
  };
  const binary = () => {
    const [x, target, gradient] = [shares(1), shares(2), floats(n)];
    return () =>
      run(lossKernels, [x, target, gradient], (kernels, x, target, gradient) =>
        kernels.binaryCrossEntropy(x, target, undefined, 1, undefined, gradient),
      );
  };
  return [
    pass("loss softmax forward", work, 8 * n, softmaxKernels, [n, n], (k, x, y) => k.forward(line, x, y)),
    pass("loss softmax backward", work, 12 * n, softmaxKernels, [n, n, n], (k, y, dy, dx) =>
      k.backward(line, y, dy, dx),
    ),
    pass("loss cross-entropy", work, 8 * n, lossKernels, [n, n], (k, x, gradient) =>
      k.crossEntropy(line, x, labels, -100, undefined, 0, 1, undefined, gradient),
    ),
    pass("loss squared error", work, 12 * n, lossKernels, [n, n, n], (k, x, target, gradient) =>
      k.squaredError(x, target, 1, undefined, gradient),
    ),
    { name: "loss binary cross-entropy", work, flops: 0, bytes: 12 * n, setUp: binary },
  ];
}

function optimizers(): Case[] {
  const [work, n] = ["61,706 weights", 61_706];
  const step = (name: string, bytes: number, make: (parameters: Parameter[]) => Optimizer): Case => {
    const setUp = () => {
      const parameter = new Parameter("weight", tensor(floats(n, 1)));
      parameter.grad.data.set(floats(n, 2));
      const optimizer = make([parameter]);
      return () => optimizer.step();
    };
    return { name, work, flops: 0, bytes, setUp };
  };
  return [
    step("optimizer sgd", 20 * n, (p) => new SGD(p, { momentum: 0.9 })),
    step("optimizer adam", 28 * n, (p) => new Adam(p)),
    pass("optimizer gradient norm", work, 4 * n, gradientKernels, [n], (k, g) => k.powerSum(g, 2)),
  ];
}
