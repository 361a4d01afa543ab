/**
 * The one abstraction of the library: a layer owns its parameters, their gradients, and what its backward needs.
 * There is no autograd tape: every backward is written by hand beside its forward.
 */

import { Arena, within } from "../kernels/residency.js";
import { NoRoom, noRoom } from "../kernels/wasm/memory.js";
import { checkSize, isPlainObject, readOptions, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import { checkShape } from "../shape/reshape.js";
import type { OutputOf, Refusal, RULE, ShapeRule } from "../shape/rule.js";
import { type Shape, sameShape, showShape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { engine } from "../tensor/engine.js";
import { allocate, allocateUnset, type DType, Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { Parameter, StateBuffer } from "./parameter.js";

export interface BackwardOptions {
  /** Whether to compute the gradient of the input. Default true; false saves the first layer's half of the work. */
  readonly inputGradient?: boolean;
}

/** A layer's parameters and buffers by torch's key names: `"0.weight"`, `"layer1.0.bn1.running_mean"`. */
export type StateDict = Record<string, Tensor>;

/**
 * Base class of every layer. A layer of your own extends it, keeps its child layers and {@link Parameter}s in
 * public fields (that is how `parameters()` and `stateDict()` find them), and implements `compute` and `computeBackward`.
 *
 * @typeParam Rule what the compiler knows about shapes: nothing unless said, see docs/typed-shapes.md
 * @example
 * class Net extends Layer {
 *   conv = new Conv2d(1, 8, 3); act = new ReLU();
 *   protected compute(x: Tensor) { return this.act.forward(this.conv.forward(x)); }
 *   protected computeBackward(dy: Tensor) { return this.conv.backward(this.act.backward(dy)); }
 * }
 */
export abstract class Layer<Rule extends ShapeRule = ShapeRule> {
  /** The layer's shape rule, for the compiler. */
  declare readonly [RULE]: Rule;

  /** True in train mode (the default): dropout drops, batch norm uses the batch's statistics. Set by `train()`/`eval()`. */
  training = true;

  /** Whether `freeze()` keeps it from learning. */
  #frozen = false;

  /** The class's name, as messages and summaries show it. Written out by the library's layers: bundlers rename classes. */
  readonly name: string = this.constructor.name;

  /** Output shapes of the calls that wait for their backward. */
  readonly #calls = new Cache<Shape>();
  /** Of an outermost eval-mode forward: its backward runs the forward again, so that inference keeps nothing. */
  #replay: { readonly x: Tensor; readonly output: Shape } | undefined;
  /** Where the results of this layer's forward and backward lie until its next ones. */
  #forwardArena: Arena | undefined;
  #backwardArena: Arena | undefined;
  /** Children that were found to be among their parent's fields. */
  #adopted: WeakSet<Layer> | undefined;

  /**
   * The layer's output for `x`. What it returns to your own call is a fresh tensor that shares memory with nothing.
   * @throws ShapeError when the shape of `x` does not fit; nothing has changed then.
   */
  forward<X extends Tensor>(x: X & Refusal<Rule, X["shape"]>): Tensor<OutputOf<Rule, X["shape"]>> {
    checkTensor(`${this.name}.forward`, x);
    const state = engine();
    return (state.depth === 0 ? this.#outermost(x) : this.#call(x)) as Tensor<OutputOf<Rule, X["shape"]>>;
  }

  /**
   * Adds to the gradients of all parameters and returns the gradient of the input. `dy` is the loss's gradient of what
   * the last `forward` returned; each backward uses up one forward.
   * @throws StateError when no forward waits for its backward, or when a child has run outside of this layer since;
   *   ShapeError when `dy` has another shape than the output.
   */
  backward(dy: Tensor, options?: { readonly inputGradient?: true }): Tensor;
  backward(dy: Tensor, options: BackwardOptions): Tensor | undefined;
  backward(dy: Tensor, options: BackwardOptions = {}): Tensor | undefined {
    const who = `${this.name}.backward`;
    checkTensor(who, dy);
    const { inputGradient } = readOptions(who, options, { inputGradient: true });
    const state = engine();
    const outermost = state.depth === 0;
    const replay = outermost ? this.#replay : undefined;
    const expected = replay ? replay.output : this.#calls.peek(this.name);
    if (!sameShape(dy.shape, expected)) {
      throw new ShapeError(
        `${this.name}.backward expects the gradient of its output ${showShape(expected)}, but got ${showShape(dy.shape)}. Usual cause: the loss was given something else than what forward returned.`,
      );
    }
    if (replay) {
      this.#replay = undefined;
      // Whatever the modes are by now: the gradient is that of the forward, and a second forward must change nothing.
      this.#inEval(() => this.#run(replay.x, true));
    }
    if (outermost) state.backwardRun = this.#calls.run;
    this.#calls.pop(this.name);
    state.depth++;
    this.#backwardArena ??= new Arena();
    try {
      const dx = within(this.#backwardArena, state.backwardRun, () => this.computeBackward(dy, inputGradient));
      if (!inputGradient) return undefined;
      if (!dx)
        throw new StateError(
          `${this.name}.computeBackward returned no gradient of the input, though it was asked for one.`,
        );
      return outermost ? dx.clone() : dx;
    } catch (error) {
      throw this.#told(error);
    } finally {
      state.depth--;
    }
  }

  /** The layer's work: reads `x`, keeps what backward needs in a {@link Cache}, returns the output. Never writes to `x`. */
  protected abstract compute(x: Tensor): Tensor;

  /**
   * The adjoint of {@link compute}: adds to `parameter.grad`, returns the gradient of the input
   * (which may be left out when `inputGradient` is false). Never writes to `dy`.
   */
  protected abstract computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined;

  /**
   * The shape of the output for an input of this shape; the rule that the compiler knows too.
   * @throws ShapeError when the input does not fit, with the sentence that `forward` would throw.
   */
  outputShape(inputShape: Shape): number[] {
    checkShape(`${this.name}.outputShape`, inputShape);
    const output = this.inferShape(inputShape);
    checkSize(this.name, "an output", output);
    engine().observer?.(this, inputShape, output);
    return output;
  }

  /** The shape rule. A layer of your own may leave it out: it is then found by running `compute` on zeros, in eval mode. */
  protected inferShape(inputShape: Shape): number[] {
    const state = engine();
    const { depth, caching, trial } = state;
    const parent = running;
    state.depth++;
    state.caching = false;
    state.trial = true;
    running = this.#untyped;
    try {
      const x = allocate(inputShape, this.parameters()[0]?.value.dtype ?? "float32");
      return [...this.#inEval(() => this.compute(x)).shape];
    } finally {
      running = parent;
      state.depth = depth;
      state.caching = caching;
      state.trial = trial;
    }
  }

  /** Multiply-adds of one forward of an input of this shape, children not included. 0 where nothing is multiplied. */
  multiplyAdds(_inputShape: Shape): number {
    return 0;
  }

  /** Child layers and their keys, in the order of the fields: `[["conv1", Conv2d], …]`. */
  children(): [key: string, child: Layer][] {
    const found: [string, Layer][] = [];
    for (const key of Object.keys(this)) {
      const field = (this as Readonly<Record<string, unknown>>)[key];
      if (field instanceof Layer) found.push([key, field]);
      else if (Array.isArray(field)) {
        field.forEach((entry, i) => {
          if (entry instanceof Layer) found.push([`${key}.${i}`, entry]);
        });
      }
    }
    return found;
  }

  /** The layers that this one may run: its children; a `Composite` has what puts them together as well. */
  protected parts(): Layer[] {
    return this.children().map(([, child]) => child);
  }

  /** Every parameter of this layer and its children, each once. */
  parameters(): Parameter[] {
    return [...new Set(this.namedParameters().map(([, parameter]) => parameter))];
  }

  /** Every parameter with its full key: `[["0.weight", Parameter], …]`. */
  namedParameters(): [key: string, parameter: Parameter][] {
    return this.#named().filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
  }

  /** Copies of all parameters and buffers by torch's key names. */
  stateDict(): StateDict {
    return Object.fromEntries(this.#named().map(([key, { value }]) => [key, value.clone()]));
  }

  /**
   * Copies the tensors of `state` into this layer's parameters and buffers. All keys and shapes are checked first:
   * a call that throws has changed nothing.
   * @param options.strict whether missing and unknown keys are errors. Default true.
   * @throws StateError that lists missing and unexpected keys, ShapeError for the first wrong shape.
   */
  loadStateDict(state: StateDict, options: { readonly strict?: boolean } = {}): void {
    const who = `${this.name}.loadStateDict`;
    const { strict } = readOptions(who, options, { strict: true });
    if (!isPlainObject(state)) refuse(who, "its state", "an object of tensors by their keys", state, "a missing await");
    const own = new Map(this.#named());
    const missing = [...own.keys()].filter((key) => !Object.hasOwn(state, key));
    const unexpected = Object.keys(state).filter((key) => !own.has(key));
    if (strict && (missing.length > 0 || unexpected.length > 0)) {
      const lists = [
        missing.length > 0 ? `missing: ${missing.join(", ")}` : "",
        unexpected.length > 0 ? `unexpected: ${unexpected.join(", ")}` : "",
      ].filter((list) => list !== "");
      throw new StateError(
        `${this.name}.loadStateDict expects exactly the keys of this model, but got ${lists.join("; ")}. Usual cause: the file belongs to another architecture, or its keys carry a prefix such as "module.".`,
      );
    }
    const entries = [...own].filter(([key]) => Object.hasOwn(state, key));
    for (const [key, { value }] of entries) {
      const got = state[key]?.shape ?? [];
      if (!sameShape(value.shape, got)) {
        throw new ShapeError(
          `${this.name}.loadStateDict expects ${key} to have the shape ${showShape(value.shape)}, but got ${showShape(got)}. Usual cause: another number of classes or channels than the saved model's.`,
        );
      }
    }
    for (const [key, { value }] of entries) {
      const saved = state[key];
      if (saved) value.view().set(saved.view());
    }
  }

  /** Sets every gradient to zero. Optimisers add nothing of their own: call it before each backward. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /** Puts this layer and its children in train mode, the frozen ones among them excepted. */
  train(): this {
    return this.#setTraining(true);
  }

  /** Puts this layer and its children in eval mode: dropout passes through, batch norm uses its running statistics. */
  eval(): this {
    return this.#setTraining(false);
  }

  /**
   * Stops this layer and its children from learning, as transfer learning wants it of all but a network's head: their
   * parameters get `requiresGrad` false, and they stay in eval mode whatever is put in train mode around them. So batch
   * norm's running statistics stand still, dropout passes through, and the layers compute the same at training and at
   * inference. (In torch, `requires_grad_(False)` alone leaves batch norm following the new data.)
   *
   * A `Sequential` whose first layers are frozen does no backward work for them; elsewhere a frozen layer still passes
   * on the gradient of its input.
   * @example
   * model.layers[0].freeze();
   * await fit(model, loader, { loss, optimizer: new Adam(model.parameters()) }); // changes the rest alone
   */
  freeze(): this {
    return this.#setFrozen(true);
  }

  /** Takes `freeze()` back: every parameter of this layer and its children learns, and they follow the next `train()`. */
  unfreeze(): this {
    return this.#setFrozen(false);
  }

  /** Converts all parameters and buffers to this precision; gradients are dropped. */
  to(dtype: DType): this {
    for (const [, tensor] of this.#named()) tensor.to(dtype);
    return this;
  }

  /** This layer and every layer below it, each once, parents first. */
  descendants(): Layer[] {
    const all = new Set<Layer>();
    const visit = (layer: Layer) => {
      if (all.has(layer)) return;
      all.add(layer);
      for (const part of layer.parts()) visit(part);
    };
    visit(this.#untyped);
    return [...all];
  }

  /** Runs `action` with this layer and its children in eval mode, and puts their modes back. */
  #inEval<T>(action: () => T): T {
    const modes = this.descendants().map((layer) => [layer, layer.training] as const);
    this.eval();
    try {
      return action();
    } finally {
      for (const [layer, training] of modes) layer.training = training;
    }
  }

  #setTraining(training: boolean): this {
    for (const layer of this.descendants()) layer.training = training && !layer.#frozen;
    return this;
  }

  #setFrozen(frozen: boolean): this {
    for (const layer of this.descendants()) {
      layer.#frozen = frozen;
      if (frozen) layer.training = false;
    }
    for (const parameter of this.parameters()) parameter.requiresGrad = !frozen;
    return this;
  }

  #named(prefix = ""): [string, Parameter | StateBuffer][] {
    const named: [string, Parameter | StateBuffer][] = [];
    for (const field of Object.values(this)) {
      if (field instanceof Parameter || field instanceof StateBuffer) named.push([prefix + field.name, field]);
    }
    for (const [key, child] of this.children()) named.push(...child.#named(`${prefix}${key}.`));
    return named;
  }

  /** A user's own call: check first, so that a failed call changes nothing; keep a copy of x; hand out a copy of y. */
  #outermost(x: Tensor): Tensor {
    const shape = this.inferShape === Layer.prototype.inferShape ? undefined : this.outputShape(x.shape);
    // A child in train mode inside a model in eval mode (a dropout that samples) would not give the same output again.
    const caching = this.descendants().some((layer) => layer.training);
    const y = this.#run(x, caching);
    this.#replay = caching ? undefined : { x: x.clone(), output: y.shape };
    if (shape && !sameShape(shape, y.shape)) {
      throw new StateError(
        `${this.name} computed a tensor of shape ${showShape(y.shape)}, but its inferShape says ${showShape(shape)}.`,
      );
    }
    return y.clone();
  }

  #run(x: Tensor, caching: boolean): Tensor {
    const state = engine();
    state.run++;
    state.depth++;
    state.caching = caching;
    const parent = running;
    running = undefined;
    try {
      return this.#call(this.#taken(x));
    } finally {
      running = parent;
      state.caching = false;
      state.depth--;
    }
  }

  /** A copy of the caller's tensor that lives as long as the run: what the caller does to its own later changes nothing. */
  #taken(x: Tensor): Tensor {
    return within(this.#arena(), engine().run, () => {
      const copy = allocateUnset(x.shape, x.dtype);
      copy.view().set(x.view());
      return copy;
    });
  }

  #arena(): Arena {
    this.#forwardArena ??= new Arena();
    return this.#forwardArena;
  }

  /** This layer as one whose shape rule is not known: generic code cannot show that its own rule is one. */
  get #untyped(): Layer {
    return this as unknown as Layer;
  }

  /** One call inside a run. */
  #call(x: Tensor): Tensor {
    const parent = running;
    if (parent) parent.#adopt(this.#untyped);
    running = this;
    try {
      const y = within(this.#arena(), engine().run, () => this.compute(x));
      this.#calls.push(y.shape);
      engine().observer?.(this, x.shape, y.shape);
      return y;
    } catch (error) {
      throw this.#told(error);
    } finally {
      running = parent;
    }
  }

  /** An error of a kernel, which does not know whose it is. */
  #told(error: unknown): unknown {
    return error instanceof NoRoom ? new StateError(noRoom(this.name, error.bytes)) : error;
  }

  /** Refuses a child that is in none of its parent's fields: its weights would neither train nor be saved. */
  #adopt(child: Layer): void {
    this.#adopted ??= new WeakSet();
    if (this.#adopted.has(child)) return;
    if (!this.parts().includes(child)) {
      throw new StateError(
        `${this.name} ran a ${child.name} that is in none of its fields, so its weights would neither train nor be saved. Usual cause: a layer kept in a #private field, a Map or a local variable; keep it in a public field or an array field.`,
      );
    }
    this.#adopted.add(child);
  }
}

/** The layer whose `compute` is running, so that it can be asked whether it knows the child that it calls. */
let running: Layer | undefined;

function checkTensor(who: string, value: unknown): void {
  if (value instanceof Tensor) return;
  throw new ArgumentError(
    `${who} expects a Tensor, but got ${Array.isArray(value) ? "an array" : show(value)}. Usual cause: a plain array: wrap it with tensor(data, shape).`,
  );
}
