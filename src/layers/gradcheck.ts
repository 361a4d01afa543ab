/** Checks a layer's hand-written backward against central differences, in double precision. */

import { Layer, type Network } from "../graph/layer.js";
import { outputsIn, sameForm } from "../graph/outputs.js";
import { StateBuffer } from "../graph/parameter.js";
import { generatorsOf } from "../graph/undo.js";
import { checkInstance, checkInteger, checkPositive, checkRange, readOptions } from "../shape/check.js";
import { checkShape } from "../shape/reshape.js";
import { Random } from "../tensor/random.js";
import { allocate, checkTensor, Tensor } from "../tensor/tensor.js";
import { type InputShapes, listOf } from "./report.js";

export interface GradcheckOptions {
  /** Seeds the input, the direction and the choice of entries. Default 0. */
  readonly seed?: number;
  /** Half of the distance between the two points of a difference. Default 1e-5. */
  readonly step?: number;
  /** Largest relative error that passes. Default 1e-6. */
  readonly tolerance?: number;
  /** Entries checked of each tensor; all, where it has no more. Default 48. */
  readonly samples?: number;
  /**
   * The input to check at, where normal numbers will not do (indices of an Embedding, values away from a kink); of several,
   * a list.
   */
  readonly input?: Tensor | readonly Tensor[];
  /** Whether the input has a gradient at all. Default true; false for an Embedding. */
  readonly inputGradient?: boolean;
}

/** One tensor's check: its gradient by backward against its gradient by differences. */
export interface GradcheckEntry {
  /** `"input"`, `"input 1"` of several inputs, counted from 0, or the parameter's key. */
  readonly name: string;
  /** ‖backward − differences‖ / max(‖backward‖, ‖differences‖, 0.01) over the entries that were checked. */
  readonly relativeError: number;
  /** The entry that differs most, by its row-major index, and what both sides say about it. */
  readonly worst: { readonly index: number; readonly backward: number; readonly difference: number };
}

/** What {@link gradcheck} returns. */
export interface GradcheckReport {
  readonly passed: boolean;
  /** The largest relative error of all entries. */
  readonly relativeError: number;
  readonly entries: readonly GradcheckEntry[];
  /** One line per entry, for a failing test's message. */
  toString(): string;
}

/**
 * Compares the gradients that `layer.backward` computes with (L(p + h) − L(p − h)) / 2h for L = Σ direction · output,
 * over all outputs, where direction is random. Works for layers of your own: they run in double precision if they allocate their results
 * in their input's precision. The layer's parameters and buffers are put back afterwards; its gradients are cleared.
 *
 * @param inputShape shape of the input, which is drawn from a normal distribution: `[N, C, H, W]` for images;
 *   of several inputs, a list of their shapes
 * @example
 * const report = gradcheck(new Conv2d(2, 3, 3), [1, 2, 5, 5]);
 * if (!report.passed) throw new Error(String(report));
 */
export function gradcheck(layer: Network, inputShape: InputShapes, options: GradcheckOptions = {}): GradcheckReport {
  const defaults = { seed: 0, step: 1e-5, tolerance: 1e-6, samples: 48, inputGradient: true, input: undefined };
  const { seed, step, tolerance, samples, inputGradient, input } = readOptions("gradcheck", options, defaults);
  checkInstance("gradcheck", "its layer", layer, Layer);
  const shapes = listOf(inputShape);
  for (const shape of shapes) checkShape("gradcheck", shape);
  checkPositive("gradcheck", "step", step);
  checkRange("gradcheck", "tolerance", tolerance, 0, Infinity);
  checkInteger("gradcheck", "samples", samples, 1);
  const given: readonly Tensor[] | undefined = input === undefined ? undefined : Array.isArray(input) ? input : [input];
  for (const each of given ?? []) checkTensor("gradcheck", each);
  const random = new Random(seed);
  const restore = snapshot(layer);
  try {
    layer.to("float64");
    const xs =
      given?.map((each) => each.clone().to("float64")) ??
      shapes.map((shape) => fillNormal(allocate(shape, "float64"), random));
    const generators = statesOf(layer);
    const forward = () => {
      // Dropout must drop the same elements every time.
      for (const { generator, state } of generators) generator.state = state;
      return layer.forward(...(xs as [Tensor])) as unknown;
    };
    const outputs = forward();
    const directions = outputsIn(outputs).map(({ shape }) => fillNormal(allocate(shape, "float64"), random));
    const loss = () => outputsIn(forward()).reduce((sum, y, i) => sum + dot(directions[i] as Tensor, y), 0);

    layer.zeroGrad();
    forward();
    const dx: Tensor | readonly Tensor[] | undefined = layer.backward(sameForm(outputs, directions), { inputGradient });
    const leaves = layer
      .namedParameters()
      .filter(([, parameter]) => parameter.requiresGrad)
      .map(([name, { value, grad }]) => ({ name, value, grad: grad.clone() }));
    const dxs = dx instanceof Tensor ? [dx] : (dx ?? []);
    const inputs = dxs.map((grad, i) => ({
      name: dxs.length === 1 ? "input" : `input ${i}`,
      value: xs[i] as Tensor,
      grad,
    }));
    leaves.unshift(...inputs);

    const entries = leaves.map(({ name, value, grad }): GradcheckEntry => {
      let error = 0;
      let normBackward = 0;
      let normDifference = 0;
      let worst = { index: 0, backward: 0, difference: 0 };
      let worstError = -1;
      for (const index of random.permutation(value.size).subarray(0, samples)) {
        const { data } = value;
        const held = data[index] ?? 0;
        data[index] = held + step;
        const above = loss();
        data[index] = held - step;
        const below = loss();
        data[index] = held;
        const difference = (above - below) / (2 * step);
        const backward = grad.data[index] ?? 0;
        const gap = Math.abs(backward - difference);
        error += gap * gap;
        normBackward += backward * backward;
        normDifference += difference * difference;
        if (!(gap <= worstError)) {
          worstError = gap;
          worst = { index, backward, difference };
        }
      }
      const scale = Math.max(Math.sqrt(normBackward), Math.sqrt(normDifference), 0.01);
      return { name, relativeError: Math.sqrt(error) / scale, worst };
    });
    return report(entries, tolerance);
  } finally {
    restore();
  }
}

function report(entries: readonly GradcheckEntry[], tolerance: number): GradcheckReport {
  const passed = entries.every(({ relativeError }) => relativeError <= tolerance);
  return {
    passed,
    relativeError: entries.reduce((max, entry) => Math.max(max, entry.relativeError), 0),
    entries,
    toString: () =>
      entries
        .map(({ name, relativeError, worst }) => {
          const verdict = relativeError <= tolerance ? "ok" : "WRONG";
          const where = `at ${worst.index} backward says ${worst.backward}, differences say ${worst.difference}`;
          return `${verdict}  ${name}: relative error ${relativeError.toExponential(1)} (${where})`;
        })
        .join("\n"),
  };
}

function dot(a: Tensor, { data }: Tensor): number {
  return a.data.reduce((sum, each, i) => sum + each * (data[i] ?? 0), 0);
}

function fillNormal(tensor: Tensor, random: Random): Tensor {
  const { data } = tensor;
  for (let i = 0; i < data.length; i++) data[i] = random.normal();
  return tensor;
}

/** The generators that a forward may draw from, and where each stands. */
function statesOf(layer: Network) {
  return generatorsOf(layer).map((generator) => ({ generator, state: generator.state }));
}

/** Remembers every parameter, buffer and generator of the layer; the function that it returns puts them back. */
function snapshot(layer: Network): () => void {
  const parameters = layer.parameters().map((parameter) => ({ parameter, value: parameter.value }));
  const buffers = [...layer.ownSelf.states()]
    .filter((state) => state instanceof StateBuffer)
    .map((buffer) => ({ buffer, value: buffer.value, copy: buffer.value.clone() }));
  const generators = statesOf(layer);
  return () => {
    layer.to("float32");
    for (const { parameter, value } of parameters) parameter.restore(value);
    for (const { buffer, value, copy } of buffers) {
      value.view().set(copy.view());
      buffer.restore(value);
    }
    for (const { generator, state } of generators) generator.state = state;
    layer.zeroGrad();
  };
}
