/**
 * PyTorch in a child process, on one thread, where python3 can import it. Debian's multiplies matrices by the plain BLAS
 * unless libopenblas0-pthread is installed, which makes 1×1 convolutions and Linear several times slower: no rival then.
 */
import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Network, Training } from "../lib/networks.js";
import type { ConvWork } from "../lib/shapes.js";
import type { ConvNumbers, Job, Part, Peer } from "./peer.js";

const SCRIPT = fileURLToPath(new URL("./torch_jobs.py", import.meta.url));
/** Steps of a training go through as many batches as this, again and again. */
const BATCHES = 8;
/** One sample of several runs takes at least this many seconds. */
const SHORTEST = 4e-3;

/** A product on one thread is about as fast as a convolution; by the plain BLAS it is a tenth. */
const SLOWEST_PRODUCT = 0.4;
const INSTALL = "on Debian, apt install python3-torch libopenblas0-pthread";

interface Greeting {
  readonly version: string;
  /** What multiplies matrices, and its GFLOP/s beside a convolution's. */
  readonly blas: { readonly name: string; readonly product: number; readonly convolution: number };
}

export async function torch(): Promise<Peer> {
  const child = spawn(pythonWithTorch(), [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch's process has ended");
    return JSON.parse(value as string) as T;
  };
  const ask = async <T>(job: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const got = await answer<T & { error?: string }>();
    if (got.error !== undefined) throw new Error(got.error);
    return got;
  };
  const start = async (job: object): Promise<Job> => {
    const { run, output } = await ask<{ run: number; output: string }>(job);
    let count = 1;
    const once = async () => {
      const { seconds } = await ask<{ seconds: number }>({ do: "time", run, count });
      const enough = seconds * count >= SHORTEST;
      count = Math.max(1, Math.ceil(SHORTEST / seconds));
      return enough ? [seconds] : [];
    };
    const sample = async (seconds: number) => {
      const samples: number[] = [];
      const started = performance.now();
      do samples.push(...(await once()));
      while (samples.length === 0 || performance.now() - started < 1000 * seconds);
      return samples;
    };
    return { output: decoded(output), sample };
  };
  const { version, blas } = await answer<Greeting>();
  const { name, product, convolution } = blas;
  if (product < SLOWEST_PRODUCT * convolution) {
    child.kill();
    throw new Error(
      `its matrix product (${name}) runs at ${product.toFixed(1)} GFLOP/s where its convolution runs at ${convolution.toFixed(1)}, which is no rival: ${INSTALL}`,
    );
  }
  return {
    name: "PyTorch",
    version: `${version}, ${name} at ${product.toFixed(0)} GFLOP/s`,
    gradients: true,
    conv: (work: ConvWork, { x, weight, bias, dy }: ConvNumbers, part: Part) =>
      start({
        ...{ do: "conv", part, input: work.input, stride: work.stride, padding: work.padding, groups: work.groups },
        filter: [work.filters, work.input[1] / work.groups, work.kernel, work.kernel],
        ...{ x: encoded(x), weight: encoded(weight), bias: encoded(bias), dy: encoded(dy) },
      }),
    inference: ({ nodes }: Network, weights, x, input) =>
      start({ do: "inference", nodes, weights: weights.map(encoded), x: encoded(x), input }),
    training: ({ network: { nodes }, batch, input, optimizer, lr }: Training, weights, losses) => {
      const batches = Array.from({ length: BATCHES }, (_, i) => batch(i));
      return start({
        ...{ do: "training", nodes, input, optimizer, lr, losses, weights: weights.map(encoded) },
        batches: batches.map(({ x, labels }) => ({ x: encoded(x), labels: [...labels] })),
      });
    },
    close: () => child.kill(),
  };
}

/** @throws Error where no Python has it. */
function pythonWithTorch(): string {
  const found = ["python3", "/usr/bin/python3"].find((python) => {
    try {
      execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`python3 cannot import torch: ${INSTALL}`);
  return found;
}

function encoded(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

function decoded(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);
}
