import { type ActivationKernel, type ActivationRow, type Numbers, VECTOR } from "../activation.js";
import { keep } from "./elementwise/maths.js";
import { rowKernel } from "./elementwise/rows.js";
import { place } from "./memory.js";

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
  const values = (numbers: Numbers<N>) => names.map((name) => numbers[name]);
  return {
    forward(x, y, numbers) {
      forwards()(1, 0, y.length, ...place(x, y), ...values(numbers));
    },

    backward(kept, dy, dx, numbers) {
      const { length } = dx;
      const whole = remainder ? length - (length % VECTOR) : length;
      const places = place(kept, dy, dx);
      backwards()(1, 0, whole, ...places, ...values(numbers));
      if (!remainder) return;
      const rest = places.map((at) => at + 4 * whole);
      backwards()(1, 0, length - whole, ...rest, ...values(remainder));
    },
  };
}
