/** How a network is written down while `compose` runs: values that say where they come from, and the calls between them. */
import { Branded } from "../shape/brand.js";
import { StateError } from "../shape/errors.js";
import type { Module, Node, Operation } from "./module.js";

/** What one `compose` has said so far. */
export class Recording {
  readonly calls: Node[] = [];
  /** How many values there are. */
  values = 0;
  isOpen = true;

  /** @param owner the name of the layer that composes */
  constructor(readonly owner: string) {}

  /** Numbers for this many new values. */
  number(count: number): number[] {
    return Array.from({ length: count }, () => this.values++);
  }
}

/** A value without the operations on it: all that containers of layers need, which programs without others bundle. */
export class BareValue extends Branded {
  readonly #recording: Recording;
  readonly #number: number;

  /** @internal */
  constructor(recording: Recording, number: number) {
    super();
    this.#recording = recording;
    this.#number = number;
  }

  override get [Symbol.toStringTag](): string {
    return "faltung.Value";
  }

  /**
   * The value's number in a recording.
   * @internal
   * @throws StateError in another one, or when `compose` has returned.
   */
  numberIn(recording: Recording): number {
    const { ownSelf: own } = this;
    const known = own.#recording;
    if (known !== recording) {
      throw new StateError(
        `${recording.owner} is composed with a value of ${known.owner}. Usual cause: a value kept in a field or variable; each compose gets values of its own.`,
      );
    }
    return own.#number;
  }

  /**
   * The recording, for a call that reads this value.
   * @internal
   */
  get recording(): Recording {
    const { ownSelf: own } = this;
    if (!own.#recording.isOpen) {
      throw new StateError(
        `A value of ${own.#recording.owner} was used after its compose had returned. Usual cause: a value kept in a field, or an await in compose.`,
      );
    }
    return own.#recording;
  }

  /**
   * What a layer gives of these values, the first of which this one is: a value, or several as its `compose` returns them.
   * @internal
   */
  record(module: Module, values: readonly BareValue[]): unknown {
    const { ownSelf } = module;
    const graph = ownSelf.composed(values.length);
    return ownSelf.assemble(recordCall({ module: ownSelf }, values, graph?.outputs.length ?? 1), values.length);
  }

  /**
   * What an operation without inputs gives.
   * @internal
   */
  source(operation: Operation): this {
    const { recording } = this;
    const outputs = recording.number(1);
    recording.calls.push({ operation, inputs: [], outputs });
    return this.another(outputs[0] as number);
  }

  /**
   * Another value of the same recording.
   * @internal
   */
  another(number: number): this {
    const { ownSelf: own } = this;
    return new (own.constructor as new (recording: Recording, number: number) => this)(own.#recording, number);
  }
}

/** Records a call that gives `count` values. */
function recordCall<V extends BareValue>(
  call: { readonly module: Module } | { readonly operation: Operation },
  values: readonly V[],
  count: number,
): V[] {
  const [first] = values as readonly [V];
  const { recording } = first;
  const inputs = values.map((value) => value.numberIn(recording));
  const outputs = recording.number(count);
  recording.calls.push({ ...call, inputs, outputs });
  return outputs.map((number) => first.another(number));
}

/** What an operation that gives one value gives. */
export function recordOperation<V extends BareValue>(operation: Operation, ...values: readonly V[]): V {
  return recordCall({ operation }, values, 1)[0] as V;
}

/** What an operation that gives several values gives. */
export function recordOperations<V extends BareValue>(
  operation: Operation,
  count: number,
  ...values: readonly V[]
): V[] {
  return recordCall({ operation }, values, count);
}

/** What a layer gives that has one output. */
export function recordLayer<V extends BareValue>(layer: object, value: V): V {
  return (layer as { of(value: V): V }).of(value);
}
