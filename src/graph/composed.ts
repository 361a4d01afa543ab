/** What layers have in common that are composed of others: they say once how values flow, and a plan runs it. */
import { isPlainObject, refuse } from "../shape/check.js";
import { ArgumentError, StateError } from "../shape/errors.js";
import { checkNamed, type NamedSize } from "../shape/named.js";
import type { ShapeRule } from "../shape/rule.js";
import type { Shape } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { engine } from "../tensor/engine.js";
import { checkTensor, type Tensor } from "../tensor/tensor.js";
import { Cache } from "./cache.js";
import { type PlanRun, runBackward, runNested } from "./execute.js";
import { checkMethod, hasState, Layer } from "./layer.js";
import type { Composition, Module, Program } from "./module.js";
import { otherInputs, sameChildren } from "./plan.js";
import { Planned } from "./planned.js";
import { BareValue, Recording } from "./recording.js";
import { shapesOf } from "./shapes.js";

type Children = Parameters<typeof sameChildren>[0];

/** A graph, and the children when it was recorded: fields may be exchanged. */
interface Recorded {
  readonly graph: Composition;
  readonly children: readonly (readonly [string, Layer])[];
  /** The layers that it calls. */
  readonly called: readonly Layer[];
}

export abstract class Composed<Rule extends ShapeRule = ShapeRule> extends Layer<Rule> {
  /** By the number of inputs. */
  readonly #recorded = new Map<number, Recorded>();
  /** What runs inside of a layer that computes by itself, and what tells the output's shape. */
  #nestedPlans: Planned | undefined;
  readonly #traces = new Cache<PlanRun>();
  #isComposing = false;

  override get training(): boolean {
    if (this.ownSelf.#isComposing) {
      throw new StateError(
        `${this.name} reads training in compose, which runs once for both modes. Usual cause: a branch for one mode; use a layer that does nothing in the other, such as Dropout.`,
      );
    }
    return super.training;
  }

  override set training(training: boolean) {
    super.training = training;
  }

  /** How the values that go in become those that come out. It runs once, on values that have no numbers. */
  abstract compose(...inputs: readonly never[]): unknown;

  /** A value that stands for an input. */
  protected input(recording: Recording, number: number): BareValue {
    return new BareValue(recording, number);
  }

  protected override parts(): Layer[] {
    const { ownSelf: own } = this;
    if (own.#recorded.size === 0) own.#recordAhead();
    const parts = new Set(super.parts());
    for (const { called } of own.#recorded.values()) for (const layer of called) parts.add(layer);
    return [...parts];
  }

  /** @internal */
  override composed(inputs: number): Composition | undefined {
    const { ownSelf: own } = this;
    return own.#computesAsComposed && !own.overridesForward ? own.#graph(inputs) : undefined;
  }

  /** @internal */
  override program(inputs: number): Program {
    const graph = this.composed(inputs);
    return graph ? new Planned(this as unknown as Module, inputs, graph) : super.program(inputs);
  }

  /**
   * The shapes that are written down for its inputs, in which names are any size, equal names the same one.
   * @internal
   */
  protected get pattern(): readonly (readonly NamedSize[])[] | undefined {
    return undefined;
  }

  /** @internal */
  override get checksShapes(): boolean {
    return this.pattern !== undefined || this.ownSelf.#infersShape;
  }

  /** @internal */
  override checkShapes(inputs: readonly Shape[]): void {
    if (this.pattern) checkNamed(this.name, this.pattern, inputs);
    if (this.ownSelf.#infersShape) super.checkShapes(inputs);
  }

  /** A class of one's own may have something to say about shapes. */
  get #infersShape(): boolean {
    return this.inferShape !== Composed.prototype.inferShape;
  }

  protected compute(x: Tensor): Tensor {
    return this.ownSelf.#nested([x])[0] as Tensor;
  }

  protected computeBackward(dy: Tensor, inputGradient: boolean): Tensor | undefined {
    return this.ownSelf.#nestedBackward([dy], inputGradient)[0];
  }

  /** @internal */
  override call(xs: readonly Tensor[]): readonly Tensor[] {
    return this.#computesAsComposed ? this.#nested(xs) : super.call(xs);
  }

  /** @internal */
  override callBackward(dys: readonly (Tensor | undefined)[], inputGradient: boolean): readonly (Tensor | undefined)[] {
    return this.#computesAsComposed ? this.#nestedBackward(dys, inputGradient) : super.callBackward(dys, inputGradient);
  }

  protected override inferShape(inputShape: Shape): number[] {
    const { ownSelf: own } = this;
    if (own.pattern) checkNamed(own.name, own.pattern, [inputShape]);
    const { flat } = own.#plans(1);
    const { shapes, unknown } = shapesOf(flat, [inputShape], false, own as unknown as Module);
    const shape = shapes[flat.outputs[0] ?? 0];
    if (!shape) throw unknown;
    return [...shape];
  }

  /** @internal */
  override assemble<T>(outputs: readonly T[], inputs: number): unknown {
    const { ownSelf: own } = this;
    const graph = own.#computesAsComposed ? own.#recorded.get(inputs)?.graph : undefined;
    if (graph?.names) return Object.fromEntries(graph.names.map((name, i) => [name, outputs[i]]));
    return graph?.isList ? outputs : outputs[0];
  }

  /** @internal */
  override gradients(who: string, dy: unknown): readonly (Tensor | undefined)[] {
    const composition = [...this.#recorded.values()].at(-1)?.graph;
    const { names, isList } = composition ?? {};
    if (!names && !isList) return super.gradients(who, dy);
    const expected = names
      ? `an object of gradients by name: ${names.join(", ")}`
      : `a list of gradients, one of each output`;
    const unknown = names && isPlainObject(dy) ? Object.keys(dy).find((name) => !names.includes(name)) : undefined;
    if (names ? !isPlainObject(dy) || unknown !== undefined : !Array.isArray(dy)) {
      refuse(who, "", expected, unknown ?? dy, "a gradient of one output alone, or another output's name");
    }
    const dys = names
      ? names.map((name) => (dy as Readonly<Record<string, unknown>>)[name])
      : (dy as readonly unknown[]);
    for (const each of dys) if (each !== undefined) checkTensor(who, each);
    if (dys.length === composition?.outputs.length && dys.some(Boolean)) return dys as readonly (Tensor | undefined)[];
    return refuse(who, "", expected, dys.length === 0 ? [] : dy, "gradients of none of the outputs, or too few");
  }

  /** A class of one's own may compute otherwise. */
  get #computesAsComposed(): boolean {
    const { compute, computeBackward } = Composed.prototype;
    return this.compute === compute && this.computeBackward === computeBackward;
  }

  /** A run inside of a layer that computes by itself. */
  #nested(xs: readonly Tensor[]): readonly Tensor[] {
    const { trace, outputs } = runNested(this.#plans(xs.length).plan(engine().caching), xs);
    this.#traces.push(trace);
    return outputs;
  }

  #plans(inputs: number): Planned {
    if (!this.#nestedPlans?.isCurrent(inputs)) {
      this.#nestedPlans = new Planned(this as unknown as Module, inputs, this.#graph(inputs));
    }
    return this.#nestedPlans;
  }

  #nestedBackward(dys: readonly (Tensor | undefined)[], inputGradient: boolean): readonly (Tensor | undefined)[] {
    return runBackward(this.#traces.pop(this.name), dys, inputGradient);
  }

  /** How many inputs there are, as far as that can be seen before a call: some may be optional. */
  protected get arity(): number {
    return Math.max(1, this.compose?.length ?? 1);
  }

  /** For whoever asks for the parts before any call. A compose that fails says so when it is called. */
  #recordAhead(): void {
    try {
      this.#graph(this.arity);
    } catch {
      // An optional input may be missing, or a field that is set later.
    }
  }

  #graph(inputs: number): Composition {
    const children = this.ownLayers();
    const known = this.#recorded.get(inputs);
    if (known && sameChildren(known.children as Children, children as Children)) return known.graph;
    const graph = this.#record(inputs);
    const called = graph.calls.flatMap(({ module }) => module ?? []) as unknown as readonly Layer[];
    const recorded = { graph, children, called };
    this.#recorded.set(inputs, recorded);
    try {
      this.#check(graph);
    } catch (error) {
      this.#recorded.delete(inputs);
      throw error;
    }
    return graph;
  }

  #record(inputs: number): Composition {
    checkMethod(this, "compose");
    if (this.#isComposing) {
      throw new StateError(
        `${this.name} is composed of itself. Usual cause: this.of(x) in its own compose, or a layer that contains it.`,
      );
    }
    const recording = new Recording(this.name);
    const numbers = recording.number(inputs);
    this.#isComposing = true;
    let result: unknown;
    try {
      result = this.compose(...(numbers.map((number) => this.input(recording, number)) as never[]));
    } catch (error) {
      const isMissing = inputs < this.arity && (error instanceof TypeError || error instanceof ArgumentError);
      throw isMissing ? otherInputs(this.name, this.arity, inputs) : error;
    } finally {
      this.#isComposing = false;
      recording.isOpen = false;
    }
    const names = isPlainObject(result) ? Object.keys(result) : undefined;
    const isList = Array.isArray(result);
    const returned: readonly unknown[] = isList
      ? (result as unknown[])
      : names
        ? Object.values(result as object)
        : [result];
    const outputs = returned.map((value) => {
      if (value instanceof BareValue) return value.numberIn(recording);
      throw this.#refuse(value);
    });
    if (outputs.length === 0) throw this.#refuse(result);
    const { calls, values } = recording;
    return { inputs, calls, values, outputs, names, isList };
  }

  /** What `compose` returned instead of a value. */
  #refuse(value: unknown): ArgumentError {
    const cause =
      value === undefined
        ? "a missing return"
        : value instanceof Layer
          ? "the layer itself instead of layer.of(x) or x.through(layer)"
          : value instanceof Promise
            ? "an async compose"
            : "compose instead of compute";
    return new ArgumentError(
      `${this.name} expects compose to return a value, a list of values or an object of values, but got ${show(value)}. Usual cause: ${cause}.`,
    );
  }

  /** @throws StateError for weights that would neither train nor be saved, and for a call whose result nothing reads. */
  #check({ inputs, calls, outputs }: Composition): void {
    const named = new Set<Layer>(super.parts().flatMap((child) => child.modules()));
    const called = calls.flatMap(({ module }) => (module ? (module as unknown as Layer).modules() : []));
    const stranger = called.find((layer) => !named.has(layer) && hasState(layer));
    if (stranger) {
      throw new StateError(
        `${this.name} is composed of a ${stranger.name} that is in none of its fields, so its weights would neither train nor be saved. Usual cause: a layer made inside compose(), or kept in a #private field or a Map; keep it in a public field.`,
      );
    }
    const read = new Set([...outputs, ...calls.flatMap(({ inputs }) => inputs)]);
    // A JavaScript function takes any number of arguments; one with a list of them has the length 0.
    const { length } = this.compose;
    if (length > 0 && inputs > length && !read.has(inputs - 1)) throw otherInputs(this.name, length, inputs);
    const unread = calls.find((call) => !call.outputs.some((value) => read.has(value)));
    if (unread) {
      throw new StateError(
        `${this.name} is composed of a call of ${unread.module?.name ?? unread.operation?.name} whose result nothing reads. Usual cause: a value that compose forgot to return, or to use.`,
      );
    }
    // What is in no field follows no train() or eval() that came before.
    for (const layer of called) if (!named.has(layer)) layer.training = this.training;
  }
}
