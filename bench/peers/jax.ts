/** jax-js on its WebAssembly backend. */
import { timedAsync } from "../lib/measure.js";
import { load, type Peer, versionOf } from "./peer.js";

/** An array is used up by the call that it is given to, unless it is given as `ref`. */
interface JaxArray {
  readonly ref: JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  add(other: JaxArray): JaxArray;
  data(): Promise<Float32Array>;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}
interface Jax {
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit(f: (x: JaxArray, weight: JaxArray, bias: JaxArray) => JaxArray): (...arrays: JaxArray[]) => JaxArray;
  readonly numpy: { array(data: Float32Array): JaxArray };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      weight: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly [number, number])[],
      options: { readonly featureGroupCount: number },
    ): JaxArray;
  };
}

export async function jaxJs(): Promise<Peer> {
  // Node 20 has no navigator, which it reads.
  if (typeof navigator === "undefined")
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  oneThread();
  const jax = await load<Jax>("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return {
    name: "jax-js",
    version: await versionOf("@jax-js/jax"),
    most: 1e9,
    conv: async ({ input, filters, kernel, stride, padding, groups }, numbers, part) => {
      if (part !== "forward") return undefined;
      oneThread();
      const array = (data: Float32Array, shape: readonly number[]) => jax.numpy.array(data).reshape(shape);
      const x = array(numbers.x, input);
      const weight = array(numbers.weight, [filters, input[1] / groups, kernel, kernel]);
      const bias = array(numbers.bias, [1, filters, 1, 1]);
      const pads = [padding, padding].map((p) => [p, p] as const);
      const conv = jax.jit((a, w, b) =>
        jax.lax.convGeneralDilated(a, w, [stride, stride], pads, { featureGroupCount: groups }).add(b),
      );
      const run = async () => {
        const y = await conv(x.ref, weight.ref, bias.ref).blockUntilReady();
        y.dispose();
      };
      const output = await conv(x.ref, weight.ref, bias.ref).data();
      return { output, sample: timedAsync("jax-js", run).sample };
    },
  };
}

/** Where there is a Worker (other peers' packages make one), it starts threads and compiles for them. */
function oneThread(): void {
  Reflect.deleteProperty(globalThis, "Worker");
}
