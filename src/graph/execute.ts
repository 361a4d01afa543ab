/** Runs plans: forward step by step, backward in reverse. */
import { NoRoom, noRoom } from "../kernels/wasm/memory.js";
import { epilogueKernels } from "../ops/epilogue.js";
import { addInto, merge } from "../ops/merge.js";
import { ShapeError, StateError } from "../shape/errors.js";
import { type Shape, sameShape, showShape } from "../shape/shape.js";
import { engine } from "../tensor/engine.js";
import type { Operand } from "../tensor/storage.js";
import { allocate, checkTensor, type Tensor } from "../tensor/tensor.js";
import type { Epilogue } from "./epilogue.js";
import { located } from "./located.js";
import type { How, Module, Plan, PlannedEpilogue, Step } from "./module.js";
import { wantedGradients } from "./passes.js";

/** A forward, as its backward needs to know it. */
export interface PlanRun {
  readonly plan: Plan;
  /** The number of its first step, by which layers find what they keep for their backward. */
  readonly first: number;
  /** Every value; in a forward that keeps nothing those that are left. */
  readonly values: readonly (Tensor | undefined)[];
}

type Values = (Tensor | undefined)[];

const PLAIN: How = {};

/** Runs every step on the inputs. Outputs are held in their places, the inputs are left to the caller. */
export function runForward(plan: Plan, inputs: readonly Tensor[], shapes?: readonly (Shape | undefined)[]): PlanRun {
  const state = engine();
  const { allocator, step: outer, running } = state;
  const values: Values = [...inputs];
  const first = state.steps;
  state.steps += plan.steps.length;
  for (const x of inputs) allocator?.hold?.(numbersOf(x));
  let step: Step | undefined;
  try {
    for (let i = 0; i < plan.steps.length; i++) {
      step = plan.steps[i] as Step;
      state.step = first + i;
      state.running = step.module;
      const mark = allocator?.open?.() ?? 0;
      const outputs = compute(step, values);
      allocator?.close?.(mark, outputs.map(numbersOf));
      for (let k = 0; k < outputs.length; k++) {
        const value = step.outputs[k] as number;
        const y = outputs[k] as Tensor;
        checkComputed(nameOf(step), y, shapes?.[value]);
        values[value] = y;
      }
      for (const value of step.ends) {
        allocator?.release?.(numbersOf(values[value] as Tensor));
        values[value] = undefined;
      }
    }
  } catch (error) {
    throw located(error, step, rootOf(plan, running));
  } finally {
    state.step = outer;
    state.running = running;
  }
  return { plan, first, values };
}

/** A plan inside of a layer that computes by itself: what it gives, that layer may read until its own step has ended. */
export function runNested(
  plan: Plan,
  inputs: readonly Tensor[],
): { readonly trace: PlanRun; readonly outputs: Tensor[] } {
  const trace = runForward(plan, inputs);
  const outputs = outputsOf(trace);
  const { allocator } = engine();
  for (const x of [...inputs, ...outputs]) allocator?.handOver?.(numbersOf(x));
  return { trace, outputs };
}

/** The outputs of a forward. */
export function outputsOf({ plan, values }: PlanRun): Tensor[] {
  return plan.outputs.map((value) => values[value] as Tensor);
}

function compute(step: Step, values: Values): readonly Tensor[] {
  const { module, operation, epilogue, parts } = step;
  try {
    if (operation) {
      const inputs = step.inputs.map((value) => values[value] as Tensor);
      if (step.isDone) return inputs;
      if (epilogue && operation.forwardRectified) return operation.forwardRectified(inputs);
      return operation.forward(inputs, step.overwrites === true);
    }
    const x = values[step.inputs[0] as number] as Tensor;
    const layer = module as Module;
    const { isDone = false, overwrites = false } = step;
    if (!epilogue) return [layer.run(x, isDone || overwrites ? { isDone, overwrites } : PLAIN)];
    const resolved = resolve(epilogue, layer, x, values);
    return resolved ? [layer.run(x, { epilogue: resolved })] : oneByOne(parts ?? [], values);
  } catch (error) {
    // Of the parts of a step, the one that threw.
    throw located(explained(nameOf(step), error), step, undefined);
  }
}

/** The epilogue's numbers; undefined where a sum broadcasts, which no epilogue does. */
function resolve({ norm, sum, inPlace, activation }: PlannedEpilogue, layer: Module, x: Tensor, values: Values) {
  const shape = norm || sum !== undefined ? layer.outputShape(x.shape) : [];
  const added = sum === undefined ? undefined : (values[sum] as Tensor);
  if (added && !sameShape(added.shape, shape)) return undefined;
  const epilogue: Epilogue = {
    ...(norm?.traits.norm && { norm: norm.traits.norm(shape) }),
    ...(added && { sum: added, inPlace: inPlace === true }),
    ...(activation && { activation }),
    kernels: epilogueKernels,
  };
  return epilogue;
}

/** The steps that one stands for; what lies between them is free when the last one has run. */
function oneByOne(parts: readonly Step[], values: Values): readonly Tensor[] {
  const between = [...values];
  let outputs: readonly Tensor[] = [];
  for (const part of parts) {
    outputs = compute(part, between);
    part.outputs.forEach((value, k) => {
      between[value] = outputs[k];
    });
  }
  return outputs;
}

/**
 * The gradients of the inputs, and of the parameters, to which they are added. An output without a gradient counts as
 * zero; nothing is computed that no parameter and no input asks for.
 */
export function runBackward(
  { plan, first, values }: PlanRun,
  dys: readonly (Tensor | undefined)[],
  inputGradient: boolean,
): readonly (Tensor | undefined)[] {
  const state = engine();
  const { allocator, step: outer, running } = state;
  const needs = wantedGradients(plan, inputGradient);
  const gradients = new Gradients();
  plan.outputs.forEach((value, i) => {
    const dy = dys[i];
    if (dy && needs[value]) gradients.add(value, dy);
  });
  let step: Step | undefined;
  try {
    for (let i = plan.steps.length - 1; i >= 0; i--) {
      step = plan.steps[i] as Step;
      const own = step.outputs.map((value) => gradients.of(value));
      if (own.every((dy) => dy === undefined)) continue;
      state.step = first + i;
      state.running = step.module;
      const mark = allocator?.open?.() ?? 0;
      const dxs = backward(step, own, values, needs);
      allocator?.close?.(mark, dxs.filter((dx) => dx !== undefined).map(numbersOf));
      // A value that is read twice gets the gradient of its last reading first.
      for (let k = dxs.length - 1; k >= 0; k--) {
        const dx = dxs[k];
        const value = step.inputs[k] as number;
        // An operation may give more than was asked for.
        if (dx && needs[value]) gradients.addHeld(value, dx);
        else if (dx) allocator?.release?.(numbersOf(dx));
      }
      for (const value of step.outputs) gradients.drop(value);
    }
  } catch (error) {
    throw located(error, step, rootOf(plan, running));
  } finally {
    state.step = outer;
    state.running = running;
  }
  return Array.from({ length: plan.inputs }, (_, value) => {
    const dx = gradients.of(value);
    const x = values[value] as Tensor;
    return dx ?? (inputGradient ? allocate(x.shape, x.dtype) : undefined);
  });
}

function backward(
  step: Step,
  dys: readonly (Tensor | undefined)[],
  values: PlanRun["values"],
  needs: readonly boolean[],
) {
  const { module, operation, inputs } = step;
  try {
    if (operation) {
      const wanted = inputs.map((value) => needs[value] === true);
      const outputs = step.outputs.map((value) => values[value] as Tensor);
      return operation.backward(
        dys,
        inputs.map((value) => values[value] as Tensor),
        wanted,
        outputs,
      );
    }
    const isWanted = needs[inputs[0] as number] === true;
    const dx = (module as Module).runBackward(dys[0] as Tensor, isWanted);
    if (!isWanted) return [undefined];
    const { shape } = values[inputs[0] as number] as Tensor;
    return [checkedGradient(nameOf(step), dx, shape)];
  } catch (error) {
    throw explained(nameOf(step), error);
  }
}

/** @throws StateError unless a layer computed what its rule said, as far as it did. */
export function checkComputed(name: string, { shape }: Tensor, expected: Shape | undefined): void {
  if (!expected || sameShape(expected, shape)) return;
  throw new StateError(
    `${name} computed a tensor of shape ${showShape(shape)}, but its inferShape says ${showShape(expected)}.`,
  );
}

/** @throws ShapeError unless these are the gradients of outputs of these shapes. */
export function checkGradients(name: string, dys: readonly (Tensor | undefined)[], outputs: readonly Shape[]): void {
  dys.forEach((dy, i) => {
    const output = outputs[i] ?? [];
    if (!dy || sameShape(dy.shape, output)) return;
    throw new ShapeError(
      `${name}.backward expects the gradient of its output ${showShape(output)}, but got ${showShape(dy.shape)}. Usual cause: a loss of something else than what forward returned, or backwards that are not in reverse.`,
    );
  });
}

/** @throws ArgumentError, ShapeError unless `computeBackward` returned the gradient of an input of this shape. */
export function checkedGradient(name: string, dx: Tensor | undefined, input: Shape): Tensor {
  const who = `${name}.backward`;
  checkTensor(who, dx, "computeBackward to return a Tensor");
  if (!sameShape(dx.shape, input)) {
    throw new ShapeError(
      `${who} expects computeBackward to return the gradient of its input ${showShape(input)}, but got ${showShape(dx.shape)}. Usual cause: a returned dy, or dimensions that were reduced or swapped.`,
    );
  }
  return dx;
}

/** The gradients of a plan's values while its backward runs. Several of one value are added, in place from the third on. */
class Gradients {
  readonly #gradients: Values = [];
  /** Whether a value's gradient is a sum, in memory of its own: an operation may give one array to all of its inputs. */
  readonly #isSum: boolean[] = [];

  of(value: number): Tensor | undefined {
    return this.#gradients[value];
  }

  add(value: number, dy: Tensor): void {
    engine().allocator?.hold?.(numbersOf(dy));
    this.addHeld(value, dy);
  }

  /** Adds a gradient that is held already. */
  addHeld(value: number, dy: Tensor): void {
    const { allocator } = engine();
    const before = this.#gradients[value];
    if (!before) {
      this.#gradients[value] = dy;
      return;
    }
    if (this.#isSum[value]) addInto(before, dy);
    else {
      const mark = allocator?.open?.() ?? 0;
      const sum = merge(before, dy);
      allocator?.close?.(mark, [numbersOf(sum)]);
      this.#gradients[value] = sum;
      this.#isSum[value] = true;
      allocator?.release?.(numbersOf(before));
    }
    allocator?.release?.(numbersOf(dy));
  }

  drop(value: number): void {
    const gradient = this.#gradients[value];
    if (gradient) engine().allocator?.release?.(numbersOf(gradient));
    this.#gradients[value] = undefined;
  }
}

/** The network whose layers errors name: inside of a layer that computes by itself, one around this plan has the keys. */
function rootOf({ root }: Plan, running: object | undefined): Module | undefined {
  return running ? undefined : root;
}

function nameOf({ module, operation }: Step): string {
  return module?.name ?? operation?.name ?? "";
}

function numbersOf(x: Tensor): Operand {
  return x.operand(x.size);
}

/** An error of a kernel, which does not know whose it is. */
export function explained(name: string, error: unknown): unknown {
  return error instanceof NoRoom ? new StateError(noRoom(name, error.bytes)) : error;
}
