/** The shapes of all values of a plan: nothing is computed but sizes. */
import { factorsOf } from "../shape/chain.js";
import { checkSize } from "../shape/check.js";
import { neighborMismatch, ShapeError, StateError } from "../shape/errors.js";
import { type Shape, sizeOf } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import { located, withCause } from "./located.js";
import type { Module, Operation, Step } from "./module.js";
import { type Flat, producersOf } from "./plan.js";

/** What `outputShape` throws where only a run can tell. */
export class UnknownShape extends StateError {}

/** What `shape` gives, undefined where only a run can tell. */
export function ifKnown<T>(shape: () => T): T | undefined {
  try {
    return shape();
  } catch (error) {
    if (error instanceof UnknownShape) return undefined;
    throw error;
  }
}

export interface Shapes {
  /** Of every value; undefined after a layer whose output's shape only its run can tell. */
  readonly shapes: readonly (Shape | undefined)[];
  /** What the first such layer threw. */
  readonly unknown: UnknownShape | undefined;
}

/**
 * @param runs whether a forward follows, which may refuse an input that its shape alone allows
 * @param asked the layer whose own rule asks for what it is composed of
 * @throws ShapeError where something does not fit, with the sentence that names its layer, its key and the one before it
 */
export function shapesOf(plan: Flat, inputs: readonly Shape[], runs: boolean, asked?: Module): Shapes {
  const shapes: (Shape | undefined)[] = [...inputs];
  const known = (values: readonly number[]): Shape[] | undefined => {
    const found = values.map((value) => shapes[value]);
    return found.every((shape) => shape !== undefined) ? found : undefined;
  };
  let unknown: UnknownShape | undefined;
  let checks = plan.checks.filter(({ module }) => module !== asked);
  for (const step of plan.steps) {
    checks = checks.filter((check) => {
      const own = known(check.inputs);
      if (own) checkComposite(check.module, own, plan.root);
      return !own;
    });
    const own = known(step.inputs);
    if (!own) continue;
    try {
      const outputs = step.operation
        ? observed(step.operation, own)
        : [shapeAfter(step.module as Module, own[0] ?? [], runs)];
      step.outputs.forEach((value, k) => {
        shapes[value] = outputs[k];
      });
    } catch (error) {
      if (!(error instanceof UnknownShape)) {
        throw located(error, step, plan.root, neighborly(error, step, plan, shapes));
      }
      unknown ??= error;
    }
  }
  return { shapes, unknown };
}

function checkComposite(module: Module, inputs: readonly Shape[], root: Module): void {
  try {
    ifKnown(() => unobserved(() => module.checkShapes(inputs)));
  } catch (error) {
    throw located(error, { module }, root);
  }
}

/** What a layer asks of its parts to say something about the whole is not a call of theirs. */
function unobserved<T>(action: () => T): T {
  const state = engine();
  const { observer } = state;
  state.observer = undefined;
  try {
    return action();
  } finally {
    state.observer = observer;
  }
}

function observed(operation: Operation, inputs: readonly Shape[]): readonly Shape[] {
  const tell = engine().observer?.(operation, inputs);
  const outputs = operation.shapes(inputs);
  tell?.(outputs[0] ?? []);
  return outputs;
}

/** The shape of a layer's output. `runs`: whether a forward follows. */
export function shapeAfter(module: Module, input: Shape, runs: boolean): Shape {
  if (runs) module.checkInput(input);
  const shape = module.outputShape(input);
  if (runs) checkSize(module.name, "an output", shape);
  return shape;
}

function takes(module: Module, input: Shape): boolean {
  try {
    unobserved(() => shapeAfter(module, input, true));
    return true;
  } catch {
    return false;
  }
}

/** An input of one's own is reported as it is, or as another one's; every other one is what the layer before gives. */
function neighborly(error: unknown, step: Step, plan: Flat, shapes: readonly (Shape | undefined)[]): unknown {
  if (!(error instanceof ShapeError)) return error;
  const { module, inputs } = step;
  const before = producersOf(plan)[inputs[0] ?? 0];
  if (!before && module && shapes.slice(0, plan.inputs).some((shape) => shape && takes(module, shape))) {
    return withCause(error, "inputs in another order");
  }
  if (!before || !error.mismatch) return error;
  const { mismatch } = error;
  const after = shapes[inputs[0] ?? 0] ?? [];
  const flattened = before.module?.name === "Flatten" ? (shapes[before.inputs[0] ?? 0] ?? []) : [];
  // A Flatten that keeps the first dimension for the batch took the channels for it.
  const isBatchless = flattened.length > 0 && mismatch.expected.startsWith(`${sizeOf(flattened)} `);
  const told = isBatchless ? { ...mismatch, cause: "a missing batch dimension, which unsqueeze(0) adds" } : mismatch;
  return neighborMismatch(told, factorsOf(flattened, after, mismatch.got));
}
