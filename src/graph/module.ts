/** What a composed network is: calls of layers and operations, and the values that flow between them. */
import type { Pool } from "../kernels/residency.js";
import type { Shape } from "../shape/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Epilogue, FrozenNorm, PiecewiseLinear } from "./epilogue.js";

/** A function of tensors that is not a layer: it has no state, and its backward stands beside it in ops/. */
export interface Operation {
  /** As messages and pictures of a network call it: `"mul"`. */
  readonly name: string;
  /** The shapes of its outputs. @throws ShapeError for inputs that do not fit. */
  shapes(inputs: readonly Shape[]): readonly Shape[];
  /** @param overwrites whether the output may take the place of the first input */
  forward(inputs: readonly Tensor[], overwrites: boolean): readonly Tensor[];
  /**
   * The gradients of those inputs that are wanted, from those of the outputs; the gradient of an output that nobody asked
   * about is undefined, but not all of them are.
   */
  backward(
    dys: readonly (Tensor | undefined)[],
    inputs: readonly Tensor[],
    wanted: readonly boolean[],
    outputs: readonly Tensor[],
  ): readonly (Tensor | undefined)[];
  /** Whether an output may be a view of an input. */
  readonly isView?: boolean;
  /** Whether it is the sum of its two inputs, where their shapes are equal. */
  readonly isSum?: boolean;
  /** The activation that it is in an epilogue. */
  readonly activation?: PiecewiseLinear;
  /** Whether its output may take its first input's place. */
  readonly overwrites?: boolean;
  /** The sum with negative numbers set to 0. */
  forwardRectified?(inputs: readonly Tensor[]): readonly Tensor[];
  /** What it adds to a gradient of: a learned operand. */
  readonly parameter?: { readonly requiresGrad: boolean };
  /** Multiply-adds of one forward. */
  multiplyAdds?(inputs: readonly Shape[]): number;
}

/** What a pass over a plan may do with a layer whose class's own `compute` runs. */
export interface Traits {
  /** What may follow its results before they are stored: everything that an epilogue holds, or a ReLU. */
  readonly epilogue?: "any" | "relu";
  /** The norm that it is in an epilogue, for results of a shape. @throws ShapeError where that does not fit. */
  readonly norm?: (shape: Shape) => FrozenNorm;
  /** The activation that it is in an epilogue. */
  readonly activation?: PiecewiseLinear;
  /** Whether its output may take its input's place. */
  readonly overwrites?: boolean;
  /** Whether its output is a tensor of its own, that it does not read again unless it keeps it whole. */
  readonly isFresh?: boolean;
  /** Whether it gives maxima of its input and no more: a ReLU may as well come after it. */
  readonly givesMaxima?: boolean;
}

/** A layer, as graphs and plans see it. */
export interface Module {
  readonly name: string;
  training: boolean;
  readonly ownSelf: this;
  ownLayers(): readonly (readonly [string, Module])[];
  parameters(): readonly { readonly requiresGrad: boolean }[];
  modules(): Module[];
  namedModules(): (readonly [key: string, layer: Module])[];
  states(): Iterable<{ readonly value: Tensor }>;
  /** Outputs in the form in which `compose` returned them, for this many inputs. */
  assemble<T>(outputs: readonly T[], inputs: number): unknown;
  outputShape(inputShape: Shape): number[];
  readonly traits: Traits;
  /** The graph that it composes for this many inputs; undefined for a layer that computes by itself. */
  composed(inputs: number): Composition | undefined;
  /** What its outermost calls run, for this many inputs. */
  program(inputs: number): Program;
  /** Whether a composite has something of its own to say about the shapes of its inputs. */
  readonly checksShapes: boolean;
  /** Says it. @throws ShapeError */
  checkShapes(inputs: readonly Shape[]): void;
  /** Refuses an input that its next forward cannot take, whatever `outputShape` says of its shape. */
  checkInput(inputShape: Shape): void;
  run(x: Tensor, how: How): Tensor;
  runBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined;
}

/** What a plan asks of a layer besides its output. */
export interface How {
  /** What happens to results before they are stored. */
  readonly epilogue?: Epilogue;
  /** The output may take the input's place. */
  readonly overwrites?: boolean;
  /** The step before has done it already: the input is the output. */
  readonly isDone?: boolean;
}

/** One call of a layer or an operation. Values are numbered: the inputs of the graph first. */
export interface Node {
  readonly module?: Module;
  readonly operation?: Operation;
  /** Of an operation in a plan: the composite whose `compose` calls it. */
  readonly owner?: Module;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * What an outermost call of a layer runs: the layer itself, or the plan of what it is composed of. The layer brings it, so
 * that a program of layers that are not composed holds no plans.
 */
export interface Program {
  /** Whether a layer that it calls is in train mode. */
  trains(): boolean;
  /** Memory whose places are free after their last reader; one step by itself has none of these. */
  newPool?(): Pool;
  /** Whether it is still what the layer runs for this many inputs: fields may have been exchanged. */
  isCurrent(inputs: number): boolean;
  /** The shapes of its values, undefined where only a run can tell. @throws ShapeError for inputs that do not fit. */
  shapes(inputs: readonly Shape[]): readonly (Shape | undefined)[];
  /** @param keeps whether a backward follows */
  forward(inputs: readonly Tensor[], keeps: boolean, shapes?: readonly (Shape | undefined)[]): Trace;
}

/** A forward that has run. */
export interface Trace {
  readonly outputs: readonly Tensor[];
  /** The gradients of the inputs, and of the parameters, to which they are added. */
  backward(dys: readonly (Tensor | undefined)[], inputGradient: boolean): readonly (Tensor | undefined)[];
}

/** What `compose` recorded. */
export interface Composition {
  readonly inputs: number;
  readonly calls: readonly Node[];
  /** How many values there are. */
  readonly values: number;
  readonly outputs: readonly number[];
  /** The outputs' names, where `compose` returned an object. */
  readonly names: readonly string[] | undefined;
  /** Whether `compose` returned a list. */
  readonly isList: boolean;
}

/** One step: a call, and what passes say of it. */
export interface Step extends Node {
  /** What its results go through before they are stored. */
  readonly epilogue?: PlannedEpilogue;
  /** The steps that it stands for; they run one by one where a sum's shapes turn out to broadcast. */
  readonly parts?: readonly Step[];
  /** Its work was done by the step before. */
  readonly isDone?: boolean;
  /** Its output may take the place of its first input. */
  readonly overwrites?: boolean;
  /** Values that nobody reads any more when it has run. */
  readonly ends: readonly number[];
}

/** An epilogue before anything runs: the values and layers that it comes from. */
export interface PlannedEpilogue {
  readonly norm?: Module;
  /** The value that is added, and whether the result may take its place. */
  readonly sum?: number;
  readonly inPlace?: boolean;
  readonly activation?: PiecewiseLinear;
}

/**
 * What runs: a network with all composites in it inlined, as a flat list of steps. Passes over the list make it faster
 * or smaller; the list without any pass is the specification that they are held to.
 */
export interface Plan {
  /** The network. */
  readonly root: Module;
  readonly inputs: number;
  readonly steps: readonly Step[];
  /** How many values there are. */
  readonly values: number;
  readonly outputs: readonly number[];
}
