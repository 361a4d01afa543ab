/**
 * The one abstraction of the library: a layer owns its parameters, their gradients, and what its backward needs.
 * There is no autograd tape: every backward is written by hand beside its forward.
 */

import { Branded, kindOf, refuseForeign } from "../shape/brand.js";
import { isList, isPlainObject, NO_RECORD, readOptions, refuse } from "../shape/check.js";
import { ArgumentError, ShapeError, StateError } from "../shape/errors.js";
import { checkExtents } from "../shape/reshape.js";
import type { Refusal, RULE, ShapeRule } from "../shape/rule.js";
import { type Shape, sameShape, showShape } from "../shape/shape.js";
import { listed, show } from "../shape/show.js";
import { engine } from "../tensor/engine.js";
import { checkTensor, type DType, type Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import type {
  InputGradients,
  MoreTensors,
  MoreValues,
  OutputGradients,
  OutputTensors,
  OutputValues,
  Taken,
} from "./call.js";
import { checkedGradient, checkGradients, explained } from "./execute.js";
import { leafProgram } from "./leaf.js";
import type { Composition, How, Module, Program, Traits } from "./module.js";
import { Parameter, State, type StateBuffer } from "./parameter.js";
import { severalInputs } from "./plan.js";
import type { BareValue } from "./recording.js";
import { MAX_WAITING, Runs } from "./runs.js";
import { UnknownShape } from "./shapes.js";
import type { Value } from "./value.js";

/** Options of `Layer.backward`. */
export interface BackwardOptions {
  /** Whether to compute the gradient of the input. Default true; false saves the first layer's half of the work. */
  readonly inputGradient?: boolean;
}

/** Options of `Layer.loadStateDict`. */
export interface LoadStateDictOptions {
  /** Whether missing and unknown keys are errors. Default true. */
  readonly strict?: boolean;
}

/** A layer's parameters and buffers by torch's key names: `"0.weight"`, `"layer1.0.bn1.running_mean"`. */
export type StateDict = Record<string, Tensor>;

/** Nothing to read: layers call each other's backward without options. */
const NO_OPTIONS: BackwardOptions = {};

const NO_TRAITS: Traits = {};

/**
 * Base class of every layer. A layer of your own extends it, keeps its child layers and {@link Parameter}s in
 * public fields, or in arrays and plain objects there (that is how `parameters()` and `stateDict()` find them and what
 * names them: `weight`, `blocks.0.weight`), and implements `compute` and `computeBackward`.
 *
 * @typeParam Rule what the compiler knows about shapes: nothing unless said, see docs/typed-shapes.md
 * @example
 * class Net extends Layer {
 *   conv = new Conv2d(1, 8, 3); act = new ReLU();
 *   protected compute(x: Tensor) { return this.act.forward(this.conv.forward(x)); }
 *   protected computeBackward(dy: Tensor) { return this.conv.backward(this.act.backward(dy)); }
 * }
 */
export abstract class Layer<Rule extends ShapeRule = ShapeRule> extends Branded {
  /** The layer's shape rule, for the compiler. */
  declare readonly [RULE]: Rule;

  #training = true;

  /** True in train mode (the default): dropout drops, batch norm uses the batch's statistics. Set by `train()`/`eval()`. */
  get training(): boolean {
    return this.ownSelf.#training;
  }

  set training(training: boolean) {
    this.ownSelf.#training = training;
  }

  /** Whether `freeze()` keeps it from learning. */
  #frozen = false;

  /** The class's name, as messages and summaries show it. Written out by the library's layers: bundlers rename classes. */
  readonly name: string = this.constructor.name.replace(/^_/, "");

  /** Shapes of the inputs and outputs of the calls by a layer of one's own that wait for their backward. */
  readonly #calls = new Cache<{ readonly xs: readonly Shape[]; readonly ys: readonly Shape[] }>();
  /** How often a layer of one's own has called it: whether a `forward` that a class overrides calls this one. */
  #entries = 0;
  /** Whether its own forward or backward is the outermost one that runs. */
  #isOutermost = false;
  /** What this layer's outermost forwards keep. */
  #runs: Runs | undefined;
  /** Children that were found to be among their parent's fields. */
  #adopted: WeakSet<Layer> | undefined;

  /**
   * The layer's output for `x`. What it returns to your own call is a fresh tensor that shares memory with nothing.
   * @throws ShapeError when the shape of `x` does not fit. Nothing has changed then, except running statistics of layers
   *   before one whose output's shape only its run can tell (one of your own without `inferShape`).
   */
  forward<X extends Tensor, const More extends MoreTensors<Rule>>(
    x: X & Refusal<Rule, X["shape"]>,
    ...more: Taken<Rule, Tensor, X["shape"], More>
  ): OutputTensors<Rule, X["shape"], More> {
    const xs: readonly Tensor[] = [x, ...(more as readonly Tensor[])];
    for (const each of xs) checkTensor(`${this.name}.forward`, each);
    const { ownSelf: own } = this;
    if (engine().depth > 0) return own.#call(xs) as OutputTensors<Rule, X["shape"], More>;
    const outputs = own.#asOutermost((runs) => runs.forward(own.#module, xs, own.#claim()));
    return own.assemble(outputs, xs.length) as OutputTensors<Rule, X["shape"], More>;
  }

  /**
   * What the layer gives for a value, while a network is composed; with several inputs or outputs as `forward` has them.
   *
   *     const difference = this.body.of(a).sub(this.body.of(b));
   */
  of<X extends Value, const More extends MoreValues<Rule>>(
    value: X & Refusal<Rule, X["~shape"]>,
    ...more: Taken<Rule, Value, X["~shape"], More>
  ): OutputValues<Rule, X["~shape"], More> {
    const values: readonly unknown[] = [value, ...more];
    if (!values.every(isValue)) {
      const other = show(values.find((each) => !isValue(each)));
      throw new ArgumentError(
        `${this.name}.of expects values of the network that is being composed, but got ${other}. Usual cause: a tensor, which forward takes, or a missing argument.`,
      );
    }
    return values[0]?.record(this.#module, values) as OutputValues<Rule, X["~shape"], More>;
  }

  /**
   * Adds to the gradients of all parameters and returns the gradient of the input. `dy` is the loss's gradient of what
   * `forward` returned; each backward uses up one forward.
   *
   * Several forwards may wait for their backwards (siamese networks, a discriminator of real and generated images). A
   * `dy` from a loss of the library, or from the backward of a layer that the output was given to, belongs to that
   * output, whatever the order, also when it was scaled or computed from the output element by element. Any other `dy`
   * belongs to the last forward that waits: call the backwards in reverse. The last 4 forwards in train mode wait, until
   * the first one that follows a backward; in eval mode the last one does, and runs again.
   * @throws StateError when no forward waits for its backward; ShapeError when `dy` has another shape than the output.
   */
  backward(
    dy: OutputGradients<Rule>,
    options?: BackwardOptions & { readonly inputGradient?: true },
  ): InputGradients<Rule>;
  backward(dy: OutputGradients<Rule>, options: BackwardOptions): InputGradients<Rule> | undefined;
  backward(dy: unknown, options: BackwardOptions = NO_OPTIONS): unknown {
    const { ownSelf: own } = this;
    const who = `${this.name}.backward`;
    const dys = own.gradients(who, dy);
    const inputGradient = options === NO_OPTIONS || readOptions(who, options, { inputGradient: true }).inputGradient;
    let dxs: readonly (Tensor | undefined)[];
    if (engine().depth > 0) dxs = own.#callBackward(dys, inputGradient);
    else {
      dxs = own.#asOutermost((runs) =>
        runs.backward(own.#module, dys, inputGradient, own.#claim(), () => own.#refuseBackward()),
      );
    }
    if (!inputGradient) return undefined;
    return dxs.length > 1 ? dxs : dxs[0];
  }

  #asOutermost<T>(action: (runs: Runs) => T): T {
    this.#runs ??= new Runs();
    this.#isOutermost = true;
    try {
      return action(this.#runs);
    } finally {
      this.#isOutermost = false;
    }
  }

  /** This layer as graphs and plans see it. */
  get #module(): Module {
    return this as unknown as Module;
  }

  #refuseBackward(): never {
    checkMethod(this, "compute");
    // No forward of this class has ever run.
    const isOther = this.#runs?.isEmpty !== false && this.forward !== Layer.prototype.forward;
    const cause = isOther
      ? `forward overridden instead of ${"compose" in this ? "compose" : "compute"}`
      : `backward called twice, before forward, or after ${MAX_WAITING} newer forwards (after 1 in eval mode, or that followed a backward)`;
    throw new StateError(
      `${this.name}.backward expects a forward before it, but none waits for its backward. Usual cause: ${cause}.`,
    );
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Layer";
  }

  /**
   * As torch's `repr`: the class, the arguments and the options that are not at their defaults, the children.
   * `console.log` in Node prints it.
   * @example String(new Sequential(new Conv2d(1, 6, 5), new ReLU()));
   * // Sequential(
   * //   (0): Conv2d(1, 6, kernelSize=5, stride=1)
   * //   (1): ReLU()
   * // )
   */
  override toString(): string {
    return this.ownSelf.#print("\n", []);
  }

  /** What {@link toString} shows in parentheses. A layer of your own may have something to show there. */
  protected extraRepr(): string {
    return "";
  }

  /** The layer's work: reads `x`, keeps what backward needs in a {@link Cache}, returns the output. Never writes to `x`. */
  protected abstract compute(x: Tensor): Tensor;

  /**
   * The adjoint of {@link compute}: adds to `parameter.grad`, returns the gradient of the input
   * (which may be omitted when `inputGradient` is false). Never writes to `dy`.
   */
  protected abstract computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined;

  /**
   * The shape of the output for an input of this shape; the rule that the compiler knows too.
   * @throws ShapeError when the input does not fit, with the sentence that `forward` would throw; StateError for a layer
   *   without `inferShape`, alone or in the model.
   */
  outputShape(inputShape: Shape): number[] {
    checkExtents(`${this.name}.outputShape`, inputShape);
    const observed = engine().observer?.(this.ownSelf, [inputShape]);
    const output = this.ownSelf.inferShape(inputShape);
    observed?.(output);
    return output;
  }

  /**
   * The shape rule, from which `forward` knows before it runs that everything fits. A layer of your own may leave it
   * out, as it must where the output's size depends on the data: shapes are then unknown from there on.
   */
  protected inferShape(_inputShape: Shape): number[] {
    throw new UnknownShape(
      `${this.name}.outputShape expects a method inferShape, but has none. Usual cause: a shape that only compute can tell.`,
    );
  }

  /** Multiply-adds of one forward of an input of this shape, children not included. 0 where nothing is multiplied. */
  multiplyAdds(_inputShape: Shape): number {
    return 0;
  }

  /** Child layers, each once, in the order of the fields. */
  children(): Layer[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** Child layers and the first key of each, in the order of the fields: `[["conv1", Conv2d], …]`. */
  namedChildren(): [key: string, child: Layer][] {
    const seen = new Set<Layer>();
    return this.ownLayers().filter(([, child]) => !seen.has(child) && seen.add(child));
  }

  /** This layer and every layer below it, each once, parents first; those that a `Composite` makes in `compose` as well. */
  modules(): Layer[] {
    const all = new Set<Layer>();
    const visit = (layer: Layer) => {
      if (all.has(layer)) return;
      all.add(layer);
      for (const part of layer.parts()) visit(part);
    };
    visit(this.ownSelf as unknown as Layer);
    return [...all];
  }

  /** This layer, under the key `""`, and every layer in fields below it by its first key: `[["", Net], ["stem.0", Conv2d], …]`. */
  namedModules(): [key: string, layer: Layer][] {
    const keys = new Map<Layer, string>();
    const visit = (layer: Layer, key: string) => {
      if (keys.has(layer)) return;
      keys.set(layer, key);
      for (const [name, child] of layer.ownLayers()) visit(child, key === "" ? name : `${key}.${name}`);
    };
    visit(this.ownSelf as unknown as Layer, "");
    return [...keys].map(([layer, key]) => [key, layer]);
  }

  /**
   * Child layers and their keys: the fields that they are in. One in two fields has two keys.
   * @internal
   */
  ownLayers(): [key: string, child: Layer][] {
    return membersOf(this, Layer);
  }

  /** Parameters and buffers of this layer, children not included, and their keys: the fields that they are in. */
  protected ownState(): [key: string, state: Parameter | StateBuffer][] {
    return membersOf(this, State) as [string, Parameter | StateBuffer][];
  }

  /** The layers that this one may run: its children; a `Composite` has what it makes in `compose` as well. */
  protected parts(): Layer[] {
    return this.children();
  }

  // ── What plans ask of a layer ──

  /**
   * What passes over plans may do with it.
   * @internal
   */
  get traits(): Traits {
    return NO_TRAITS;
  }

  /**
   * The graph that it composes; undefined for a layer that computes by itself.
   * @internal
   */
  composed(_inputs: number): Composition | undefined {
    return undefined;
  }

  /**
   * What its outermost calls run.
   * @internal
   */
  program(inputs: number): Program {
    return leafProgram(this.#module, inputs);
  }

  /** @internal */
  get checksShapes(): boolean {
    return false;
  }

  /** @internal */
  checkShapes([inputShape = []]: readonly Shape[]): void {
    this.inferShape(inputShape);
  }

  /**
   * Refuses an input that the next forward cannot take, although its shape is one that the layer may have.
   * @internal
   */
  checkInput(_inputShape: Shape): void {}

  /**
   * Outputs in the form in which they are returned, for this many inputs.
   * @internal
   */
  assemble<T>(outputs: readonly T[], _inputs: number): unknown {
    return outputs[0];
  }

  /**
   * The gradients of the outputs, of what `backward` was given.
   * @internal
   */
  gradients(who: string, dy: unknown): readonly (Tensor | undefined)[] {
    checkTensor(who, dy);
    return [dy];
  }

  /**
   * A call by a layer of one's own.
   * @internal
   */
  call([x, ...more]: readonly Tensor[]): readonly Tensor[] {
    if (more.length > 0) throw severalInputs(this.name, more.length + 1);
    return [this.#compute(x as Tensor)];
  }

  /** @internal */
  callBackward([dy]: readonly (Tensor | undefined)[], inputGradient: boolean): readonly (Tensor | undefined)[] {
    return [this.#computeBackward(dy as Tensor, inputGradient)];
  }

  /**
   * `compute`, and what the plan asks for besides.
   * @internal
   */
  run(x: Tensor, _how: How): Tensor {
    if (!this.overridesForward) return this.#compute(x);
    const entries = this.#entries;
    const y: unknown = this.forward(x as never, ...([] as never));
    if (this.#entries > entries) return y as Tensor;
    throw new StateError(
      `${this.name} overrides forward, so what it computes would have no backward. Usual cause: forward overridden instead of ${"compose" in this ? "compose" : "compute"}.`,
    );
  }

  /**
   * Whether plans have to call a `forward` that its class overrides; where that is the outermost one, it has been.
   * @internal
   */
  protected get overridesForward(): boolean {
    return this.forward !== Layer.prototype.forward && !this.#isOutermost;
  }

  #compute(x: Tensor): Tensor {
    checkMethod(this, "compute");
    const y = this.compute(x);
    checkTensor(`${this.name}.forward`, y, "compute to return a Tensor");
    return y;
  }

  /** @internal */
  runBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    if (this.overridesForward) return this.backward(dy as never, { inputGradient }) as Tensor | undefined;
    return this.#computeBackward(dy, inputGradient);
  }

  #computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    checkMethod(this, "computeBackward");
    return this.computeBackward(dy, inputGradient);
  }

  /** Every parameter of this layer and its children, each once. */
  parameters(): Parameter[] {
    return [...this.ownSelf.states()].filter((state) => state instanceof Parameter);
  }

  /** Every parameter with its full key: `[["0.weight", Parameter], …]`. */
  namedParameters(): [key: string, parameter: Parameter][] {
    return this.ownSelf.#named().filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
  }

  /** Copies of all parameters and buffers by torch's key names. */
  stateDict(): StateDict {
    return Object.fromEntries(this.ownSelf.#named().map(([key, { value }]) => [key, value.clone()]));
  }

  /**
   * The state dict, for `JSON.stringify`; `tensor` makes a tensor of each entry again, to the same bits. Large models are
   * better written by `writeSafetensors`.
   * @example
   * const state = JSON.parse(JSON.stringify(model));
   * model.loadStateDict(Object.fromEntries(Object.keys(state).map((key) => [key, tensor(state[key])])));
   */
  toJSON(): StateDict {
    return this.stateDict();
  }

  /**
   * Copies the tensors of `state` into this layer's parameters and buffers. All keys and shapes are checked first:
   * a call that throws has changed nothing.
   * @throws StateError that lists missing and unexpected keys, ShapeError for the first wrong shape.
   */
  loadStateDict(state: StateDict, options: LoadStateDictOptions = {}): void {
    const who = `${this.name}.loadStateDict`;
    const { strict } = readOptions(who, options, { strict: true });
    if (!isPlainObject(state)) {
      const isFile =
        typeof state === "string" || ArrayBuffer.isView(state) || (state as unknown) instanceof ArrayBuffer;
      refuse(
        who,
        "its state",
        "an object of tensors",
        state,
        isFile ? "a file, which readSafetensors reads" : NO_RECORD,
      );
    }
    const own = new Map(this.ownSelf.#named());
    // Files from before torch 0.4.1 have no counters, and torch loads them.
    const missing = [...own.keys()].filter((key) => !Object.hasOwn(state, key) && !/\bnum_batches_tracked$/.test(key));
    const unexpected = Object.keys(state).filter((key) => !own.has(key));
    const lists = Object.entries({ missing, unexpected }).filter(([, keys]) => keys.length > 0);
    if (strict && lists.length > 0) {
      const more = prefixOf(unexpected, [...own.keys()]);
      const less = prefixOf(missing, Object.keys(state));
      const cause = more
        ? `keys with the prefix "${more}"`
        : less
          ? `keys without the prefix "${less}"`
          : 'a file of another architecture, or keys with a prefix such as "module."';
      throw new StateError(
        `${who} expects exactly the keys of this model, but got ${lists.map(([what, keys]) => `${what}: ${listed(keys)}`).join("; ")}. Usual cause: ${cause}.`,
      );
    }
    const entries = [...own].filter(([key]) => Object.hasOwn(state, key));
    for (const [key, { value }] of entries) {
      checkTensor(who, state[key], `${key} to be a Tensor`);
      const got = state[key].shape;
      if (!sameShape(value.shape, got)) {
        throw new ShapeError(
          `${who} expects ${key} to have the shape ${showShape(value.shape)}, but got ${showShape(got)}. Usual cause: another number of classes or channels.`,
        );
      }
      // Either may have lost its memory.
      for (const tensor of [value, state[key]]) tensor.view();
    }
    for (const [key, { value }] of entries) {
      const saved = state[key];
      if (saved) value.view().set(saved.view());
    }
  }

  /** Sets every gradient to zero. Optimizers add nothing of their own: call it before each backward. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.zeroGrad();
  }

  /** Puts this layer and its children in train mode, the frozen ones among them excepted. */
  train(): this {
    return this.ownSelf.#setTraining(true);
  }

  /** Puts this layer and its children in eval mode: dropout passes through, batch norm uses its running statistics. */
  eval(): this {
    return this.ownSelf.#setTraining(false);
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
    return this.ownSelf.#setFrozen(true);
  }

  /** Takes `freeze()` back: every parameter of this layer and its children learns, and they follow the next `train()`. */
  unfreeze(): this {
    return this.ownSelf.#setFrozen(false);
  }

  /** Converts all parameters and buffers to this precision; gradients are dropped. */
  to(dtype: DType): this {
    for (const [, tensor] of this.ownSelf.#named()) tensor.to(dtype);
    return this;
  }

  #setTraining(training: boolean): this {
    for (const layer of this.modules()) layer.training = training && !layer.#frozen;
    return this;
  }

  #setFrozen(frozen: boolean): this {
    for (const layer of this.modules()) {
      layer.#frozen = frozen;
      if (frozen) layer.training = false;
    }
    for (const parameter of this.parameters()) parameter.requiresGrad = !frozen;
    return this;
  }

  /** This layer and those below it, line by line. One that is a child of its own child is not visited again. */
  #print(newline: string, above: readonly unknown[]): string {
    const children = above.includes(this) ? [] : this.ownLayers();
    let text = `${this.name}(${this.extraRepr()}`;
    for (const [key, child] of children) {
      text += `${newline}  (${key}): ${child.#print(`${newline}  `, [...above, this])}`;
    }
    return `${text}${children.length > 0 ? newline : ""})`;
  }

  /** Every parameter and buffer, under each of its keys. */
  #named(
    prefix = "",
    above: readonly Layer[] = [],
    named: [string, Parameter | StateBuffer][] = [],
  ): [string, Parameter | StateBuffer][] {
    const path = [...above, this as unknown as Layer];
    for (const [key, state] of this.ownState()) named.push([prefix + key, state]);
    for (const [key, child] of this.ownLayers()) {
      // A child may know its parent.
      if (!path.includes(child)) child.#named(`${prefix}${key}.`, path, named);
    }
    return named;
  }

  /**
   * Every parameter and buffer, each once.
   * @internal
   */
  states(): Set<Parameter | StateBuffer> {
    return new Set(this.#named().map(([, state]) => state));
  }

  /** Looks up parameters and buffers that are used for the first time. */
  #claim(): (state: object) => true {
    let own: Set<object> | undefined;
    return (state) => {
      own ??= this.states();
      if (own.has(state)) return true;
      throw hidden((engine().running ?? this) as { readonly name: string }, `${kindOf(state)}`);
    };
  }

  /** One call by a layer of one's own. */
  #call(xs: readonly Tensor[]): unknown {
    const state = engine();
    const parent = state.running as Layer | undefined;
    if (parent) parent.#adopt(this as unknown as Layer);
    state.running = this;
    this.#entries++;
    try {
      const ys = this.call(xs);
      this.#calls.push({ xs: xs.map((x) => x.shape), ys: ys.map((y) => y.shape) });
      return this.assemble(ys, xs.length);
    } catch (error) {
      throw explained(this.name, error);
    } finally {
      state.running = parent;
    }
  }

  #callBackward(dys: readonly (Tensor | undefined)[], inputGradient: boolean): readonly (Tensor | undefined)[] {
    const { xs, ys } = this.#calls.peek(this.name);
    checkGradients(this.name, dys, ys);
    this.#calls.pop(this.name);
    try {
      const dxs = this.callBackward(dys, inputGradient);
      return inputGradient ? xs.map((x, i) => checkedGradient(this.name, dxs[i], x)) : dxs;
    } catch (error) {
      throw explained(this.name, error);
    }
  }

  /** Refuses a child that is in none of its parent's fields: its weights would neither train nor be saved. */
  #adopt(child: Layer): void {
    this.#adopted ??= new WeakSet();
    if (this.#adopted.has(child)) return;
    if (!this.parts().includes(child)) {
      throw hidden(this, child.name);
    }
    this.#adopted.add(child);
  }
}

/**
 * Any network: a layer, or a composite of several inputs or outputs, whose calls are not those of every layer. It is what
 * `fit`, `summary` and their like take.
 */
// biome-ignore lint/suspicious/noExplicitAny: a rule that the compiler does not check
export type Network = Layer<any>;

function hidden({ name }: { readonly name: string }, what: string): StateError {
  return new StateError(
    `${name} uses a ${what} that is in none of its fields, so it would neither train nor be saved. Usual cause: a #private field, Map or variable instead of a public field, or forward overridden instead of compute.`,
  );
}

/** By its tag: a program of layers that are not composed holds no values. */
function isValue(x: unknown): x is BareValue {
  return x instanceof Branded && kindOf(x) === "Value";
}

/**
 * The layers in an object's fields, or the parameters and buffers, and in arrays and plain objects there, however deep, by
 * their keys: `weight`, `blocks.0`, `heads.small.1`.
 */
export function membersOf<Kind extends typeof Layer | typeof State>(
  holder: object,
  Wanted: Kind,
  prefix = "",
  path: readonly object[] = [],
): [key: string, member: Kind["prototype"]][] {
  const found: ReturnType<typeof membersOf<Kind>> = [];
  // Every forward asks for all layers: nothing is made here of fields that are something else.
  for (const key of Object.keys(holder)) {
    const value = (holder as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== "object" || value === null) continue;
    if (value instanceof Layer || value instanceof State) {
      if (!(value instanceof Wanted)) continue;
      if (key.includes(".")) {
        throw new ArgumentError(
          `The field ${prefix}${key} expects a name without a dot, which separates the fields of a key. Usual cause: a whole key used as a name.`,
        );
      }
      found.push([prefix + key, value.ownSelf]);
    } else if (isList(value) && !path.includes(value)) {
      found.push(...membersOf(value, Wanted, `${prefix}${key}.`, [...path, value]));
    } else refuseForeign(`The field ${prefix}${key}`, value);
  }
  return found;
}

/** What has to be put before some of `keys` to give every one of `prefixed`; undefined where nothing does. */
function prefixOf([first = "", ...rest]: readonly string[], keys: readonly string[]): string | undefined {
  const known = new Set(keys);
  return keys
    .map((key) => (first.endsWith(key) ? first.slice(0, -key.length) : ""))
    .find((prefix) => prefix && rest.every((key) => key.startsWith(prefix) && known.has(key.slice(prefix.length))));
}

/** Whether the layer itself, without its children, has something to save. */
export function hasState(layer: Layer): boolean {
  return membersOf(layer, State).length > 0;
}

/** @throws ArgumentError unless a value that should be a layer is one. */
export function checkLayer(who: string, value: unknown): asserts value is Layer {
  if (value instanceof Layer) return;
  refuseForeign(who.replace(/ .*/, ""), value);
  const kind = kindOf(value);
  const cause =
    kind === "Tensor"
      ? "a tensor computed where layers are put together"
      : kind === "Loss"
        ? "a loss, which takes what the model returns"
        : typeof value === "function" || Array.isArray(value)
          ? 'a missing "new", or a list that needs "..." before it'
          : "a missing return, or another argument in its place";
  throw new ArgumentError(`${who} to be a layer, but got ${show(value)}. Usual cause: ${cause}.`);
}

/** @throws ArgumentError for a method that plain JavaScript let its class leave out. */
export function checkMethod(of: object, method: string, instead = "forward or backward"): void {
  const { name, [method]: own } = of as { readonly name: string } & Readonly<Record<string, unknown>>;
  if (typeof own === "function") return;
  throw new ArgumentError(
    `${name} expects a method ${method}, but has none. Usual cause: ${instead} overridden instead.`,
  );
}
