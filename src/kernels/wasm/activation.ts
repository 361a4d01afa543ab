import { type ActivationKernel, type ActivationRow, type Numbers, VECTOR } from "../activation.js";
import type { Kernel } from "./assembler/module.js";
import { keep } from "./elementwise/math.js";
import { rowKernel } from "./elementwise/rows.js";
import { addressesOf } from "./memory.js";

/** The loops of all activations, four elements at a time. */
export function wasmActivation<N extends string>({
  simd,
  numbers: names = [],
  remainder,
}: ActivationRow<N>): ActivationKernel<N> {
  const forwards = rowKernel({ arrays: ["x", "y"], numbers: names }, ({ x, y }, numbers) =>
    y.set(simd.f(keep(x.get()), numbers)),
  );
  const backwards = rowKernel({ arrays: ["kept", "dy", "dx"], numbers: names }, ({ kept, dy, dx }, numbers) =>
    dx.set(simd.df(keep(kept.get()), keep(dy.get()), numbers)),
  );
  /** Calls a kernel on one row, which starts at these places. */
  const run = (kernel: Kernel, length: number, addresses: number[], numbers: Numbers<N>) => {
    for (const name of names) addresses.push(numbers[name]);
    kernel(1, 0, length, ...addresses);
  };
  return {
    forward(x, y, numbers) {
      run(forwards(), y.length, addressesOf(x, y), numbers);
    },

    backward(kept, dy, dx, numbers) {
      const { length } = dx;
      const addresses = addressesOf(kept, dy, dx);
      const whole = remainder ? length - (length % VECTOR) : length;
      const rest = addresses.map((at) => at + 4 * whole);
      run(backwards(), whole, addresses, numbers);
      if (remainder) run(backwards(), length - whole, rest, remainder);
    },
  };
}
