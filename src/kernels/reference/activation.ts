import type { FloatArray } from "../../tensor/storage.js";
import { type ActivationKernel, type ActivationRow, type Numbers, VECTOR } from "../activation.js";

/** The loops of all activations. V8 inlines f and df in programs that use a few different ones. */
export function referenceActivation<N extends string>({
  f,
  df,
  remainder,
}: Omit<ActivationRow<N>, "simd">): ActivationKernel<N, FloatArray> {
  return {
    forward(x, y, numbers) {
      const own = inPrecisionOf(y, numbers);
      for (let i = 0; i < y.length; i++) y[i] = f(x[i]!, own);
    },

    backward(kept, dy, dx, numbers) {
      const whole = remainder ? dx.length - (dx.length % VECTOR) : dx.length;
      const own = inPrecisionOf(dx, numbers);
      for (let i = 0; i < whole; i++) dx[i] = df(kept[i]!, dy[i]!, own);
      const last = inPrecisionOf(dx, remainder ?? numbers);
      for (let i = whole; i < dx.length; i++) dx[i] = df(kept[i]!, dy[i]!, last);
    },
  };
}

/** The numbers as torch compares them: an element equal to a float32 0.1 is at the kink 0.1. */
function inPrecisionOf<N extends string>(array: FloatArray, numbers: Numbers<N>) {
  const round = array instanceof Float32Array ? Math.fround : (value: number) => value;
  // Field by field: reading from what Object.fromEntries makes takes 7 ns.
  const own = { round } as { -readonly [K in N]: number } & { readonly round: typeof round };
  for (const name in numbers) (own as Record<N, number>)[name] = round(numbers[name]);
  return own;
}
