/** The wrong graphs of docs/graphs.md, each under the name that the page gives it; test/docs/graphs.test.ts runs them. */
import { Composite, Conv2d, Dropout, graph, Linear, ReLU, randn, type Value } from "faltung";
import { DataLoader, Dataset } from "faltung/data";
import { Adam, CrossEntropyLoss, fit } from "faltung/train";

const x = () => randn([2, 8, 5, 5]);

/** Calls a network that the compiler would refuse, or that is only wrong at run time. */
function run(net: object, ...inputs: readonly unknown[]): unknown {
  return (net as { forward(...inputs: readonly unknown[]): unknown }).forward(...inputs);
}

/** A network of one layer whose `compose` is this. */
function composed(compose: (this: Net, x: Value) => unknown): Net {
  const net = new Net();
  net.compose = compose as never;
  return net;
}

class Net extends Composite {
  conv = new Conv2d(8, 8, 1);
  compose(x: Value): Value {
    return x.through(this.conv);
  }
}

class Sum extends Composite {
  compose(a: Value, b: Value): Value {
    return a.add(b);
  }
}

class Heads extends Composite {
  a = new Conv2d(8, 2, 1);
  b = new Conv2d(8, 3, 1);
  compose(x: Value) {
    return { a: this.a.of(x) as Value, b: this.b.of(x) as Value };
  }
}

/** A value that was kept after its `compose`. */
function kept(): Value {
  let value: unknown;
  const other = graph(["N", 8, 5, 5], {}, (_, x) => {
    value = x;
    return x.relu();
  });
  run(other, x());
  return value as Value;
}

async function fitHeads(loss: unknown): Promise<unknown> {
  const net = new Heads();
  const loader = new DataLoader(new Dataset(randn([2, 8, 1, 1]), [0, 1]));
  return fit(net, loader, { loss: loss as never, optimizer: new Adam(net.parameters()) });
}

export const MISTAKES: Readonly<Record<string, () => unknown>> = {
  "a value of another graph": () =>
    run(
      composed((value) => value.add(kept())),
      x(),
    ),
  "a value that is used after `compose` has returned": () => kept().add(1),
  "a layer in no field": () =>
    run(
      composed((value) => value.through(new Conv2d(8, 8, 1))),
      x(),
    ),
  "a call that no output depends on": () =>
    run(
      composed(function (value) {
        this.conv.of(value as never);
        return value.relu();
      }),
      x(),
    ),
  "`compose` that returns nothing": () =>
    run(
      composed(() => undefined),
      x(),
    ),
  "`compose` that returns a layer": () =>
    run(
      composed(function () {
        return this.conv;
      }),
      x(),
    ),
  "an async `compose`": () =>
    run(
      composed(async (value) => value),
      x(),
    ),
  "a network in itself": () =>
    run(
      composed(function (value) {
        return this.of(value as never);
      }),
      x(),
    ),
  "a branch for train mode": () =>
    run(
      composed(function (value) {
        return this.training ? value.through(new Dropout()) : value;
      }),
      x(),
    ),
  "`forward` in `compose`": () =>
    run(
      composed(function (value) {
        return this.conv.forward(value as never);
      }),
      x(),
    ),
  "a tensor as an operand": () =>
    run(
      composed((value) => value.add(x() as never)),
      x(),
    ),
  "a list without `...`": () =>
    run(
      composed((value) => value.through([new ReLU()] as never)),
      x(),
    ),
  "shapes that do not broadcast": () => run(new Sum(), x(), randn([2, 3, 5, 5])),
  "layers that do not fit": () =>
    run(
      graph(["N", 8, "H", "W"], { a: new Conv2d(8, 4, 1), b: new Conv2d(8, 4, 1) }, ({ a, b }, value) =>
        (value as Value).through(a, b as never),
      ),
      x(),
    ),
  "`forward` with a missing input": () => run(new Sum(), x()),
  "inputs in a list": () => run(new Sum(), [x(), x()]),
  "inputs in another order": () =>
    run(
      graph(
        [
          ["N", 2],
          ["N", 3],
        ],
        {},
        (_, a, b) => a.concat([b]),
      ),
      randn([4, 3]),
      randn([4, 2]),
    ),
  "`forward` with an input too many": () => run(new Sum(), x(), x(), x()),
  "two inputs for a layer that takes one": () => run(new Linear(5, 5), x(), x()),
  "one name for two sizes": () =>
    run(
      graph(
        [
          ["N", "H"],
          ["N", "H"],
        ],
        {},
        (_, a, b) => a.add(b),
      ),
      randn([2, 3]),
      randn([2, 4]),
    ),
  "an input of another shape": () =>
    run(
      graph(["N", 3], {}, (_, a) => a.relu()),
      randn([2, 4]),
    ),
  "gradients of none of the outputs": () => {
    const heads = new Heads();
    run(heads, x());
    return heads.backward({} as never);
  },
  "a gradient of an output that there is not": () => {
    const heads = new Heads();
    run(heads, x());
    return heads.backward({ c: x() } as never);
  },
  "one loss for several outputs": () => fitHeads(new CrossEntropyLoss()),
  "a loss of an output that there is not": () => fitHeads({ c: new CrossEntropyLoss() }),
};

/** The row of the page's table: the mistake, and what it throws. */
export async function row(mistake: string): Promise<string> {
  let result: unknown;
  try {
    result = await MISTAKES[mistake]?.();
  } catch (error) {
    return `| ${mistake} | ${(error as Error).name}: ${(error as Error).message} |`;
  }
  throw new Error(`${mistake} throws nothing, but gives ${result}`);
}
